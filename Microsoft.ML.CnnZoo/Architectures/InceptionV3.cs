using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.Layers;
using static Microsoft.ML.CnnZoo.Architectures.BranchStep;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>
/// Inception v3. Szegedy, Vanhoucke, Ioffe, Shlens, Wojna 2015, arXiv:1512.00567, table 1 and figures 5 to 7, in the
/// form of its authors' code that torchvision has.
/// </summary>
/// <remarks>
/// Image [N,299,299,3] → stem → three modules at 35x35 (5x5 beside a double 3x3) → four at 17x17 (7x7 as 1x7 and 7x1) →
/// two at 8x8 (3x3 split into 1x3 beside 3x1) → global average → dropout → classes. Batch normalization after every
/// convolution (ε 1e-3); padding counts as zeros in average pools, and is left out with TensorFlow's. In training an
/// auxiliary classifier with batch normalization reads Mixed_6e with weight 0.4; its 5x5 pool and 5x5 convolution shrink
/// to the image where that is smaller than 299x299.
/// </remarks>
internal sealed class InceptionV3 : CnnArchitecture
{
    private const float AuxiliaryWeight = 0.4f;

    private static readonly (string Name, BranchStep[][] Branches)[] Modules =
    [
        ("Mixed_5b", A(poolFilters: 32)), ("Mixed_5c", A(poolFilters: 64)), ("Mixed_5d", A(poolFilters: 64)),
        ("Mixed_6a",
        [
            [Conv("branch3x3", 384, 3, strides: 2)],
            [Conv("branch3x3dbl_1", 64, 1), Conv("branch3x3dbl_2", 96, 3), Conv("branch3x3dbl_3", 96, 3, strides: 2)],
            [MaxPool(strides: 2, "branch_pool")],
        ]),
        ("Mixed_6b", B(filters7: 128)), ("Mixed_6c", B(filters7: 160)), ("Mixed_6d", B(filters7: 160)),
        ("Mixed_6e", B(filters7: 192)),
        ("Mixed_7a",
        [
            [Conv("branch3x3_1", 192, 1), Conv("branch3x3_2", 320, 3, strides: 2)],
            [Conv("branch7x7x3_1", 192, 1), Conv("branch7x7x3_2", 192, (1, 7)), Conv("branch7x7x3_3", 192, (7, 1)),
                Conv("branch7x7x3_4", 192, 3, strides: 2)],
            [MaxPool(strides: 2, "branch_pool")],
        ]),
        ("Mixed_7b", C()), ("Mixed_7c", C()),
    ];

    private InceptionV3() : base(new("inception_v3", "Inception v3", 42, new(299, 299, 3), 75,
        new("Szegedy, Vanhoucke, Ioffe, Shlens, Wojna", 2015,
            "Rethinking the Inception architecture for computer vision",
            new Uri("https://arxiv.org/abs/1512.00567")))) => HasAuxiliaries = true;

    /// <summary>
    /// The network; 23,834,568 parameters with 1,000 classes, 27,161,264 with the auxiliary classifier.
    /// </summary>
    public static InceptionV3 Instance { get; } = new();

    /// <summary>With and without the auxiliary classifier.</summary>
    public static IReadOnlyList<CnnArchitecture> All { get; } = [Instance, Instance.WithoutAuxiliaries()];

    /// <inheritdoc/>
    public override float LabelSmoothing => 0.1f;

    /// <inheritdoc/>
    internal override PixelScaling Pixels => PixelScaling.SignedUnitRange;

    /// <inheritdoc/>
    internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
    {
        var blocks = new InceptionBlocks(g, BatchNormEpsilonOverride ?? 1e-3f, Padding.Valid,
            TensorFlowPadding ? Padding.Same : Padding.Symmetric(1), Initializer.TruncatedNormal(0.1f));
        var auxiliary = new List<AuxiliaryOutput>();
        NodeOutput x = blocks.Conv(image, "Conv2d_1a_3x3", 32, 3, strides: 2);
        x = blocks.Conv(x, "Conv2d_2a_3x3", 32, 3, padding: Padding.Valid);
        x = blocks.Conv(x, "Conv2d_2b_3x3", 64, 3);
        x = g.MaxPool2D(x, window: 3, strides: 2, Padding.Valid, "maxpool1");
        x = blocks.Conv(x, "Conv2d_3b_1x1", 80, 1);
        x = blocks.Conv(x, "Conv2d_4a_3x3", 192, 3, padding: Padding.Valid);
        x = g.MaxPool2D(x, window: 3, strides: 2, Padding.Valid, "maxpool2");
        foreach ((string name, BranchStep[][] branches) in Modules)
        {
            x = blocks.Module(x, name, branches);
            if (name == "Mixed_6e" && BuildsAuxiliaries(g))
                auxiliary.Add(new(Auxiliary(g, blocks, x, classes), AuxiliaryWeight));
        }
        x = g.Dropout(g.GlobalAveragePool2D(x, "avgpool"), 0.5f, "dropout");
        return new(x, g.Dense(x, classes, "fc"), auxiliary);
    }

    /// <summary>Figure 8, with batch normalization (§6).</summary>
    private static NodeOutput Auxiliary(GraphBuilder g, InceptionBlocks blocks, NodeOutput x, int classes)
    {
        using (g.Scope("AuxLogits"))
        {
            x = g.AveragePool2D(x, window: (Math.Min(5, x.Height), Math.Min(5, x.Width)), strides: 3, Padding.Valid,
                "pool");
            x = blocks.Conv(x, "conv0", 128, 1);
            x = blocks.Conv(x, "conv1", 768, (Math.Min(5, x.Height), Math.Min(5, x.Width)), padding: Padding.Valid);
            return g.Dense(g.GlobalAveragePool2D(x, "avgpool"), classes, "fc",
                kernelInitializer: Initializer.TruncatedNormal(0.001f));
        }
    }

    /// <summary>Figure 5.</summary>
    private static BranchStep[][] A(int poolFilters) =>
    [
        [Conv("branch1x1", 64, 1)],
        [Conv("branch5x5_1", 48, 1), Conv("branch5x5_2", 64, 5)],
        [Conv("branch3x3dbl_1", 64, 1), Conv("branch3x3dbl_2", 96, 3), Conv("branch3x3dbl_3", 96, 3)],
        [AveragePool("pool"), Conv("branch_pool", poolFilters, 1)],
    ];

    /// <summary>Figure 6, n = 7.</summary>
    private static BranchStep[][] B(int filters7) =>
    [
        [Conv("branch1x1", 192, 1)],
        [Conv("branch7x7_1", filters7, 1), Conv("branch7x7_2", filters7, (1, 7)), Conv("branch7x7_3", 192, (7, 1))],
        [
            Conv("branch7x7dbl_1", filters7, 1), Conv("branch7x7dbl_2", filters7, (7, 1)),
                Conv("branch7x7dbl_3", filters7, (1, 7)),
            Conv("branch7x7dbl_4", filters7, (7, 1)), Conv("branch7x7dbl_5", 192, (1, 7)),
        ],
        [AveragePool("pool"), Conv("branch_pool", 192, 1)],
    ];

    /// <summary>Figure 7.</summary>
    private static BranchStep[][] C() =>
    [
        [Conv("branch1x1", 320, 1)],
        [Conv("branch3x3_1", 384, 1), Split(Conv("branch3x3_2a", 384, (1, 3)), Conv("branch3x3_2b", 384, (3, 1)))],
        [Conv("branch3x3dbl_1", 448, 1), Conv("branch3x3dbl_2", 384, 3),
            Split(Conv("branch3x3dbl_3a", 384, (1, 3)), Conv("branch3x3dbl_3b", 384, (3, 1)))],
        [AveragePool("pool"), Conv("branch_pool", 192, 1)],
    ];
}
