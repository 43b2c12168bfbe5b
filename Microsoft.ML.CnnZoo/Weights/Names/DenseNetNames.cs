namespace Microsoft.ML.CnnZoo.Weights.Names;

/// <summary>torchvision's DenseNets, and their like for CIFAR: names are ours, batch norms without <c>bn</c>.</summary>
/// <param name="isCifar">Whether the network is one for small images.</param>
internal sealed class DenseNetNames(bool isCifar) : TorchNames
{
    /// <inheritdoc/>
    public override string Variable(string variable)
    {
        string name = base.Variable(variable).Replace(".bn.", ".", StringComparison.Ordinal);
        return isCifar || name.StartsWith("classifier", StringComparison.Ordinal) ? name : $"features.{name}";
    }

    /// <inheritdoc/>
    public override string Module(string module)
    {
        string path = module.Replace("features.", "", StringComparison.Ordinal).Replace('.', '/');
        // PyTorch's dense layer returns its new maps; the CIFAR code's layer returns all maps so far.
        return path.Contains("denselayer", StringComparison.Ordinal) ? $"{path}/conv2" : path;
    }
}
