namespace Microsoft.ML.CnnZoo.Weights.Names;

/// <summary>torchvision's AlexNet: two sequences, whose modules are numbered.</summary>
internal sealed class AlexNetNames : TorchNames
{
    private static readonly (string Module, string Node)[] Table =
    [
        ("features.0", "conv1/BiasAdd"), ("features.1", "conv1/relu"), ("features.2", "pool1"),
        ("features.3", "conv2/BiasAdd"), ("features.4", "conv2/relu"), ("features.5", "pool2"),
        ("features.6", "conv3/BiasAdd"), ("features.7", "conv3/relu"),
        ("features.8", "conv4/BiasAdd"), ("features.9", "conv4/relu"),
        ("features.10", "conv5/BiasAdd"), ("features.11", "conv5/relu"), ("features.12", "pool5"),
        ("features", "pool5"), ("avgpool", "pool5"),
        ("classifier.1", "fc6/BiasAdd"), ("classifier.2", "fc6/relu"),
        ("classifier.4", "fc7/BiasAdd"), ("classifier.5", "fc7/relu"),
        ("classifier.6", "fc8/BiasAdd"), ("classifier", "fc8/BiasAdd"),
    ];

    /// <inheritdoc/>
    public override string Variable(string variable)
    {
        int cut = variable.IndexOf('/', StringComparison.Ordinal);
        string layer = Table.First(m => m.Node == $"{variable[..cut]}/BiasAdd").Module;
        return $"{layer}.{Leaf(variable[(cut + 1)..])}";
    }

    /// <inheritdoc/>
    public override string Module(string module) => Table.Single(m => m.Module == module).Node;
}
