using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.Layers;
using static Microsoft.ML.CnnZoo.Architectures.BranchStep;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>
/// Inception-ResNet-v2. Szegedy, Ioffe, Vanhoucke, Alemi 2016, arXiv:1602.07261, figures 15 to 19, in the form that its
/// authors released and timm has.
/// </summary>
/// <remarks>
/// Image [N,299,299,3] → Inception v3's stem → module 5b → 10 residual modules A at 35x35 → reduction A → 20 B at 17x17
/// → reduction B → 10 C at 8x8 → 1x1 convolution → global average → dropout 0.2 → classes. The paper's own figures have
/// Inception v4's stem and 5, 10 and 5 modules. Batch normalization (ε 1e-3) after every convolution but the linear 1x1
/// ones that widen each residual; those are scaled by 0.17, 0.10 and 0.20, the last one neither scaled nor followed by
/// a ReLU. Average pools leave the padding out. 55,843,464 parameters with 1,000 classes.
/// </remarks>
internal sealed class InceptionResNetV2 : CnnArchitecture
{
    private static readonly BranchStep[][] Mixed5b = [[Conv(96, 1)], [Conv(48, 1), Conv(64, 5)],
        [Conv(64, 1), Conv(96, 3), Conv(96, 3)], [AveragePool(), Conv(64, 1)]];

    // Figures 16, 17, 19.
    private static readonly BranchStep[][] A = [[Conv(32, 1)], [Conv(32, 1), Conv(32, 3)],
        [Conv(32, 1), Conv(48, 3), Conv(64, 3)]];
    private static readonly BranchStep[][] B = [[Conv(192, 1)], [Conv(128, 1), Conv(160, (1, 7)), Conv(192, (7, 1))]];
    private static readonly BranchStep[][] C = [[Conv(192, 1)], [Conv(192, 1), Conv(224, (1, 3)), Conv(256, (3, 1))]];

    // Figures 7 (k 256, l 256, m 384, n 384) and 18.
    private static readonly BranchStep[][] ReductionA = [[Conv(384, 3, strides: 2)],
        [Conv(256, 1), Conv(256, 3), Conv(384, 3, strides: 2)], [MaxPool(strides: 2)]];
    private static readonly BranchStep[][] ReductionB =
        [[Conv(256, 1), Conv(384, 3, strides: 2)], [Conv(256, 1), Conv(288, 3, strides: 2)],
            [Conv(256, 1), Conv(288, 3), Conv(320, 3, strides: 2)], [MaxPool(strides: 2)]];

    private InceptionResNetV2()
        : base(new("inception_resnet_v2", "Inception-ResNet-v2", 176, new(299, 299, 3), 75, InceptionV4.Szegedy2016))
    {
    }

    /// <summary>The network.</summary>
    public static InceptionResNetV2 Instance { get; } = new();

    /// <inheritdoc/>
    internal override PixelScaling Pixels => PixelScaling.SignedUnitRange;

    /// <inheritdoc/>
    internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
    {
        var blocks = new InceptionBlocks(g, BatchNormEpsilonOverride ?? 1e-3f, Padding.Valid, Padding.Same,
            Initializer.HeNormal);
        NodeOutput x = blocks.Module(Stem(g, blocks, image), "mixed_5b", Mixed5b);
        for (int i = 1; i <= 10; i++)
            x = blocks.Residual(x, $"inception_resnet_a{i}", A, scale: 0.17f);
        x = blocks.Module(x, "reduction_a", ReductionA);
        for (int i = 1; i <= 20; i++)
            x = blocks.Residual(x, $"inception_resnet_b{i}", B, scale: 0.10f);
        x = blocks.Module(x, "reduction_b", ReductionB);
        for (int i = 1; i <= 9; i++)
            x = blocks.Residual(x, $"inception_resnet_c{i}", C, scale: 0.20f);
        x = blocks.Residual(x, "inception_resnet_c10", C, scale: 1, relu: false);
        x = g.GlobalAveragePool2D(blocks.Conv(x, "conv2d_7b", 1536, 1), "pool");
        x = g.Dropout(x, 0.2f, "dropout");
        return new(x, g.Dense(x, classes, "fc"), []);
    }

    private static NodeOutput Stem(GraphBuilder g, InceptionBlocks blocks, NodeOutput image)
    {
        NodeOutput x = blocks.Conv(image, "conv2d_1a", 32, 3, strides: 2);
        x = blocks.Conv(x, "conv2d_2a", 32, 3, padding: Padding.Valid);
        x = blocks.Conv(x, "conv2d_2b", 64, 3);
        x = g.MaxPool2D(x, window: 3, strides: 2, Padding.Valid, "maxpool_3a");
        x = blocks.Conv(x, "conv2d_3b", 80, 1);
        x = blocks.Conv(x, "conv2d_4a", 192, 3, padding: Padding.Valid);
        return g.MaxPool2D(x, window: 3, strides: 2, Padding.Valid, "maxpool_5a");
    }
}
