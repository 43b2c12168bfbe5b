using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.Layers;
using static Microsoft.ML.CnnZoo.Architectures.BranchStep;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>
/// Inception-ResNet-v1. Szegedy, Ioffe, Vanhoucke, Alemi 2016, arXiv:1602.07261, figures 10 to 15, table 1.
/// </summary>
/// <remarks>
/// Image [N,299,299,3] → stem → 5 residual modules A at 35x35 → reduction A → 10 B at 17x17 → reduction B → 5 C at 8x8
/// → global average → dropout 0.2 → classes. Batch normalization (ε 1e-3) after every convolution but the linear 1x1
/// ones that widen each residual; those are scaled by 0.17, 0.10 and 0.20, the authors' choice within the paper's 0.1
/// to 0.3, before the sum.
/// </remarks>
internal sealed class InceptionResNetV1 : CnnArchitecture
{
    // Figures 10, 11, 13.
    private static readonly BranchStep[][] A = [[Conv(32, 1)], [Conv(32, 1), Conv(32, 3)],
        [Conv(32, 1), Conv(32, 3), Conv(32, 3)]];
    private static readonly BranchStep[][] B = [[Conv(128, 1)], [Conv(128, 1), Conv(128, (1, 7)), Conv(128, (7, 1))]];
    private static readonly BranchStep[][] C = [[Conv(192, 1)], [Conv(192, 1), Conv(192, (1, 3)), Conv(192, (3, 1))]];

    // Figures 7 (k 192, l 192, m 256, n 384) and 12.
    private static readonly BranchStep[][] ReductionA = [[MaxPool(strides: 2)], [Conv(384, 3, strides: 2)],
        [Conv(192, 1), Conv(192, 3), Conv(256, 3, strides: 2)]];
    private static readonly BranchStep[][] ReductionB =
        [[MaxPool(strides: 2)], [Conv(256, 1), Conv(384, 3, strides: 2)], [Conv(256, 1), Conv(256, 3, strides: 2)],
            [Conv(256, 1), Conv(256, 3), Conv(256, 3, strides: 2)]];

    private InceptionResNetV1()
        : base(new("inception_resnet_v1", "Inception-ResNet-v1", 93, new(299, 299, 3), 75, InceptionV4.Szegedy2016))
    {
    }

    /// <summary>The network.</summary>
    public static InceptionResNetV1 Instance { get; } = new();

    /// <inheritdoc/>
    internal override PixelScaling Pixels => PixelScaling.SignedUnitRange;

    /// <inheritdoc/>
    internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
    {
        var blocks = new InceptionBlocks(g, BatchNormEpsilonOverride ?? 1e-3f, Padding.Valid, Padding.Same,
            Initializer.HeNormal);
        NodeOutput x = Stem(g, blocks, image);
        for (int i = 1; i <= 5; i++)
            x = blocks.Residual(x, $"inception_resnet_a{i}", A, scale: 0.17f);
        x = blocks.Module(x, "reduction_a", ReductionA);
        for (int i = 1; i <= 10; i++)
            x = blocks.Residual(x, $"inception_resnet_b{i}", B, scale: 0.10f);
        x = blocks.Module(x, "reduction_b", ReductionB);
        for (int i = 1; i <= 5; i++)
            x = blocks.Residual(x, $"inception_resnet_c{i}", C, scale: 0.20f);
        x = g.Dropout(g.GlobalAveragePool2D(x, "pool"), 0.2f, "dropout");
        return new(x, g.Dense(x, classes, "fc"), []);
    }

    /// <summary>Figure 14.</summary>
    private static NodeOutput Stem(GraphBuilder g, InceptionBlocks blocks, NodeOutput image)
    {
        NodeOutput x = blocks.Conv(image, "conv2d_1a", 32, 3, strides: 2);
        x = blocks.Conv(x, "conv2d_2a", 32, 3, padding: Padding.Valid);
        x = blocks.Conv(x, "conv2d_2b", 64, 3);
        x = g.MaxPool2D(x, window: 3, strides: 2, Padding.Valid, "maxpool_3a");
        x = blocks.Conv(x, "conv2d_3b", 80, 1);
        x = blocks.Conv(x, "conv2d_4a", 192, 3, padding: Padding.Valid);
        return blocks.Conv(x, "conv2d_4b", 256, 3, strides: 2);
    }
}
