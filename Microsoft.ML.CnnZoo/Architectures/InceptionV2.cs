using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.Layers;
using static Microsoft.ML.CnnZoo.Architectures.BranchStep;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>Inception v2 (BN-Inception). Ioffe, Szegedy 2015, arXiv:1502.03167, appendix, figure 5.</summary>
/// <remarks>
/// Image [N,224,224,3] → separable 7x7/2 (depth multiplier 8) → 1x1, 3x3 → ten inception modules with two 3x3
/// convolutions in place of a 5x5; 3c and 4e stride → global average → classes. Batch normalization (ε 1e-3) after
/// every convolution, no dropout (§4.2.1). For 4c and 4d the figure lists pool projections of 128, which its own output
/// column (576, and 1,024 after 4e) contradicts; 96, the authors' number, is used. Layers with strides pad
/// symmetrically and round up; average pools leave the padding out.
/// </remarks>
internal sealed class InceptionV2 : CnnArchitecture
{
    /// <summary>
    /// Figure 5: filters of 1x1, 3x3 reduce, 3x3, double 3x3 reduce, double 3x3, pool projection; without 1x1 and
    /// projection, a module that strides. The last module pools by maximum.
    /// </summary>
    private static readonly (string Name, int F1, int Reduce3, int F3, int ReduceDouble, int Double, int Pool)[] Table =
    [
        ("inception_3a", 64, 64, 64, 64, 96, 32),
        ("inception_3b", 64, 64, 96, 64, 96, 64),
        ("inception_3c", 0, 128, 160, 64, 96, 0),
        ("inception_4a", 224, 64, 96, 96, 128, 128),
        ("inception_4b", 192, 96, 128, 96, 128, 128),
        ("inception_4c", 160, 128, 160, 128, 160, 96),
        ("inception_4d", 96, 128, 192, 160, 192, 96),
        ("inception_4e", 0, 128, 192, 192, 256, 0),
        ("inception_5a", 352, 192, 320, 160, 224, 128),
        ("inception_5b", 352, 192, 320, 192, 224, 128),
    ];

    private InceptionV2() : base(new("inception_v2", "Inception v2 (BN-Inception)", 34, new(224, 224, 3), 32,
        new("Ioffe, Szegedy", 2015,
            "Batch normalization: accelerating deep network training by reducing internal covariate shift",
            new Uri("https://arxiv.org/abs/1502.03167"))))
    {
    }

    /// <summary>The network.</summary>
    public static InceptionV2 Instance { get; } = new();

    /// <inheritdoc/>
    internal override PixelScaling Pixels => PixelScaling.SignedUnitRange;

    /// <inheritdoc/>
    internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
    {
        var blocks = new InceptionBlocks(g, BatchNormEpsilonOverride ?? 1e-3f, StridedPadding(1), Padding.Same,
            Initializer.HeNormal);
        NodeOutput x = g.DepthwiseConv2D(image, kernel: 7, StridedPadding(3), "conv1/depthwise", strides: 2,
            multiplier: 8, Conv2DOptions.NoBias);
        x = g.MaxPool2D(blocks.Conv(x, "conv1/pointwise", 64, 1), window: 3, strides: 2, StridedPadding(1), "pool1");
        x = blocks.Conv(blocks.Conv(x, "conv2_reduce", 64, 1), "conv2", 192, 3);
        x = g.MaxPool2D(x, window: 3, strides: 2, StridedPadding(1), "pool2");
        foreach (var row in Table)
            x = blocks.Module(x, row.Name, row.F1 == 0 ? Striding(row.Reduce3, row.F3, row.ReduceDouble, row.Double)
                : Branches(row));
        x = g.GlobalAveragePool2D(x, "pool5");
        return new(x, g.Dense(x, classes, "fc"), []);
    }

    private static BranchStep[][] Branches((string Name, int F1, int Reduce3, int F3, int ReduceDouble, int Double,
        int Pool) row) =>
    [
        [Conv("1x1", row.F1, 1)],
        [Conv("3x3_reduce", row.Reduce3, 1), Conv("3x3", row.F3, 3)],
        [Conv("double_3x3_reduce", row.ReduceDouble, 1), Conv("double_3x3_1", row.Double, 3),
            Conv("double_3x3_2", row.Double, 3)],
        [row.Name == "inception_5b" ? MaxPool(name: "pool") : AveragePool("pool"), Conv("pool_proj", row.Pool, 1)],
    ];

    private static BranchStep[][] Striding(int reduce3, int filters3, int reduceDouble, int filtersDouble) =>
    [
        [Conv("3x3_reduce", reduce3, 1), Conv("3x3", filters3, 3, strides: 2)],
        [Conv("double_3x3_reduce", reduceDouble, 1), Conv("double_3x3_1", filtersDouble, 3),
            Conv("double_3x3_2", filtersDouble, 3, strides: 2)],
        [MaxPool(strides: 2, "pool")],
    ];
}
