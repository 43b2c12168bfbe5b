using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>
/// Residual and plain networks for small images. He, Zhang, Ren, Sun 2015, arXiv:1512.03385, §4.2, table 6.
/// </summary>
/// <remarks>
/// Image [N,32,32,3] → conv1 3x3 16 → 3 stages of n blocks with 16, 32, 64 filters → global average → classes; depth
/// 6n+2. Shortcut option A (none in the plain ones): no parameters but the convolutions'.
/// </remarks>
internal sealed class CifarResNet : CnnArchitecture
{
    private readonly Variant _variant;

    private CifarResNet(string family, string displayName, int depth, Shortcut shortcut)
        : base(new($"{family}{depth}_cifar", $"{displayName}-{depth} (CIFAR)", depth, new(32, 32, 3), 8,
            ResNet.He2015)) =>
        _variant = Variant.Basic with { Shortcut = shortcut,
            Repeats = [(depth - 2) / 6, (depth - 2) / 6, (depth - 2) / 6] };

    // Parameters with ten classes. The depths of table 6, and the plain networks of figure 6: the same without
    // shortcuts.
    public static CifarResNet ResNet20 { get; } = Residual(20);   // 269,722
    public static CifarResNet ResNet32 { get; } = Residual(32);   // 464,154
    public static CifarResNet ResNet44 { get; } = Residual(44);   // 658,586
    public static CifarResNet ResNet56 { get; } = Residual(56);   // 853,018
    public static CifarResNet ResNet110 { get; } = Residual(110); // 1,727,962
    public static CifarResNet Plain20 { get; } = Plain(20);
    public static CifarResNet Plain32 { get; } = Plain(32);
    public static CifarResNet Plain44 { get; } = Plain(44);
    public static CifarResNet Plain56 { get; } = Plain(56);

    /// <summary>All variants.</summary>
    public static IReadOnlyList<CifarResNet> All { get; } =
        [ResNet20, ResNet32, ResNet44, ResNet56, ResNet110, Plain20, Plain32, Plain44, Plain56];

    /// <summary>A residual network of any depth 6n+2.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The depth is not 8, 14, 20, ….</exception>
    public static CifarResNet Residual(int depth) => new("resnet", "ResNet", Checked(depth), Shortcut.Identity);

    /// <summary>A plain network of any depth 6n+2: the same layers without shortcuts.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The depth is not 8, 14, 20, ….</exception>
    public static CifarResNet Plain(int depth) => new("plain", "Plain", Checked(depth), Shortcut.None);

    internal IReadOnlyList<int> Repeats => _variant.Repeats;

    /// <inheritdoc/>
    internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
    {
        var blocks = new ResidualBlocks(g, _variant, StridedPadding, BatchNormEpsilonOverride ?? 1e-5f);
        NodeOutput x = g.ConvBnRelu(image, filters: 16, kernel: 3, Padding.Same, "conv1", epsilon: blocks.Epsilon);
        for (int stage = 0; stage < _variant.Repeats.Length; stage++)
            for (int i = 0; i < _variant.Repeats[stage]; i++)
                x = blocks.Add(x, filters: 16 << stage, strides: stage > 0 && i == 0 ? 2 : 1,
                    $"conv{stage + 2}_{i + 1}");
        x = g.GlobalAveragePool2D(x, "pool");
        return new(x, g.Dense(x, classes, "fc"), []);
    }

    private static int Checked(int depth) => depth >= 8 && (depth - 2) % 6 == 0 ? depth
        : throw new ArgumentOutOfRangeException(nameof(depth), depth, "The depth must be 6n+2: 8, 14, 20, ….");
}
