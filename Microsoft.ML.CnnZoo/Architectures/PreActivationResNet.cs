using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>
/// Pre-activation residual networks ("ResNet v2"). He, Zhang, Ren, Sun 2016, arXiv:1603.05027, figure 1b, table 3.
/// </summary>
/// <remarks>
/// x + F(x), F = (batch normalization, ReLU, convolution) two or three times; a final batch normalization and ReLU.
/// Where the shape changes, a 1x1 projection of the activated input, without batch normalization; ResNet-110 has
/// shortcut option A. A bottleneck strides in its 3x3.
/// </remarks>
internal sealed class PreActivationResNet : CnnArchitecture
{
    private static readonly Publication He2016 = new("He, Zhang, Ren, Sun", 2016,
        "Identity mappings in deep residual networks", new Uri("https://arxiv.org/abs/1603.05027"));

    private readonly int[] _repeats;
    private readonly bool _bottleneck;
    private readonly bool _cifar;

    private PreActivationResNet(string name, string displayName, int depth, int[] repeats, bool bottleneck, bool cifar)
        : base(new(name, displayName, depth, cifar ? new(32, 32, 3) : new(224, 224, 3), cifar ? 8 : 32, He2016)) =>
        (_repeats, _bottleneck, _cifar) = (repeats, bottleneck, cifar);

    // Parameters with 1,000 classes; CIFAR with ten.
    public static PreActivationResNet ResNet50 { get; } = ImageNet(50, [3, 4, 6, 3]);    // 25,549,352
    public static PreActivationResNet ResNet101 { get; } = ImageNet(101, [3, 4, 23, 3]); // 44,541,480
    public static PreActivationResNet ResNet152 { get; } = ImageNet(152, [3, 8, 36, 3]); // 60,185,128
    public static PreActivationResNet CifarResNet110 { get; } = Cifar(110, bottleneck: false);
    public static PreActivationResNet CifarResNet164 { get; } = Cifar(164, bottleneck: true); // 1,703,258

    /// <summary>All variants.</summary>
    public static IReadOnlyList<PreActivationResNet> All { get; } = [ResNet50, ResNet101, ResNet152, CifarResNet110,
        CifarResNet164];

    internal IReadOnlyList<int> Repeats => _repeats;

    internal bool IsCifar => _cifar;

    /// <inheritdoc/>
    internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
    {
        NodeOutput x = _cifar
            ? Convolve(g, image, 16, 3, Padding.Same, "conv1", 1)
            : g.MaxPool2D(Convolve(g, image, 64, 7, StridedPadding(3), "conv1", 2), window: 3, strides: 2,
                StridedPadding(1), "pool1");
        for (int stage = 0; stage < _repeats.Length; stage++)
            for (int i = 0; i < _repeats[stage]; i++)
                using (g.Scope($"conv{stage + 2}_{i + 1}"))
                    x = Block(g, x, filters: (_cifar ? 16 : 64) << stage, strides: stage > 0 && i == 0 ? 2 : 1,
                        first: stage == 0 && i == 0);
        x = g.GlobalAveragePool2D(BnRelu(g, x, "bn", "relu"), "pool");
        return new(x, g.Dense(x, classes, "fc"), []);
    }

    private static PreActivationResNet ImageNet(int depth, int[] repeats) =>
        new($"resnet{depth}_v2", $"ResNet-{depth} v2", depth, repeats, bottleneck: true, cifar: false);

    private static PreActivationResNet Cifar(int depth, bool bottleneck) =>
        new($"resnet{depth}_v2_cifar", $"ResNet-{depth} v2 (CIFAR)", depth, [18, 18, 18], bottleneck, cifar: true);

    private NodeOutput Block(GraphBuilder g, NodeOutput x, int filters, int strides, bool first)
    {
        int channels = _bottleneck ? filters * 4 : filters;
        NodeOutput active = BnRelu(g, x, "a/bn", "a/relu");
        NodeOutput shortcut = strides == 1 && x.Channels == channels
            ? (first ? active : x) // appendix: the first unit activates before the paths part
            : _bottleneck ? Convolve(g, active, channels, 1, Padding.Valid, "shortcut", strides)
            : ResidualBlocks.SubsampleAndPad(g, x, channels, strides);
        NodeOutput y = _bottleneck ? Convolve(g, active, filters, 1, Padding.Valid, "a", 1)
            : Convolve(g, active, filters, 3, Pad3(strides), "a", strides);
        y = BnRelu(g, y, "b/bn", "b/relu");
        y = _bottleneck ? Convolve(g, y, filters, 3, Pad3(strides), "b", strides)
            : Convolve(g, y, filters, 3, Padding.Same, "b", 1);
        if (_bottleneck)
            y = Convolve(g, BnRelu(g, y, "c/bn", "c/relu"), channels, 1, Padding.Valid, "c", 1);
        return g.Add(y, shortcut, "sum");
    }

    private NodeOutput BnRelu(GraphBuilder g, NodeOutput x, string bn, string relu) =>
        g.Relu(g.BatchNormalization(x, bn, BatchNormEpsilonOverride ?? 1e-5f), relu);

    private Padding Pad3(int strides) => strides == 1 ? Padding.Same : StridedPadding(1);

    private static NodeOutput Convolve(GraphBuilder g, NodeOutput x, int filters, int kernel, Padding padding,
        string name, int strides) =>
        g.Conv2D(x, filters, kernel, padding, name, strides,
            new() { UseBias = false, KernelInitializer = Initializer.HeNormalFanOut });
}
