using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>
/// Densely connected networks. Huang, Liu, van der Maaten, Weinberger 2016, arXiv:1608.06993, tables 1 and 2.
/// </summary>
/// <remarks>
/// Every layer reads all feature maps before it in its block and adds growthRate of its own, in the order batch
/// normalization, ReLU, convolution. B: a 1x1 convolution to 4·growthRate before each 3x3. C: transitions halve the
/// channels. ImageNet forms are BC: [N,224,224,3] → 7x7/2 → 3x3/2 max pooling → 4 blocks; CIFAR: [N,32,32,3] → 3x3 → 3
/// blocks. Transition: 1x1, 2x2/2 average pooling.
/// </remarks>
internal sealed class DenseNet : CnnArchitecture
{
    private static readonly Publication Huang2016 = new("Huang, Liu, van der Maaten, Weinberger", 2016,
        "Densely connected convolutional networks", new Uri("https://arxiv.org/abs/1608.06993"));

    private readonly int[] _repeats;
    private readonly int _growthRate;
    private readonly int _firstFilters;
    private readonly bool _bottleneck;

    private DenseNet(string name, string displayName, int depth, int growthRate, int firstFilters, int[] repeats,
        bool bottleneck = true)
        : base(new(name, displayName, depth, repeats.Length == 4 ? new(224, 224, 3) : new(32, 32, 3),
            repeats.Length == 4 ? 32 : 8, Huang2016)) =>
        (_growthRate, _firstFilters, _repeats, _bottleneck) = (growthRate, firstFilters, repeats, bottleneck);

    // Table 1: growth rate, filters of the first convolution, layers per block. Parameters with 1,000 classes.
    public static DenseNet DenseNet121 { get; } = new("densenet121", "DenseNet-121", 121, 32, 64, [6, 12, 24, 16]); // 7,978,856
    public static DenseNet DenseNet161 { get; } = new("densenet161", "DenseNet-161", 161, 48, 96, [6, 12, 36, 24]); // 28,681,000
    public static DenseNet DenseNet169 { get; } = new("densenet169", "DenseNet-169", 169, 32, 64, [6, 12, 32, 32]); // 14,149,480
    public static DenseNet DenseNet201 { get; } = new("densenet201", "DenseNet-201", 201, 32, 64, [6, 12, 48, 32]); // 20,013,928
    // 33,337,704; 265 weighted layers by the paper's own counting.
    public static DenseNet DenseNet264 { get; } = new("densenet264", "DenseNet-264", 264, 32, 64, [6, 12, 64, 48]);

    // Table 2: L and k, CIFAR with ten classes.
    public static DenseNet Cifar40 { get; } = Cifar(40, 12, bottleneck: false);     // 1,019,722
    public static DenseNet Cifar100 { get; } = Cifar(100, 12, bottleneck: false);
    public static DenseNet CifarBC40 { get; } = Cifar(40, 12, bottleneck: true);
    public static DenseNet CifarBC100 { get; } = Cifar(100, 12, bottleneck: true);  // 769,162
    public static DenseNet CifarBC250 { get; } = Cifar(250, 24, bottleneck: true);
    public static DenseNet CifarBC190 { get; } = Cifar(190, 40, bottleneck: true);

    /// <summary>All variants.</summary>
    public static IReadOnlyList<DenseNet> All { get; } =
    [
        DenseNet121, DenseNet161, DenseNet169, DenseNet201, DenseNet264,
        Cifar40, Cifar100, CifarBC40, CifarBC100, CifarBC250, CifarBC190,
    ];

    /// <summary>A network for small images: three blocks of equal depth.</summary>
    /// <param name="depth">L: 3n+4, or 6n+4 with bottlenecks.</param>
    /// <param name="growthRate">k.</param>
    /// <param name="bottleneck">BC: bottlenecks, and transitions that halve the channels.</param>
    /// <exception cref="ArgumentOutOfRangeException">No n fits the depth.</exception>
    public static DenseNet Cifar(int depth, int growthRate, bool bottleneck)
    {
        int perBlock = (depth - 4) / (bottleneck ? 6 : 3);
        if (perBlock < 1 || (depth - 4) % (bottleneck ? 6 : 3) != 0)
            throw new ArgumentOutOfRangeException(nameof(depth), depth,
                $"The depth must be {(bottleneck ? 6 : 3)}n+4.");
        ArgumentOutOfRangeException.ThrowIfLessThan(growthRate, 1);
        string kind = bottleneck ? "_bc" : "";
        return new($"densenet{kind}{depth}_k{growthRate}_cifar",
            $"DenseNet{(bottleneck ? "-BC" : "")} (L={depth}, k={growthRate}, CIFAR)", depth, growthRate,
            bottleneck ? 2 * growthRate : 16, [perBlock, perBlock, perBlock], bottleneck);
    }

    internal bool IsCifar => _repeats.Length == 3;

    /// <inheritdoc/>
    internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
    {
        NodeOutput x = IsCifar ? Convolve(g, image, _firstFilters, 3, Padding.Same, "conv0")
            : Convolve(g, image, _firstFilters, 7, StridedPadding(3), "conv0", strides: 2);
        if (!IsCifar)
            x = g.MaxPool2D(BnRelu(g, x, "norm0", "relu0"), window: 3, strides: 2, StridedPadding(1), "pool0");
        (string block, string layer, string transition) = IsCifar ? ("block", "layer", "trans")
            : ("denseblock", "denselayer", "transition");
        for (int b = 0; b < _repeats.Length; b++)
        {
            using (g.Scope($"{block}{b + 1}"))
                for (int i = 0; i < _repeats[b]; i++)
                    using (g.Scope($"{layer}{i + 1}"))
                        x = g.Concat([x, Layer(g, x)], "concat"); // old maps first
            if (b < _repeats.Length - 1)
                using (g.Scope($"{transition}{b + 1}"))
                    x = Transition(g, x);
        }
        x = g.GlobalAveragePool2D(BnRelu(g, x, IsCifar ? "norm_final" : "norm5", "relu_final"), "pool_final");
        return new(x, g.Dense(x, classes, IsCifar ? "fc" : "classifier"), []);
    }

    private NodeOutput Transition(GraphBuilder g, NodeOutput x)
    {
        int filters = _bottleneck ? x.Channels / 2 : x.Channels;
        x = Convolve(g, BnRelu(g, x, "norm", "relu"), filters, 1, Padding.Valid, "conv");
        return g.AveragePool2D(x, window: 2, strides: 2, Padding.Valid, "pool");
    }

    private NodeOutput Layer(GraphBuilder g, NodeOutput x)
    {
        x = BnRelu(g, x, "norm1", "relu1");
        if (!_bottleneck)
            return Convolve(g, x, _growthRate, 3, Padding.Same, "conv1");
        x = Convolve(g, x, 4 * _growthRate, 1, Padding.Valid, "conv1");
        return Convolve(g, BnRelu(g, x, "norm2", "relu2"), _growthRate, 3, Padding.Same, "conv2");
    }

    private NodeOutput BnRelu(GraphBuilder g, NodeOutput x, string bn, string relu) =>
        g.Relu(g.BatchNormalization(x, bn, BatchNormEpsilonOverride ?? 1e-5f), relu);

    private static NodeOutput Convolve(GraphBuilder g, NodeOutput x, int filters, int kernel, Padding padding,
        string name, int strides = 1) =>
        g.Conv2D(x, filters, kernel, padding, name, strides,
            new() { UseBias = false, KernelInitializer = Initializer.HeNormal });
}
