using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>Residual and plain networks for small images. He, Zhang, Ren, Sun 2015, arXiv:1512.03385, §4.2, table 6.</summary>
/// <remarks>Image [N,32,32,3] → conv1 3x3 16 → 3 stages of n blocks with 16, 32, 64 filters → global average → classes; depth 6n+2. Shortcut option A (none in the plain ones): no parameters but the convolutions'.</remarks>
internal sealed class CifarResNet : CnnArchitecture
{
    private static readonly Publication He2015 = new("He, Zhang, Ren, Sun", 2015, "Deep residual learning for image recognition", new Uri("https://arxiv.org/abs/1512.03385"));

    private readonly Variant _variant;

    private CifarResNet(string family, string displayName, int depth, Shortcut shortcut)
        : base(new($"{family}{depth}_cifar", $"{displayName}-{depth} (CIFAR)", depth, new(32, 32, 3), 8, He2015)) =>
        _variant = Variant.Basic with { Shortcut = shortcut, Repeats = [(depth - 2) / 6, (depth - 2) / 6, (depth - 2) / 6] };

    /// <summary>ResNet-20; 269,722 parameters with ten classes.</summary>
    public static CifarResNet ResNet20 { get; } = Residual(20);
    /// <summary>ResNet-56; 853,018 parameters.</summary>
    public static CifarResNet ResNet56 { get; } = Residual(56);
    /// <summary>Plain-20: ResNet-20 without shortcuts.</summary>
    public static CifarResNet Plain20 { get; } = Plain(20);
    /// <summary>Plain-56: ResNet-56 without shortcuts.</summary>
    public static CifarResNet Plain56 { get; } = Plain(56);

    /// <summary>The depths of the paper, 20 to 110, and the plain networks of figure 6.</summary>
    public static IReadOnlyList<CifarResNet> All { get; } =
        [ResNet20, Residual(32), Residual(44), ResNet56, Residual(110), Plain20, Plain(32), Plain(44), Plain56];

    /// <summary>A residual network of any depth 6n+2.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The depth is not 8, 14, 20, ….</exception>
    public static CifarResNet Residual(int depth) => new("resnet", "ResNet", Checked(depth), Shortcut.Identity);

    /// <summary>A plain network of any depth 6n+2: the same layers without shortcuts.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The depth is not 8, 14, 20, ….</exception>
    public static CifarResNet Plain(int depth) => new("plain", "Plain", Checked(depth), Shortcut.None);

    /// <inheritdoc/>
    public override string? TorchName(string variable) => ResidualNames.TorchVariable(variable);

    /// <inheritdoc/>
    public override string TorchModule(string module) => ResidualNames.Node(module, _variant.Repeats);

    /// <inheritdoc/>
    internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
    {
        var blocks = new ResidualBlocks(g, _variant, StridedPadding, BatchNormEpsilonOverride ?? 1e-5f);
        NodeOutput x = g.ConvBnRelu(image, filters: 16, kernel: 3, Padding.Same, "conv1", epsilon: blocks.Epsilon);
        for (int stage = 0; stage < _variant.Repeats.Length; stage++)
            for (int i = 0; i < _variant.Repeats[stage]; i++)
                x = blocks.Add(x, filters: 16 << stage, strides: stage > 0 && i == 0 ? 2 : 1, $"conv{stage + 2}_{i + 1}");
        x = g.GlobalAveragePool2D(x, "pool");
        return new(x, g.Dense(x, classes, "fc"), []);
    }

    private static int Checked(int depth) => depth >= 8 && (depth - 2) % 6 == 0 ? depth
        : throw new ArgumentOutOfRangeException(nameof(depth), depth, "The depth must be 6n+2: 8, 14, 20, ….");
}
