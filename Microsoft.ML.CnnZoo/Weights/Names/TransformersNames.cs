namespace Microsoft.ML.CnnZoo.Weights.Names;

/// <summary>
/// Hugging Face transformers' ResNet: <c>conv3_2/b</c> is <c>resnet.encoder.stages.1.layers.1.layer.1</c>; without a
/// head, <c>resnet.</c> is missing.
/// </summary>
/// <param name="isWhole">Whether the file is of ResNetForImageClassification.</param>
internal sealed class TransformersResNetNames(bool isWhole) : TorchNames
{
    /// <summary>What every such file has.</summary>
    public const string Mark = "embedder.embedder.convolution.weight";

    /// <inheritdoc/>
    public override string Variable(string variable)
    {
        string[] parts = variable.Split('/');
        string leaf = $"{(parts[^2] == "bn" ? "normalization" : "convolution")}.{Leaf(parts[^1])}";
        string prefix = isWhole ? "resnet." : "";
        if (parts[0] == "fc")
            return $"classifier.1.{Leaf(parts[^1])}";
        if (parts[0] == "conv1")
            return $"{prefix}embedder.embedder.{leaf}";
        string[] block = parts[0]["conv".Length..].Split('_');
        string layer = $"{prefix}encoder.stages.{int.Parse(block[0]) - 2}.layers.{int.Parse(block[1]) - 1}";
        return parts[1] == "shortcut" ? $"{layer}.shortcut.{leaf}" : $"{layer}.layer.{parts[1][0] - 'a'}.{leaf}";
    }
}

/// <summary>
/// Hugging Face transformers' MobileNetV2: <c>block2</c> is <c>mobilenet_v2.layer.0</c>; without a head,
/// <c>mobilenet_v2.</c> is missing.
/// </summary>
/// <param name="isWhole">Whether the file is of MobileNetV2ForImageClassification.</param>
internal sealed class TransformersMobileNetV2Names(bool isWhole) : TorchNames
{
    /// <summary>What every such file has.</summary>
    public const string Mark = "conv_stem.first_conv.convolution.weight";

    /// <inheritdoc/>
    public override string Variable(string variable)
    {
        string[] parts = variable.Split('/');
        if (parts[0] == "classifier")
            return $"classifier.{Leaf(parts[^1])}";
        string leaf = $"{(parts[^2] == "bn" ? "normalization" : "convolution")}.{Leaf(parts[^1])}";
        string layer = parts[0] switch
        {
            "conv1" => "conv_stem.first_conv",
            "conv_last" => "conv_1x1",
            string block => $"{Block(int.Parse(block["block".Length..]))}.{Layer(parts[1])}",
        };
        return $"{(isWhole ? "mobilenet_v2." : "")}{layer}.{leaf}";
    }

    private static string Block(int block) => block == 1 ? "conv_stem" : $"layer.{block - 2}";

    private static string Layer(string layer) =>
        layer switch { "expand" => "expand_1x1", "depthwise" => "conv_3x3", _ => "reduce_1x1" };
}
