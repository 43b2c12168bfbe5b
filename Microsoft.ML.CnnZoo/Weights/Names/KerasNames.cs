using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Weights.Names;

/// <summary>
/// keras.applications' layers, in TensorFlow's layout, which is ours: no element moves. Layers that have a number only
/// (<c>conv2d_7</c>: Inception, Xception's shortcuts) are told by their order.
/// </summary>
internal sealed class KerasNames : WeightNames
{
    private readonly CnnArchitecture _architecture;
    private readonly KerasLayers _layers;
    private readonly Dictionary<string, int> _order = new(StringComparer.Ordinal);
    private readonly IReadOnlyList<string> _convolutions, _norms;

    /// <summary>Finds the names of a file's tensors.</summary>
    /// <param name="architecture">A network that keras.applications has: <see cref="Knows"/>.</param>
    /// <param name="layers">The file's layers.</param>
    public KerasNames(CnnArchitecture architecture, KerasLayers layers)
    {
        (_architecture, _layers) = (architecture, layers);
        (_convolutions, _norms) = (layers.Numbered("conv2d"), layers.Numbered("batch_normalization"));
        if (architecture is InceptionV3 or InceptionResNetV2 or Xception)
            foreach (string variable in architecture.WithoutAuxiliaries().BuildGraph(2).Variables.Select(v => v.Name))
                if (variable.EndsWith("/kernel", StringComparison.Ordinal)
                    && Named(variable[..^"/kernel".Length], isNorm: false) is null)
                    _order.Add(variable[..^"/kernel".Length], _order.Count);
    }

    /// <summary>Whether keras.applications has a network whose layers are this one's.</summary>
    public static bool Knows(CnnArchitecture architecture) => architecture switch
    {
        Vgg vgg => !vgg.HasBatchNorm && !vgg.HasLrn,
        ResNet => architecture.Name is "resnet50" or "resnet101" or "resnet152",
        DenseNet network => !network.IsCifar,
        InceptionV3 or InceptionResNetV2 or Xception or MobileNetV2 => true,
        _ => false,
    };

    /// <inheritdoc/>
    public override string Of(VariableDefinition variable)
    {
        (string layer, string weight) = Split(variable.Name);
        return _layers.Find(layer, weight)
            ?? (weight == "depthwise_kernel" ? _layers.Find(layer, "kernel") : null) ?? $"{layer}/{weight}";
    }

    /// <inheritdoc/>
    public override int[] Shape(VariableDefinition variable, bool depthwise) =>
        variable.Spec.Shape.Dimensions.ToArray();

    /// <inheritdoc/>
    public override Func<int, int> Map(VariableDefinition variable, bool depthwise) => i => i;

    /// <inheritdoc/>
    public override string? BiasBefore(VariableDefinition movingMean) =>
        _architecture is ResNet && movingMean.Name.EndsWith("/bn/moving_mean", StringComparison.Ordinal)
            ? _layers.Find(Named(movingMean.Name[..^"/bn/moving_mean".Length], isNorm: false)!, "bias") : null;

    /// <inheritdoc/>
    public override bool MayLack(VariableDefinition variable)
    {
        (string layer, string weight) = Split(variable.Name);
        return weight == "gamma" && _layers.Find(layer, "beta") is not null;
    }

    /// <summary>Keras' layer and weight of a variable.</summary>
    private (string Layer, string Weight) Split(string variable)
    {
        string[] parts = variable.Split('/');
        string weight = parts[^1];
        bool isNorm = weight is "gamma" or "beta" or "moving_mean" or "moving_variance";
        string path = string.Join('/', parts[..^(isNorm && parts[^2] == "bn" ? 2 : 1)]);
        if (Named(path, isNorm) is { } layer)
            return (layer, weight != "kernel" ? weight : parts[^2] switch
            {
                "depthwise" => "depthwise_kernel",
                "pointwise" => "pointwise_kernel",
                _ => weight,
            });
        (IReadOnlyList<string> numbered, string kind) =
            isNorm ? (_norms, "batch_normalization") : (_convolutions, "conv2d");
        int at = _order[path];
        return (at < numbered.Count ? numbered[at] : at == 0 ? kind : $"{kind}_{at}", weight);
    }

    /// <summary>Keras' layer for a layer of ours; null where it has a number only.</summary>
    private string? Named(string path, bool isNorm)
    {
        string[] parts = path.Split('/');
        return _architecture switch
        {
            Vgg => OfVgg(parts[0]),
            ResNet => OfResNet(parts, isNorm ? "bn" : "conv"),
            DenseNet => OfDenseNet(parts),
            Xception => OfXception(parts, isNorm ? "_bn" : ""),
            MobileNetV2 => OfMobileNetV2(parts, isNorm),
            InceptionResNetV2 when parts[^1] == "conv2d" => // inception_resnet_a3/conv2d
                $"block{(parts[0]["inception_resnet_".Length] switch { 'a' => 35, 'b' => 17, _ => 8 })}_"
                    + $"{parts[0]["inception_resnet_a".Length..]}_conv",
            InceptionResNetV2 when parts[0] == "conv2d_7b" => isNorm ? "conv_7b_bn" : "conv_7b",
            _ => parts[0] == "fc" ? "predictions" : null,
        };
    }

    private static string OfVgg(string layer) => layer switch
    {
        "fc6" => "fc1",
        "fc7" => "fc2",
        "fc8" => "predictions",
        _ => $"block{layer["conv".Length..].Replace("_", "_conv", StringComparison.Ordinal)}",
    };

    private static string OfResNet(string[] parts, string kind) => parts[0] switch
    {
        "fc" => "predictions",
        "conv1" => $"conv1_{kind}",
        string block => $"{block.Replace("_", "_block", StringComparison.Ordinal)}_"
            + $"{(parts[1] == "shortcut" ? 0 : parts[1][0] - 'a' + 1)}_{kind}",
    };

    private static string OfDenseNet(string[] parts) => parts[0] switch
    {
        "classifier" => "predictions",
        "conv0" => "conv1_conv",
        "norm0" => "conv1_bn",
        "norm5" => "bn",
        string transition when transition.StartsWith("transition", StringComparison.Ordinal) =>
            $"pool{transition[^1] - '0' + 1}_{(parts[1] == "norm" ? "bn" : "conv")}",
        string block => $"conv{block[^1] - '0' + 1}_block{parts[1]["denselayer".Length..]}_" + parts[2] switch
        {
            "norm1" => "0_bn",
            "conv1" => "1_conv",
            "norm2" => "1_bn",
            _ => "2_conv",
        },
    };

    private static string? OfXception(string[] parts, string suffix)
    {
        if (!parts[0].StartsWith("block", StringComparison.Ordinal))
            return parts[0] switch
            {
                "fc" => "predictions",
                "sepconv3" or "sepconv4" => $"block14_sepconv{parts[0][^1] - '2'}{suffix}",
                _ => $"block1_{parts[0]}{suffix}", // conv1, conv2
            };
        return parts[1] == "skip" ? null : $"block{int.Parse(parts[0]["block".Length..]) + 1}_{parts[1]}{suffix}";
    }

    private static string OfMobileNetV2(string[] parts, bool isNorm) => parts[0] switch
    {
        "classifier" => "predictions",
        "conv1" => isNorm ? "bn_Conv1" : "Conv1",
        "conv_last" => isNorm ? "Conv_1_bn" : "Conv_1",
        string block => $"{(block == "block1" ? "expanded_conv" : $"block_{int.Parse(block["block".Length..]) - 1}")}_"
            + $"{parts[1]}{(isNorm ? "_BN" : "")}",
    };
}
