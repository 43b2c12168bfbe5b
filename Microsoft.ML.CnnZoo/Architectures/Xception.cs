using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>Xception. Chollet 2016, arXiv:1610.02357, figure 5.</summary>
/// <remarks>
/// Image [N,299,299,3] → entry flow (two convolutions, blocks 1 to 3) → middle flow (blocks 4 to 11) → exit flow (block
/// 12, two separable convolutions) → global average → classes. Depthwise separable convolutions without a non-linearity
/// between their two steps; batch normalization after each (ε 1e-5; Keras 1e-3). 22,855,952 parameters with 1,000
/// classes.
/// </remarks>
internal sealed class Xception : CnnArchitecture
{
    private Xception() : base(new("xception", "Xception", 36, new(299, 299, 3), 71,
        new("Chollet", 2016, "Xception: deep learning with depthwise separable convolutions",
            new Uri("https://arxiv.org/abs/1610.02357"))))
    {
    }

    /// <summary>The network.</summary>
    public static Xception Instance { get; } = new();

    private float Epsilon => BatchNormEpsilonOverride ?? 1e-5f;

    /// <inheritdoc/>
    internal override PixelScaling Pixels => PixelScaling.SignedUnitRange;

    /// <inheritdoc/>
    internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
    {
        NodeOutput x = g.ConvBnRelu(image, 32, 3, Padding.Valid, "conv1", strides: 2, Epsilon);
        x = g.ConvBnRelu(x, 64, 3, Padding.Valid, "conv2", 1, Epsilon);
        x = Block(g, x, "block1", [128, 128], strides: 2, firstRelu: false);
        x = Block(g, x, "block2", [256, 256], strides: 2);
        x = Block(g, x, "block3", [728, 728], strides: 2);
        for (int i = 4; i <= 11; i++)
            x = Block(g, x, $"block{i}", [728, 728, 728], strides: 1);
        x = Block(g, x, "block12", [728, 1024], strides: 2);
        x = g.Relu(Separable(g, x, 1536, "sepconv3"), "sepconv3/relu");
        x = g.Relu(Separable(g, x, 2048, "sepconv4"), "sepconv4/relu");
        x = g.GlobalAveragePool2D(x, "pool");
        return new(x, g.Dense(x, classes, "fc"), []);
    }

    private NodeOutput Block(GraphBuilder g, NodeOutput x, string name, int[] filters, int strides,
        bool firstRelu = true)
    {
        using (g.Scope(name))
        {
            NodeOutput y = x;
            for (int i = 0; i < filters.Length; i++)
            {
                if (i > 0 || firstRelu)
                    y = g.Relu(y, $"relu{i + 1}");
                y = Separable(g, y, filters[i], $"sepconv{i + 1}");
            }
            if (strides != 1)
                y = g.MaxPool2D(y, window: 3, strides, StridedPadding(1), "pool");
            bool changes = strides != 1 || x.Channels != filters[^1];
            return g.Add(y, changes ? g.ConvBn(x, filters[^1], 1, Padding.Valid, "skip", strides, Epsilon) : x, "sum");
        }
    }

    private NodeOutput Separable(GraphBuilder g, NodeOutput x, int filters, string name) =>
        g.BatchNormalization(g.SeparableConv2D(x, filters, 3, Padding.Same, name, 1,
            new() { UseBias = false, KernelInitializer = Initializer.HeNormal }), $"{name}/bn", Epsilon);
}
