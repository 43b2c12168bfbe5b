using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>MobileNetV2. Sandler, Howard, Zhu, Zhmoginov, Chen 2018, arXiv:1801.04381, table 2.</summary>
/// <remarks>
/// Image [N,224,224,3] → conv1 32@3x3/2 → 17 inverted residuals (1x1 expansion, 3x3 depthwise, linear 1x1 projection;
/// the identity beside them where the shape stays) → conv_last 1280@1x1 → global average → dropout 0.2 → classes. Batch
/// normalization (ε 1e-5), ReLU6; 3,504,872 parameters with 1,000 classes.
/// </remarks>
internal sealed class MobileNetV2 : CnnArchitecture
{
    /// <summary>Table 2: expansion t, channels c, repeats n, stride s of the first.</summary>
    private static readonly (int Expansion, int Channels, int Repeats, int Strides)[] Table =
        [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)];

    private MobileNetV2() : base(new("mobilenet_v2", "MobileNetV2", 53, new(224, 224, 3), 32,
        new("Sandler, Howard, Zhu, Zhmoginov, Chen", 2018, "MobileNetV2: inverted residuals and linear bottlenecks",
            new Uri("https://arxiv.org/abs/1801.04381"))))
    {
    }

    /// <summary>The network, width multiplier 1.</summary>
    public static MobileNetV2 Instance { get; } = new();

    private float Epsilon => BatchNormEpsilonOverride ?? 1e-5f;

    /// <inheritdoc/>
    internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
    {
        NodeOutput x = Activated(g, g.ConvBn(image, 32, 3, StridedPadding(1), "conv1", strides: 2, Epsilon), "conv1");
        int block = 1;
        foreach ((int expansion, int channels, int repeats, int strides) in Table)
            for (int i = 0; i < repeats; i++)
                using (g.Scope($"block{block++}"))
                    x = InvertedResidual(g, x, expansion, channels, i == 0 ? strides : 1);
        x = Activated(g, g.ConvBn(x, 1280, 1, Padding.Valid, "conv_last", 1, Epsilon), "conv_last");
        x = g.Dropout(g.GlobalAveragePool2D(x, "pool"), 0.2f, "dropout");
        return new(x, g.Dense(x, classes, "classifier", kernelInitializer: Initializer.Normal(0.01f)), []);
    }

    private NodeOutput InvertedResidual(GraphBuilder g, NodeOutput x, int expansion, int channels, int strides)
    {
        NodeOutput y = expansion == 1 ? x
            : Activated(g, g.ConvBn(x, x.Channels * expansion, 1, Padding.Valid, "expand", 1, Epsilon), "expand");
        y = g.DepthwiseConv2D(y, 3, strides == 1 ? Padding.Same : StridedPadding(1), "depthwise", strides, 1,
            new() { UseBias = false, KernelInitializer = Initializer.HeNormal });
        y = Activated(g, g.BatchNormalization(y, "depthwise/bn", Epsilon), "depthwise");
        y = g.ConvBn(y, channels, 1, Padding.Valid, "project", 1, Epsilon);
        return strides == 1 && x.Channels == channels ? g.Add(y, x, "sum") : y;
    }

    private static NodeOutput Activated(GraphBuilder g, NodeOutput x, string name) => g.Relu6(x, $"{name}/relu6");
}
