using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.Layers;
using static Microsoft.ML.CnnZoo.Architectures.BranchStep;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>Inception v4. Szegedy, Ioffe, Vanhoucke, Alemi 2016, arXiv:1602.07261, figures 3 to 9.</summary>
/// <remarks>
/// Image [N,299,299,3] → stem → four modules A at 35x35 → reduction A → seven modules B at 17x17 → reduction B → three
/// modules C at 8x8 → global average → dropout 0.2 → classes. Batch normalization after every convolution (ε 1e-3);
/// average pools leave the padding out. 42,679,816 parameters with 1,000 classes.
/// </remarks>
internal sealed class InceptionV4 : CnnArchitecture
{
    internal static Publication Szegedy2016 { get; } =
        new("Szegedy, Ioffe, Vanhoucke, Alemi", 2016,
            "Inception-v4, Inception-ResNet and the impact of residual connections on learning",
            new Uri("https://arxiv.org/abs/1602.07261"));

    /// <summary>
    /// Parts in their order, which is their number in timm's <c>features</c>. Figure 9 (stem: three convolutions come
    /// first), 4, 7, 5, 8, 6.
    /// </summary>
    private static readonly (string Name, BranchStep[][] Branches)[] Modules =
    [
        ("mixed_3a", [[MaxPool(strides: 2, "maxpool")], [Conv("conv", 96, 3, strides: 2)]]),
        ("mixed_4a",
        [
            [Conv(64, 1), Conv(96, 3, padding: Padding.Valid)],
            [Conv(64, 1), Conv(64, (1, 7)), Conv(64, (7, 1)), Conv(96, 3, padding: Padding.Valid)],
        ]),
        ("mixed_5a", [[Conv("conv", 192, 3, strides: 2)], [MaxPool(strides: 2, "maxpool")]]),
        .. Repeat("inception_a", 4,
        [
            [Conv(96, 1)],
            [Conv(64, 1), Conv(96, 3)],
            [Conv(64, 1), Conv(96, 3), Conv(96, 3)],
            [AveragePool(), Conv(96, 1)],
        ]),
        ("reduction_a", [[Conv(384, 3, strides: 2)], [Conv(192, 1), Conv(224, 3), Conv(256, 3, strides: 2)],
            [MaxPool(strides: 2)]]),
        .. Repeat("inception_b", 7,
        [
            [Conv(384, 1)],
            [Conv(192, 1), Conv(224, (1, 7)), Conv(256, (7, 1))],
            [Conv(192, 1), Conv(192, (7, 1)), Conv(224, (1, 7)), Conv(224, (7, 1)), Conv(256, (1, 7))],
            [AveragePool(), Conv(128, 1)],
        ]),
        ("reduction_b",
        [
            [Conv(192, 1), Conv(192, 3, strides: 2)],
            [Conv(256, 1), Conv(256, (1, 7)), Conv(320, (7, 1)), Conv(320, 3, strides: 2)],
            [MaxPool(strides: 2)],
        ]),
        .. Repeat("inception_c", 3,
        [
            [Conv(256, 1)],
            [Conv("branch1_0", 384, 1), Split(Conv("branch1_1a", 256, (1, 3)), Conv("branch1_1b", 256, (3, 1)))],
            [Conv("branch2_0", 384, 1), Conv("branch2_1", 448, (3, 1)), Conv("branch2_2", 512, (1, 3)),
                Split(Conv("branch2_3a", 256, (1, 3)), Conv("branch2_3b", 256, (3, 1)))],
            [AveragePool(), Conv(256, 1)],
        ]),
    ];

    /// <summary>The parts in their order, the three convolutions of the stem among them.</summary>
    internal static IReadOnlyList<string> PartNames { get; } =
        ["conv2d_1a", "conv2d_2a", "conv2d_2b", .. Modules.Select(m => m.Name)];

    private InceptionV4() : base(new("inception_v4", "Inception v4", 76, new(299, 299, 3), 75, Szegedy2016))
    {
    }

    /// <summary>The network.</summary>
    public static InceptionV4 Instance { get; } = new();

    /// <inheritdoc/>
    internal override PixelScaling Pixels => PixelScaling.SignedUnitRange;

    /// <inheritdoc/>
    internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
    {
        var blocks = new InceptionBlocks(g, BatchNormEpsilonOverride ?? 1e-3f, Padding.Valid, Padding.Same,
            Initializer.HeNormal);
        NodeOutput x = blocks.Conv(image, "conv2d_1a", 32, 3, strides: 2);
        x = blocks.Conv(x, "conv2d_2a", 32, 3, padding: Padding.Valid);
        x = blocks.Conv(x, "conv2d_2b", 64, 3);
        foreach ((string name, BranchStep[][] branches) in Modules)
            x = blocks.Module(x, name, branches);
        x = g.Dropout(g.GlobalAveragePool2D(x, "pool"), 0.2f, "dropout");
        return new(x, g.Dense(x, classes, "fc"), []);
    }

    private static IEnumerable<(string, BranchStep[][])> Repeat(string name, int count, BranchStep[][] branches) =>
        Enumerable.Range(1, count).Select(i => ($"{name}{i}", branches));
}
