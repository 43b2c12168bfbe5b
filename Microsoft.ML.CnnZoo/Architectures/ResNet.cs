using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>What stands beside a block's convolutions. He et al. 2015, §3.3 and §4.1.</summary>
internal enum Shortcut
{
    /// <summary>Nothing: a plain network.</summary>
    None,
    /// <summary>
    /// A: the identity, every second pixel where the block strides, zero channels appended where it widens.
    /// </summary>
    Identity,
    /// <summary>B: a 1×1 projection with batch normalization where the shape changes, else the identity.</summary>
    Projection,
    /// <summary>C: a projection in every block.</summary>
    AllProjections,
}

/// <summary>Residual networks for ImageNet. He, Zhang, Ren, Sun 2015, arXiv:1512.03385, table 1.</summary>
/// <remarks>
/// Image [N,224,224,3] → conv1 7x7/2 → 3x3/2 max pooling → conv2_x … conv5_x → global average → classes. Convolution,
/// batch normalization (ε 1e-5), ReLU; y = relu(F(x) + shortcut). A bottleneck strides in its first 1x1, as in the
/// paper; torchvision's in its 3x3 ("v1.5", which most pretrained weights belong to), and so do the wide one and
/// ResNeXt. Wide: Zagoruyko, Komodakis 2016; ResNeXt: Xie et al. 2016.
/// </remarks>
internal sealed class ResNet : CnnArchitecture
{
    internal static readonly Publication He2015 = new("He, Zhang, Ren, Sun", 2015,
        "Deep residual learning for image recognition", new Uri("https://arxiv.org/abs/1512.03385"));
    private static readonly Publication Zagoruyko2016 = new("Zagoruyko, Komodakis", 2016, "Wide residual networks",
        new Uri("https://arxiv.org/abs/1605.07146"));
    private static readonly Publication Xie2016 = new("Xie, Girshick, Dollár, Tu, He", 2016,
        "Aggregated residual transformations for deep neural networks", new Uri("https://arxiv.org/abs/1611.05431"));

    private readonly Variant _variant;

    private ResNet(string name, string displayName, int depth, int[] repeats, Variant variant,
        Publication? paper = null)
        : base(new(name, displayName, depth, new(224, 224, 3), 32, paper ?? He2015)) =>
        _variant = variant with { Repeats = repeats };

    // Table 1: repeats in conv2_x … conv5_x. Parameters with 1,000 classes.
    public static ResNet ResNet18 { get; } = new("resnet18", "ResNet-18", 18, [2, 2, 2, 2], Variant.Basic); // 11,689,512
    public static ResNet ResNet34 { get; } = new("resnet34", "ResNet-34", 34, [3, 4, 6, 3], Variant.Basic); // 21,797,672
    public static ResNet ResNet50 { get; } = new("resnet50", "ResNet-50", 50, [3, 4, 6, 3], Variant.BottleneckV1); // 25,557,032
    public static ResNet ResNet101 { get; } = new("resnet101", "ResNet-101", 101, [3, 4, 23, 3], Variant.BottleneckV1); // 44,549,160
    public static ResNet ResNet152 { get; } = new("resnet152", "ResNet-152", 152, [3, 8, 36, 3], Variant.BottleneckV1); // 60,192,808
    public static ResNet ResNet50Torchvision { get; } = Torchvision(50, [3, 4, 6, 3]);    // 25,557,032
    public static ResNet ResNet101Torchvision { get; } = Torchvision(101, [3, 4, 23, 3]); // 44,549,160
    public static ResNet ResNet152Torchvision { get; } = Torchvision(152, [3, 8, 36, 3]); // 60,192,808

    // §4.1: shortcut options A and C, and the plain networks.
    public static ResNet ResNet18OptionA { get; } = Option("A", 18, [2, 2, 2, 2], Variant.Basic, Shortcut.Identity);
    public static ResNet ResNet18OptionC { get; } = Option("C", 18, [2, 2, 2, 2], Variant.Basic, Shortcut.AllProjections);
    public static ResNet ResNet34OptionA { get; } = Option("A", 34, [3, 4, 6, 3], Variant.Basic, Shortcut.Identity);
    public static ResNet ResNet34OptionC { get; } = Option("C", 34, [3, 4, 6, 3], Variant.Basic, Shortcut.AllProjections);
    public static ResNet ResNet50OptionA { get; } = Option("A", 50, [3, 4, 6, 3], Variant.BottleneckV1, Shortcut.Identity);
    public static ResNet ResNet50OptionC { get; } = Option("C", 50, [3, 4, 6, 3], Variant.BottleneckV1, Shortcut.AllProjections);
    public static ResNet Plain18 { get; } =
        new("plain18", "Plain-18", 18, [2, 2, 2, 2], Variant.Basic with { Shortcut = Shortcut.None });
    public static ResNet Plain34 { get; } =
        new("plain34", "Plain-34", 34, [3, 4, 6, 3], Variant.Basic with { Shortcut = Shortcut.None });

    // 3x3 convolutions twice as wide, 68,883,240 parameters; the same in 32 groups, 25,028,904.
    public static ResNet WideResNet50 { get; } = new("wide_resnet50_2", "Wide ResNet-50-2", 50, [3, 4, 6, 3],
        Variant.Bottleneck with { WidthMultiplier = 2 }, Zagoruyko2016);
    public static ResNet ResNeXt50 { get; } = new("resnext50_32x4d", "ResNeXt-50 (32x4d)", 50, [3, 4, 6, 3],
        Variant.Bottleneck with { WidthMultiplier = 2, Cardinality = 32 }, Xie2016);

    /// <summary>All variants of this file.</summary>
    public static IReadOnlyList<ResNet> All { get; } =
    [
        ResNet18, ResNet34, ResNet50, ResNet101, ResNet152, ResNet50Torchvision, ResNet101Torchvision,
        ResNet152Torchvision, ResNet18OptionA, ResNet18OptionC, ResNet34OptionA, ResNet34OptionC, ResNet50OptionA,
        ResNet50OptionC, Plain18, Plain34, WideResNet50, ResNeXt50,
    ];

    internal IReadOnlyList<int> Repeats => _variant.Repeats;

    /// <inheritdoc/>
    internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
    {
        var blocks = new ResidualBlocks(g, _variant, StridedPadding, BatchNormEpsilonOverride ?? 1e-5f);
        NodeOutput x = g.ConvBnRelu(image, filters: 64, kernel: 7, StridedPadding(3), "conv1", strides: 2,
            blocks.Epsilon);
        x = g.MaxPool2D(x, window: 3, strides: 2, StridedPadding(1), "pool1");
        for (int stage = 0; stage < _variant.Repeats.Length; stage++)
            for (int i = 0; i < _variant.Repeats[stage]; i++)
                x = blocks.Add(x, filters: 64 << stage, strides: stage > 0 && i == 0 ? 2 : 1,
                    $"conv{stage + 2}_{i + 1}");
        x = g.GlobalAveragePool2D(x, "pool5");
        return new(x, g.Dense(x, classes, "fc"), []);
    }

    private static ResNet Torchvision(int depth, int[] repeats) =>
        new($"resnet{depth}_torchvision", $"ResNet-{depth} (torchvision)", depth, repeats, Variant.Bottleneck);

    private static ResNet Option(string option, int depth, int[] repeats, Variant variant, Shortcut shortcut) =>
        new($"resnet{depth}_option_{option.ToLowerInvariant()}", $"ResNet-{depth} (option {option})", depth, repeats,
            variant with { Shortcut = shortcut });
}
