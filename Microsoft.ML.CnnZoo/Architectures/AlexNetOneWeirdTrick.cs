using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>
/// AlexNet in one column, torchvision's form. Krizhevsky 2014, arXiv:1404.5997, "One weird trick for parallelizing
/// convolutional neural networks", footnote 1.
/// </summary>
/// <remarks>
/// Image [N,224,224,3] → 64@11x11/4 → pool → 192@5x5 → pool → 384, 256, 256@3x3 → pool → 4096 → 4096 → classes. No LRN,
/// no groups; 61,100,840 parameters with 1,000 classes.
/// </remarks>
internal sealed class AlexNetOneWeirdTrick : CnnArchitecture
{
    private AlexNetOneWeirdTrick() : base(new("alexnet_torchvision", "AlexNet (torchvision)", 8, new(224, 224, 3), 63,
        new("Krizhevsky", 2014, "One weird trick for parallelizing convolutional neural networks",
            new Uri("https://arxiv.org/abs/1404.5997"))))
    {
    }

    /// <summary>The network.</summary>
    public static AlexNetOneWeirdTrick Instance { get; } = new();

    /// <inheritdoc/>
    internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
    {
        NodeOutput x = Pool(g, Conv(g, image, 64, 11, 2, "conv1", strides: 4), "pool1");
        x = Pool(g, Conv(g, x, 192, 5, 2, "conv2"), "pool2");
        x = Conv(g, x, 384, 3, 1, "conv3");
        x = Conv(g, x, 256, 3, 1, "conv4");
        x = g.Flatten(Pool(g, Conv(g, x, 256, 3, 1, "conv5"), "pool5"), "flatten");
        x = Hidden(g, Hidden(g, x, "fc6"), "fc7");
        return new(x, g.Dense(x, classes, "fc8", kernelInitializer: Initializer.HeNormal), []);
    }

    private static NodeOutput Conv(GraphBuilder g, NodeOutput x, int filters, int kernel, int padding, string name,
        int strides = 1) =>
        g.Relu(g.Conv2D(x, filters, kernel, Padding.Symmetric(padding), name, strides,
            new() { KernelInitializer = Initializer.HeNormal }), $"{name}/relu");

    private static NodeOutput Pool(GraphBuilder g, NodeOutput x, string name) =>
        g.MaxPool2D(x, window: 3, strides: 2, Padding.Valid, name);

    /// <summary>Dropout stands before a hidden layer here.</summary>
    private static NodeOutput Hidden(GraphBuilder g, NodeOutput x, string name) =>
        g.Relu(g.Dense(g.Dropout(x, 0.5f, $"{name}/dropout"), 4096, name, kernelInitializer: Initializer.HeNormal),
            $"{name}/relu");
}
