namespace Microsoft.ML.CnnZoo.Weights.Names;

/// <summary>torchvision's MobileNetV2: <c>features</c> holds the blocks, each a sequence <c>conv</c>.</summary>
internal sealed class MobileNetV2Names : TorchNames
{
    /// <inheritdoc/>
    public override string Variable(string variable)
    {
        string[] parts = variable.Split('/');
        string leaf = Leaf(parts[^1]);
        int norm = parts[^2] == "bn" ? 1 : 0;
        if (!parts[0].StartsWith("block", StringComparison.Ordinal))
            return parts[0] switch
            {
                "conv1" => $"features.0.{norm}.{leaf}",
                "conv_last" => $"features.18.{norm}.{leaf}",
                _ => $"classifier.1.{leaf}",
            };
        int block = int.Parse(parts[0]["block".Length..]), expanded = block == 1 ? 0 : 1;
        return parts[1] switch
        {
            "expand" => $"features.{block}.conv.0.{norm}.{leaf}",
            "depthwise" => $"features.{block}.conv.{expanded}.{norm}.{leaf}",
            _ => $"features.{block}.conv.{expanded + 1 + norm}.{leaf}",
        };
    }

    /// <inheritdoc/>
    public override string Module(string module)
    {
        string[] parts = module.Split('.');
        if (parts[0] == "classifier")
            return "classifier";
        if (parts.Length == 1)
            return "conv_last";
        int block = int.Parse(parts[1]);
        string scope = block switch { 0 => "conv1", 18 => "conv_last", _ => $"block{block}" };
        if (block is 0 or 18)
            return parts.Length > 2 && parts[2] == "0" ? $"{scope}/Conv2D" : scope;
        if (parts.Length < 4)
            return scope;
        bool isDepthwise = parts.Length > 4 && int.Parse(parts[3]) == (block == 1 ? 0 : 1);
        return isDepthwise ? $"{scope}/depthwise/DepthwiseConv2dNative"
            : $"{scope}/{(parts.Length > 4 ? "expand" : "project")}/Conv2D";
    }
}
