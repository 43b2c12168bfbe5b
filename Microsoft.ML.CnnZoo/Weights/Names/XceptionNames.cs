namespace Microsoft.ML.CnnZoo.Weights.Names;

/// <summary>timm's Xception: a block is the sequence <c>rep</c> of ReLU, separable convolution, batch norm.</summary>
internal sealed class XceptionNames : TorchNames
{
    /// <inheritdoc/>
    public override string Variable(string variable)
    {
        string[] parts = variable.Split('/');
        string leaf = Leaf(parts[^1]);
        bool isNorm = parts[^2] == "bn";
        if (!parts[0].StartsWith("block", StringComparison.Ordinal))
        {
            string layer = parts[0] == "fc" ? "fc" : $"{(isNorm ? "bn" : "conv")}{parts[0][^1]}";
            return parts[^2] switch
            {
                "depthwise" => $"{layer}.conv1.{leaf}",
                "pointwise" => $"{layer}.pointwise.{leaf}",
                _ => $"{layer}.{leaf}",
            };
        }
        if (parts[1] == "skip")
            return $"{parts[0]}.{(isNorm ? "skipbn" : "skip")}.{leaf}";
        // Three modules per layer; block 1 lacks the first ReLU.
        int at = (3 * (parts[1][^1] - '1')) + (parts[0] == "block1" ? 0 : 1);
        return isNorm ? $"{parts[0]}.rep.{at + 1}.{leaf}"
            : $"{parts[0]}.rep.{at}.{(parts[2] == "depthwise" ? "conv1" : "pointwise")}.{leaf}";
    }

    /// <inheritdoc/>
    public override string Module(string module) => module switch
    {
        "conv1" or "conv2" => $"{module}/Conv2D",
        "conv3" or "conv4" => $"sep{module}/pointwise",
        "bn1" or "bn2" => $"conv{module[^1]}/bn",
        "bn3" or "bn4" => $"sepconv{module[^1]}/bn",
        _ when !module.StartsWith("block", StringComparison.Ordinal) => module,
        _ when module.Contains(".rep.", StringComparison.Ordinal) =>
            $"{module[..module.IndexOf('.', StringComparison.Ordinal)]}/pool",
        _ => $"{module}/sum",
    };
}
