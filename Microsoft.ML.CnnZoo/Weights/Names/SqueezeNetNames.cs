namespace Microsoft.ML.CnnZoo.Weights.Names;

/// <summary>torchvision's SqueezeNet: conv1, ReLU, then fire modules and pools in one numbered sequence.</summary>
/// <param name="pooledBefore">The fire modules that a pool comes before.</param>
internal sealed class SqueezeNetNames(IReadOnlyList<int> pooledBefore) : TorchNames
{
    /// <inheritdoc/>
    public override string Variable(string variable)
    {
        string name = base.Variable(variable);
        int dot = name.IndexOf('.', StringComparison.Ordinal);
        string module = name[..dot] switch
        {
            "conv1" => "features.0",
            "conv10" => "classifier.1",
            string fire => $"features.{FeatureIndex(int.Parse(fire["fire".Length..]))}",
        };
        return $"{module}{name[dot..]}";
    }

    /// <inheritdoc/>
    public override string Module(string module)
    {
        string[] parts = module.Split('.');
        if (parts[0] == "classifier")
            return parts.Length > 1 && parts[1] == "1" ? "conv10/BiasAdd" : "conv10";
        if (parts.Length == 1)
            return "fire9";
        int index = int.Parse(parts[1]);
        if (index < 2)
            return index == 0 ? "conv1/BiasAdd" : "conv1/relu";
        int fire = Enumerable.Range(2, 8).FirstOrDefault(f => FeatureIndex(f) == index);
        if (fire == 0)
            return $"pool{Enumerable.Range(2, 8).First(f => FeatureIndex(f) == index + 1)}";
        return parts.Length > 2 ? $"fire{fire}/{parts[2]}/BiasAdd" : $"fire{fire}";
    }

    private int FeatureIndex(int fire) => fire + pooledBefore.Count(p => p <= fire);
}
