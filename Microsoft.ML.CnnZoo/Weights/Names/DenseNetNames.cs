using System.Text.RegularExpressions;

namespace Microsoft.ML.CnnZoo.Weights.Names;

/// <summary>torchvision's DenseNets, and their like for CIFAR: names are ours, batch norms without <c>bn</c>.</summary>
/// <param name="isCifar">Whether the network is one for small images.</param>
/// <param name="isOld">
/// Whether layers are numbered with a dot, <c>denselayer1.norm.1</c>: the files that torchvision offers, which it
/// renames when it loads them.
/// </param>
internal sealed partial class DenseNetNames(bool isCifar, bool isOld = false) : TorchNames
{
    /// <inheritdoc/>
    public override string Variable(string variable)
    {
        string name = base.Variable(variable).Replace(".bn.", ".", StringComparison.Ordinal);
        if (isOld)
            name = Numbered().Replace(name, "$1.$2");
        return isCifar || name.StartsWith("classifier", StringComparison.Ordinal) ? name : $"features.{name}";
    }

    /// <inheritdoc/>
    public override string Module(string module)
    {
        if (module == "features")
            return "norm5";
        string path = module.Replace("features.", "", StringComparison.Ordinal).Replace('.', '/');
        // PyTorch's dense layer returns its new maps; the CIFAR code's layer returns all maps so far.
        return path.Contains("denselayer", StringComparison.Ordinal) ? $"{path}/conv2" : path;
    }

    [GeneratedRegex(@"(?<=denselayer\d+\.)(norm|conv)([12])")]
    private static partial Regex Numbered();
}
