using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>ZFNet. Zeiler, Fergus 2013, arXiv:1311.2901, figure 3.</summary>
/// <remarks>
/// Image [N,224,224,3] → conv1 96@7x7/2 → pool → LRN → conv2 256@5x5/2 → pool → LRN → conv3, conv4, conv5 3x3 → pool →
/// 4096 → 4096 → classes; maps of 110, 55, 26, 13, 6 pixels. AlexNet with a finer first layer and without groups: no
/// dead or aliased filters. Pooling rounds up; LRN with AlexNet's constants, after the pooling. The figure does not
/// give the padding: it follows from the maps' sizes.
/// </remarks>
internal sealed class ZFNet : CnnArchitecture
{
    private static readonly Publication Zeiler2013 = new("Zeiler, Fergus", 2013,
        "Visualizing and understanding convolutional networks", new Uri("https://arxiv.org/abs/1311.2901"));
    private static readonly Initializer Weights = Initializer.Normal(0.01f);

    private readonly int[] _filters;

    private ZFNet(string name, string displayName, int[] filters)
        : base(new(name, displayName, 8, new(224, 224, 3), 63, Zeiler2013)) => _filters = filters;

    /// <summary>Figure 3: 384, 384, 256 filters in layers 3 to 5; 62,357,608 parameters with 1,000 classes.</summary>
    public static ZFNet Standard { get; } = new("zfnet", "ZFNet", [384, 384, 256]);

    /// <summary>Table 3's wider form: 512, 1024, 512; 107,627,624 parameters.</summary>
    public static ZFNet Large { get; } = new("zfnet_large", "ZFNet (512-1024-512)", [512, 1024, 512]);

    /// <inheritdoc/>
    internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
    {
        NodeOutput x = Conv(g, image, 96, 7, 1, "conv1", strides: 2);
        x = Normalize(g, Pool(g, x, "pool1"), "norm1");
        x = Conv(g, x, 256, 5, 0, "conv2", strides: 2);
        x = Normalize(g, Pool(g, x, "pool2"), "norm2");
        for (int i = 0; i < 3; i++)
            x = Conv(g, x, _filters[i], 3, 1, $"conv{i + 3}");
        x = g.Flatten(g.MaxPool2D(x, window: 3, strides: 2, Padding.Valid, "pool5"), "flatten");
        x = Hidden(g, Hidden(g, x, "fc6"), "fc7");
        return new(x, g.Dense(x, classes, "fc8", kernelInitializer: Weights), []);
    }

    private static NodeOutput Conv(GraphBuilder g, NodeOutput x, int filters, int kernel, int padding, string name,
        int strides = 1) =>
        g.Relu(g.Conv2D(x, filters, kernel, padding == 0 ? Padding.Valid : Padding.Symmetric(padding), name, strides,
            new() { KernelInitializer = Weights }), $"{name}/relu");

    private static NodeOutput Pool(GraphBuilder g, NodeOutput x, string name) =>
        g.MaxPool2D(x, window: 3, strides: 2, PoolingLayers.CeilPadding(x, 3, 2), name);

    private static NodeOutput Normalize(GraphBuilder g, NodeOutput x, string name) =>
        g.LocalResponseNormalization(x, size: 5, k: 2, alpha: 1e-4f, beta: 0.75f, name);

    private static NodeOutput Hidden(GraphBuilder g, NodeOutput x, string name) =>
        g.Dropout(g.Relu(g.Dense(x, 4096, name, kernelInitializer: Weights), $"{name}/relu"), 0.5f, $"{name}/dropout");
}
