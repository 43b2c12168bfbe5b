namespace Microsoft.ML.CnnZoo.Weights.Names;

/// <summary>
/// The original GoogLeNet, which no library has: our names, with a letter before those that begin with a digit.
/// </summary>
internal sealed class GoogLeNetNames : TorchNames
{
    /// <inheritdoc/>
    public override string Variable(string variable) =>
        base.Variable(variable).Replace(".1x1", ".b1x1", StringComparison.Ordinal)
        .Replace(".3x3", ".b3x3", StringComparison.Ordinal).Replace(".5x5", ".b5x5", StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string Module(string module)
    {
        if (module == "avgpool")
            return "pool5";
        string path = module.Replace(".b", ".", StringComparison.Ordinal).Replace('.', '/');
        bool isConvolution = path is "conv1" or "conv2" or "conv2_reduce"
            || (path.Contains('/', StringComparison.Ordinal) && !path.EndsWith("/pool", StringComparison.Ordinal));
        return isConvolution ? $"{path}/BiasAdd" : path;
    }
}

/// <summary>torchvision's GoogLeNet: branches are numbered.</summary>
internal sealed class GoogLeNetTorchvisionNames : InceptionNames
{
    private static readonly (string Ours, string Torch)[] Branches =
    [
        ("1x1", "branch1"), ("3x3_reduce", "branch2.0"), ("3x3", "branch2.1"), ("5x5_reduce", "branch3.0"),
            ("5x5", "branch3.1"),
        ("pool", "branch4.0"), ("pool_proj", "branch4.1"),
    ];

    /// <inheritdoc/>
    public override string Variable(string variable)
    {
        (string path, string leaf) = Split(variable);
        string[] parts = path.Split('/');
        string module = parts[0] switch
        {
            "conv2_reduce" => "conv2",
            "conv2" => "conv3",
            _ => parts[0].Replace("_", "", StringComparison.Ordinal),
        };
        return parts.Length == 1 ? $"{module}.{leaf}" : $"{module}.{Rename(parts[1], Branches, '.')}.{leaf}";
    }

    /// <inheritdoc/>
    public override string Module(string module)
    {
        string[] parts = module.Split('.', 2);
        string scope = parts[0] switch
        {
            "avgpool" => "pool5",
            "conv2" => "conv2_reduce",
            "conv3" => "conv2",
            _ => parts[0].Replace("maxpool", "pool", StringComparison.Ordinal)
                .Replace("inception", "inception_", StringComparison.Ordinal),
        };
        if (parts.Length == 1)
            return scope;
        string inner = parts[1] is "branch2" or "branch3" or "branch4" ? $"{parts[1]}.1" : parts[1];
        inner = Rename(inner, Branches.Select(l => (l.Torch, l.Ours)), '.');
        return Node($"{scope}/{inner.Replace('.', '/')}",
            unit => !unit.StartsWith("aux", StringComparison.Ordinal)
                || unit.EndsWith("/conv", StringComparison.Ordinal));
    }

    private protected override bool IsPlain(string layer) => layer.Split('/')[^1] is "fc" or "fc1" or "fc2";
}
