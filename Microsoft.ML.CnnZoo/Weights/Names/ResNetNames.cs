namespace Microsoft.ML.CnnZoo.Weights.Names;

/// <summary>
/// torchvision's residual networks, and their like for CIFAR: <c>conv3_2/b</c> is <c>layer2.1.conv2</c>.
/// </summary>
/// <param name="repeats">Blocks per stage.</param>
internal sealed class ResNetNames(IReadOnlyList<int> repeats) : TorchNames
{
    /// <inheritdoc/>
    public override string Variable(string variable)
    {
        string[] parts = variable.Split('/');
        bool isNorm = parts[^2] == "bn";
        string leaf = Leaf(parts[^1]);
        if (parts[0] is "fc" or "conv1")
            return isNorm ? $"bn1.{leaf}" : $"{parts[0]}.{leaf}";
        string[] block = parts[0]["conv".Length..].Split('_');
        string layer = $"layer{int.Parse(block[0]) - 1}.{int.Parse(block[1]) - 1}";
        return parts[1] == "shortcut" ? $"{layer}.downsample.{(isNorm ? 1 : 0)}.{leaf}"
            : $"{layer}.{(isNorm ? "bn" : "conv")}{parts[1][0] - 'a' + 1}.{leaf}";
    }

    /// <inheritdoc/>
    public override string Module(string module)
    {
        string[] parts = module.Split('.');
        if (!parts[0].StartsWith("layer", StringComparison.Ordinal))
            return parts[0] switch { "conv1" => "conv1/Conv2D", "bn1" => "conv1/bn", "maxpool" => "pool1", _ =>
                parts[0] };
        int stage = parts[0]["layer".Length] - '0';
        int block = parts.Length > 1 ? int.Parse(parts[1]) + 1 : repeats[stage - 1];
        string scope = $"conv{stage + 1}_{block}";
        if (parts.Length < 3)
            return $"{scope}/relu";
        string layer = parts[2] == "downsample" ? "shortcut" : $"{(char)('a' + parts[2][^1] - '1')}";
        return $"{scope}/{layer}/{(parts[2].StartsWith("bn", StringComparison.Ordinal) ? "bn" : "Conv2D")}";
    }
}

/// <summary>
/// timm's pre-activation networks: <c>conv3_2/b</c> is <c>stages.1.blocks.1.conv2</c>; for CIFAR <c>layer2.1.conv2</c>.
/// </summary>
/// <param name="repeats">Blocks per stage.</param>
/// <param name="isCifar">Whether the network is one for small images.</param>
internal sealed class PreActivationResNetNames(IReadOnlyList<int> repeats, bool isCifar) : TorchNames
{
    /// <inheritdoc/>
    public override string Variable(string variable)
    {
        string[] parts = variable.Split('/');
        bool isNorm = parts[^2] == "bn";
        string leaf = Leaf(parts[^1]);
        if (parts[0] is "conv1" or "bn" or "fc")
            return $"{(parts[0], isCifar) switch
            {
                ("conv1", false) => "stem.conv",
                ("bn", false) => "norm",
                ("fc", false) => "head.fc",
                ("bn", true) => "bn_final",
                _ => parts[0],
            }}.{leaf}";
        string[] block = parts[0]["conv".Length..].Split('_');
        (int stage, int index) = (int.Parse(block[0]) - 2, int.Parse(block[1]) - 1);
        string scope = isCifar ? $"layer{stage + 1}.{index}" : $"stages.{stage}.blocks.{index}";
        if (parts[1] == "shortcut")
            return isCifar ? $"{scope}.shortcut.{leaf}" : $"{scope}.downsample.conv.{leaf}";
        int number = parts[1][0] - 'a' + 1;
        return $"{scope}.{(isNorm ? isCifar ? "bn" : "norm" : "conv")}{number}.{leaf}";
    }

    /// <inheritdoc/>
    public override string Module(string module)
    {
        string[] parts = module.Replace("stages.", "layer", StringComparison.Ordinal)
            .Replace(".blocks", "", StringComparison.Ordinal).Split('.');
        if (!parts[0].StartsWith("layer", StringComparison.Ordinal))
            return module switch
            {
                "stem.conv" => "conv1",
                "stem.pool" => "pool1",
                "norm" => "relu",
                "bn_final" => "bn/FusedBatchNormV3",
                "head.fc" => "fc",
                _ => module,
            };
        int stage = int.Parse(parts[0]["layer".Length..]) - (isCifar ? 1 : 0);
        int block = parts.Length > 1 ? int.Parse(parts[1]) + 1 : repeats[stage];
        string scope = $"conv{stage + 2}_{block}";
        return parts.Length < 3 ? $"{scope}/sum"
            : parts[2] is "downsample" or "shortcut" ? $"{scope}/shortcut"
                : $"{scope}/{(char)('a' + parts[2][^1] - '1')}";
    }
}
