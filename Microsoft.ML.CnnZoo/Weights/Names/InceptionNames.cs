namespace Microsoft.ML.CnnZoo.Weights.Names;

/// <summary>Networks whose convolutions are followed by batch normalization: units <c>conv</c>, <c>bn</c>.</summary>
internal abstract class InceptionNames : TorchNames
{
    /// <summary>
    /// Whether a layer is a dense one or a convolution with a bias: <c>fc</c> has <c>weight</c>, not
    /// <c>conv.weight</c>.
    /// </summary>
    private protected abstract bool IsPlain(string layer);

    /// <summary>
    /// Layer and rest of a variable's name: <c>mixed/branch1/bn/gamma</c> → <c>mixed/branch1</c>, <c>bn.weight</c>.
    /// </summary>
    private protected (string Layer, string Leaf) Split(string variable)
    {
        int cut = variable.LastIndexOf('/');
        (string layer, string leaf) = (variable[..cut], Leaf(variable[(cut + 1)..]));
        if (layer.EndsWith("/bn", StringComparison.Ordinal))
            return (layer[..^"/bn".Length], $"bn.{leaf}");
        return (layer, IsPlain(layer) ? leaf : $"conv.{leaf}");
    }

    /// <summary>
    /// Our node for a path whose modules have our names already: a unit's own convolution is its <c>Conv2D</c> node.
    /// </summary>
    /// <param name="path">With slashes.</param>
    /// <param name="isUnit">Whether the scope of that name is a convolution with its normalization.</param>
    private protected static string Node(string path, Func<string, bool> isUnit)
    {
        int cut = path.LastIndexOf('/');
        return cut > 0 && path[(cut + 1)..] == "conv" && isUnit(path[..cut]) ? $"{path[..cut]}/Conv2D" : path;
    }
}

/// <summary>torchvision's Inception v3, whose names are ours.</summary>
internal sealed class InceptionV3Names : InceptionNames
{
    /// <inheritdoc/>
    public override string Variable(string variable)
    {
        (string layer, string leaf) = Split(variable);
        return $"{layer.Replace('/', '.')}.{leaf}";
    }

    /// <inheritdoc/>
    public override string Module(string module) => Node(module.Replace('.', '/'), _ => true);

    private protected override bool IsPlain(string layer) => layer is "fc" or "AuxLogits/fc";
}

/// <summary>timm's Inception v4: one numbered sequence of parts.</summary>
internal sealed class InceptionV4Names : InceptionNames
{
    private static readonly (string Ours, string Torch)[] Names =
    [
        .. Architectures.InceptionV4.PartNames.Select((name, i) => (name, $"features.{i}")),
        ("pool", "global_pool"), ("fc", "last_linear"),
    ];

    /// <inheritdoc/>
    public override string Variable(string variable)
    {
        (string layer, string leaf) = Split(variable);
        return $"{Rename(layer, Names, '/').Replace('/', '.')}.{leaf}";
    }

    /// <inheritdoc/>
    public override string Module(string module) =>
        Node(Rename(module, Names.Select(n => (n.Torch, n.Ours)), '.').Replace('.', '/'), unit =>
            unit is not ("mixed_3a" or "mixed_5a"));

    private protected override bool IsPlain(string layer) => layer == "fc";
}

/// <summary>timm's Inception-ResNet-v2; a part of several blocks stands for its last.</summary>
internal sealed class InceptionResNetV2Names : InceptionNames
{
    private static readonly (string Ours, string Torch)[] Names =
    [
        .. Repeated("inception_resnet_a", 10, "repeat"), ("reduction_a", "mixed_6a"),
        .. Repeated("inception_resnet_b", 20, "repeat_1"), ("reduction_b", "mixed_7a"),
        .. Repeated("inception_resnet_c", 9, "repeat_2"), ("inception_resnet_c10", "block8"),
        ("pool", "global_pool"), ("fc", "classif"),
    ];

    /// <inheritdoc/>
    public override string Variable(string variable)
    {
        (string layer, string leaf) = Split(variable);
        return $"{Rename(layer, Names, '/').Replace('/', '.')}.{leaf}";
    }

    /// <inheritdoc/>
    public override string Module(string module) =>
        Node(Rename(module, Names.Select(n => (n.Torch, n.Ours)), '.').Replace('.', '/'), _ => true);

    private protected override bool IsPlain(string layer) =>
        layer == "fc" || layer.EndsWith("/conv2d", StringComparison.Ordinal);

    private static IEnumerable<(string Ours, string Torch)> Repeated(string ours, int count, string torch) =>
        Enumerable.Range(1, count).Select(i => ($"{ours}{i}", $"{torch}.{i - 1}")).Append(($"{ours}{count}", torch));
}
