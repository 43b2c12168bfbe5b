using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>Network in Network. Lin, Chen, Yan 2013, arXiv:1312.4400, §3 and figure 2.</summary>
/// <remarks>
/// An mlpconv layer is a convolution and two 1x1 convolutions, each with ReLU (the last one too); the last has one map
/// per class, and its global average is the logit: no dense layers. CIFAR: [N,32,32,3] → 192,160,96@5x5 → max pool →
/// 192,192,192@5x5 → average pool → 192,192,classes@3x3. Pooling 3x3/2 rounds up; dropout 0.5 between the layers. Sizes
/// are the authors' published definitions.
/// </remarks>
internal sealed class NetworkInNetwork : CnnArchitecture
{
    private static readonly Publication Lin2013 = new("Lin, Chen, Yan", 2013, "Network in network",
        new Uri("https://arxiv.org/abs/1312.4400"));

    private readonly bool _imageNet;

    private NetworkInNetwork(string name, string displayName, int depth, ImageShape input, int minimum, bool imageNet)
        : base(new(name, displayName, depth, input, minimum, Lin2013)) => _imageNet = imageNet;

    /// <summary>For 32x32 images; 966,986 parameters with ten classes.</summary>
    public static NetworkInNetwork Cifar10 { get; } = new("nin", "NIN (CIFAR-10)", 9, new(32, 32, 3), 8,
        imageNet: false);

    /// <summary>For 224x224 images, four mlpconv layers; 7,595,176 parameters with 1,000 classes.</summary>
    public static NetworkInNetwork ImageNet { get; } = new("nin_imagenet", "NIN (ImageNet)", 12, new(224, 224, 3), 67,
        imageNet: true);

    /// <inheritdoc/>
    internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
    {
        NodeOutput x = _imageNet ? MlpConv(g, image, 1, 11, Padding.Valid, 4, 96, 96, 96)
            : MlpConv(g, image, 1, 5, Padding.Symmetric(2), 1, 192, 160, 96);
        x = MaxPool(g, x, "pool1");
        if (_imageNet)
        {
            x = MaxPool(g, MlpConv(g, x, 2, 5, Padding.Symmetric(2), 1, 256, 256, 256), "pool2");
            x = MaxPool(g, MlpConv(g, x, 3, 3, Padding.Symmetric(1), 1, 384, 384, 384), "pool3");
            x = MlpConv(g, g.Dropout(x, 0.5f, "drop"), 4, 3, Padding.Symmetric(1), 1, 1024, 1024, classes,
                Initializer.RectifiedScores);
        }
        else
        {
            x = MlpConv(g, g.Dropout(x, 0.5f, "drop1"), 2, 5, Padding.Symmetric(2), 1, 192, 192, 192);
            x = g.Dropout(AveragePool(g, x, "pool2"), 0.5f, "drop2");
            x = MlpConv(g, x, 3, 3, Padding.Symmetric(1), 1, 192, 192, classes, Initializer.RectifiedScores);
        }
        return new(x, g.GlobalAveragePool2D(x, "pool_final"), []);
    }

    /// <summary>
    /// conv{n} and the two 1x1 convolutions after it, named as the authors do: cccp, cascaded cross channel parametric
    /// pooling.
    /// </summary>
    private static NodeOutput MlpConv(GraphBuilder g, NodeOutput x, int number, int kernel, Padding padding,
        int strides, int filters, int first, int second, Initializer? bias = null)
    {
        x = Conv(g, x, filters, kernel, padding, $"conv{number}", strides);
        x = Conv(g, x, first, 1, Padding.Valid, $"cccp{(2 * number) - 1}");
        return Conv(g, x, second, 1, Padding.Valid, $"cccp{2 * number}", bias: bias);
    }

    private static NodeOutput Conv(GraphBuilder g, NodeOutput x, int filters, int kernel, Padding padding, string name,
        int strides = 1, Initializer? bias = null) =>
        g.Relu(g.Conv2D(x, filters, kernel, padding, name, strides,
            new() { KernelInitializer = Initializer.HeNormal, BiasInitializer = bias ?? Initializer.Zeros }), $"{name}/relu");

    private static NodeOutput MaxPool(GraphBuilder g, NodeOutput x, string name) =>
        g.MaxPool2D(x, window: 3, strides: 2, PoolingLayers.CeilPadding(x, 3, 2), name);

    /// <summary>
    /// Rounded up, counting real pixels only: on an even size that is SAME, on an odd one nothing hangs over.
    /// </summary>
    private static NodeOutput AveragePool(GraphBuilder g, NodeOutput x, string name)
    {
        if (x.Height % 2 != x.Width % 2)
            throw new GraphException(
                $"AvgPool '{g.FullName(name)}': rounding up 3x3/2 windows needs a height and a width "
                + $"that are both even or both odd, received {x.Shape}.");
        return g.AveragePool2D(x, window: 3, strides: 2, x.Height % 2 == 0 ? Padding.Same : Padding.Valid, name);
    }
}
