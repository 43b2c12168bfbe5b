using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>
/// AlexNet. Krizhevsky, Sutskever, Hinton 2012, "ImageNet classification with deep convolutional neural networks", §3,
/// figure 2.
/// </summary>
/// <remarks>
/// Image [N,227,227,3] (the paper's 224 is a slip) → conv1 96@11x11/4 → LRN → pool → conv2 256@5x5 (2 groups) → LRN →
/// pool → conv3 384@3x3 → conv4 384@3x3 (2) → conv5 256@3x3 (2) → pool → 4096 → 4096 → classes. ReLU after every
/// convolution and hidden layer; LRN n=5, k=2, α=1e-4, β=0.75; overlapping 3x3/2 pooling; dropout 0.5; N(0, 0.01²)
/// weights, biases 1 in conv2, conv4, conv5 and the hidden dense layers (§5).
/// </remarks>
internal sealed class AlexNet : CnnArchitecture
{
    private static readonly Publication Krizhevsky2012 = new("Krizhevsky, Sutskever, Hinton", 2012,
        "ImageNet classification with deep convolutional neural networks",
        new Uri("https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks"));
    private static readonly Initializer Weights = Initializer.Normal(0.01f);

    private readonly int _groups;

    private AlexNet(string name, string displayName, int groups)
        : base(new(name, displayName, 8, new(227, 227, 3), 67, Krizhevsky2012)) => _groups = groups;

    /// <summary>As published, two groups; 60,965,224 parameters with 1,000 classes.</summary>
    public static AlexNet Original { get; } = new("alexnet", "AlexNet", groups: 2);

    /// <summary>Without groups: one processor holds all; 62,378,344 parameters.</summary>
    public static AlexNet Ungrouped { get; } = new("alexnet_ungrouped", "AlexNet (ungrouped)", groups: 1);

    /// <inheritdoc/>
    internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
    {
        NodeOutput x = Conv(g, image, 96, 11, Padding.Valid, "conv1", strides: 4, bias: 0);
        x = Pool(g, Normalize(g, x, "norm1"), "pool1");
        x = Conv(g, x, 256, 5, Padding.Symmetric(2), "conv2", groups: _groups);
        x = Pool(g, Normalize(g, x, "norm2"), "pool2");
        x = Conv(g, x, 384, 3, Padding.Symmetric(1), "conv3", bias: 0);
        x = Conv(g, x, 384, 3, Padding.Symmetric(1), "conv4", groups: _groups);
        x = Conv(g, x, 256, 3, Padding.Symmetric(1), "conv5", groups: _groups);
        x = g.Flatten(Pool(g, x, "pool5"), "flatten");
        x = Hidden(g, Hidden(g, x, "fc6"), "fc7");
        return new(x, g.Dense(x, classes, "fc8", kernelInitializer: Weights), []);
    }

    private static NodeOutput Conv(GraphBuilder g, NodeOutput x, int filters, int kernel, Padding padding, string name,
        int strides = 1, int groups = 1, float bias = 1) =>
        g.Relu(g.Conv2D(x, filters, kernel, padding, name, strides,
            new() { Groups = groups, KernelInitializer = Weights, BiasInitializer = Initializer.Constant(bias) }),
            $"{name}/relu");

    private static NodeOutput Normalize(GraphBuilder g, NodeOutput x, string name) =>
        g.LocalResponseNormalization(x, size: 5, k: 2, alpha: 1e-4f, beta: 0.75f, name);

    private static NodeOutput Pool(GraphBuilder g, NodeOutput x, string name) =>
        g.MaxPool2D(x, window: 3, strides: 2, Padding.Valid, name);

    private static NodeOutput Hidden(GraphBuilder g, NodeOutput x, string name)
    {
        x = g.Dense(x, 4096, name, kernelInitializer: Weights, biasInitializer: Initializer.Ones);
        return g.Dropout(g.Relu(x, $"{name}/relu"), 0.5f, $"{name}/dropout");
    }
}
