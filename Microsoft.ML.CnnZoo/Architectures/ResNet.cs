using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>What stands beside a block's convolutions. He et al. 2015, §3.3 and §4.1.</summary>
internal enum Shortcut
{
    /// <summary>Nothing: a plain network.</summary>
    None,
    /// <summary>A: the identity, every second pixel where the block strides, zero channels appended where it widens.</summary>
    Identity,
    /// <summary>B: a 1×1 projection with batch normalization where the shape changes, else the identity.</summary>
    Projection,
    /// <summary>C: a projection in every block.</summary>
    AllProjections,
}

/// <summary>Residual networks for ImageNet. He, Zhang, Ren, Sun 2015, arXiv:1512.03385, table 1.</summary>
/// <remarks>
/// Image [N,224,224,3] → conv1 7x7/2 → 3x3/2 max pooling → conv2_x … conv5_x → global average → classes. Convolution, batch normalization (ε 1e-5), ReLU; y = relu(F(x) + shortcut).
/// "v1" strides in a bottleneck's first 1x1, as the paper; the unmarked bottlenecks in their 3x3 ("v1.5", as most weights). Wide: Zagoruyko, Komodakis 2016; ResNeXt: Xie et al. 2016.
/// </remarks>
internal sealed class ResNet : CnnArchitecture
{
    private static readonly Publication He2015 = new("He, Zhang, Ren, Sun", 2015, "Deep residual learning for image recognition", new Uri("https://arxiv.org/abs/1512.03385"));
    private static readonly Publication Zagoruyko2016 = new("Zagoruyko, Komodakis", 2016, "Wide residual networks", new Uri("https://arxiv.org/abs/1605.07146"));
    private static readonly Publication Xie2016 = new("Xie, Girshick, Dollár, Tu, He", 2016, "Aggregated residual transformations for deep neural networks", new Uri("https://arxiv.org/abs/1611.05431"));

    private readonly Variant _variant;

    private ResNet(string name, string displayName, int depth, int[] repeats, Variant variant, Publication? paper = null)
        : base(new(name, displayName, depth, new(224, 224, 3), 32, paper ?? He2015)) =>
        _variant = variant with { Repeats = repeats };

    // Table 1: repeats in conv2_x … conv5_x. Parameters with 1,000 classes.
    /// <summary>ResNet-18; 11,689,512 parameters.</summary>
    public static ResNet ResNet18 { get; } = new("resnet18", "ResNet-18", 18, [2, 2, 2, 2], Variant.Basic);
    /// <summary>ResNet-34; 21,797,672 parameters.</summary>
    public static ResNet ResNet34 { get; } = new("resnet34", "ResNet-34", 34, [3, 4, 6, 3], Variant.Basic);
    /// <summary>ResNet-50 (v1.5); 25,557,032 parameters.</summary>
    public static ResNet ResNet50 { get; } = new("resnet50", "ResNet-50", 50, [3, 4, 6, 3], Variant.Bottleneck);
    /// <summary>ResNet-101 (v1.5); 44,549,160 parameters.</summary>
    public static ResNet ResNet101 { get; } = new("resnet101", "ResNet-101", 101, [3, 4, 23, 3], Variant.Bottleneck);
    /// <summary>ResNet-152 (v1.5); 60,192,808 parameters.</summary>
    public static ResNet ResNet152 { get; } = new("resnet152", "ResNet-152", 152, [3, 8, 36, 3], Variant.Bottleneck);
    /// <summary>ResNet-50 as published; 25,557,032 parameters.</summary>
    public static ResNet ResNet50V1 { get; } = new("resnet50_v1", "ResNet-50 v1", 50, [3, 4, 6, 3], Variant.BottleneckV1);
    /// <summary>ResNet-101 as published; 44,549,160 parameters.</summary>
    public static ResNet ResNet101V1 { get; } = new("resnet101_v1", "ResNet-101 v1", 101, [3, 4, 23, 3], Variant.BottleneckV1);
    /// <summary>ResNet-152 as published; 60,192,808 parameters.</summary>
    public static ResNet ResNet152V1 { get; } = new("resnet152_v1", "ResNet-152 v1", 152, [3, 8, 36, 3], Variant.BottleneckV1);
    /// <summary>Wide ResNet-50-2: 3x3 convolutions twice as wide; 68,883,240 parameters.</summary>
    public static ResNet WideResNet50 { get; } = new("wide_resnet50_2", "Wide ResNet-50-2", 50, [3, 4, 6, 3], Variant.Bottleneck with { WidthMultiplier = 2 }, Zagoruyko2016);
    /// <summary>ResNeXt-50 (32×4d): cardinality 32; 25,028,904 parameters.</summary>
    public static ResNet ResNeXt50 { get; } = new("resnext50_32x4d", "ResNeXt-50 (32x4d)", 50, [3, 4, 6, 3], Variant.Bottleneck with { WidthMultiplier = 2, Cardinality = 32 }, Xie2016);

    /// <summary>All variants of this file: those above, the shortcut options A and C of §4.1, and the plain networks.</summary>
    public static IReadOnlyList<ResNet> All { get; } =
    [
        ResNet18, ResNet34, ResNet50, ResNet101, ResNet152, ResNet50V1, ResNet101V1, ResNet152V1,
        new("resnet18_v1_A", "ResNet-18 (option A)", 18, [2, 2, 2, 2], Variant.Basic with { Shortcut = Shortcut.Identity }),
        new("resnet18_v1_C", "ResNet-18 (option C)", 18, [2, 2, 2, 2], Variant.Basic with { Shortcut = Shortcut.AllProjections }),
        new("resnet34_v1_A", "ResNet-34 (option A)", 34, [3, 4, 6, 3], Variant.Basic with { Shortcut = Shortcut.Identity }),
        new("resnet34_v1_C", "ResNet-34 (option C)", 34, [3, 4, 6, 3], Variant.Basic with { Shortcut = Shortcut.AllProjections }),
        new("resnet50_v1_A", "ResNet-50 v1 (option A)", 50, [3, 4, 6, 3], Variant.BottleneckV1 with { Shortcut = Shortcut.Identity }),
        new("resnet50_v1_C", "ResNet-50 v1 (option C)", 50, [3, 4, 6, 3], Variant.BottleneckV1 with { Shortcut = Shortcut.AllProjections }),
        new("plain18", "Plain-18", 18, [2, 2, 2, 2], Variant.Basic with { Shortcut = Shortcut.None }),
        new("plain34", "Plain-34", 34, [3, 4, 6, 3], Variant.Basic with { Shortcut = Shortcut.None }),
        WideResNet50, ResNeXt50,
    ];

    /// <inheritdoc/>
    public override string? TorchName(string variable) => ResidualNames.TorchVariable(variable);

    /// <inheritdoc/>
    public override string TorchModule(string module) => ResidualNames.Node(module, _variant.Repeats);

    /// <inheritdoc/>
    internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
    {
        var blocks = new ResidualBlocks(g, _variant, StridedPadding, BatchNormEpsilonOverride ?? 1e-5f);
        NodeOutput x = g.ConvBnRelu(image, filters: 64, kernel: 7, StridedPadding(3), "conv1", strides: 2, blocks.Epsilon);
        x = g.MaxPool2D(x, window: 3, strides: 2, StridedPadding(1), "pool1");
        for (int stage = 0; stage < _variant.Repeats.Length; stage++)
            for (int i = 0; i < _variant.Repeats[stage]; i++)
                x = blocks.Add(x, filters: 64 << stage, strides: stage > 0 && i == 0 ? 2 : 1, $"conv{stage + 2}_{i + 1}");
        x = g.GlobalAveragePool2D(x, "pool5");
        return new(x, g.Dense(x, classes, "fc"), []);
    }
}
