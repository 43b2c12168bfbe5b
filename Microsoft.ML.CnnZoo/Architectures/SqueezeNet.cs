using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>SqueezeNet. Iandola, Han, Moskewicz, Ashraf, Dally, Keutzer 2016, arXiv:1602.07360, table 1.</summary>
/// <remarks>
/// Image [N,224,224,3] → conv1 → eight fire modules (1x1 squeeze, then 1x1 and 3x3 expand side by side; ReLU) with
/// 3x3/2 max pooling between, rounded up → dropout 0.5 → conv10 1x1, ReLU → global average: the logits. 1.1 (the
/// authors' later form) has a smaller conv1 and pools earlier: 2.4 times fewer multiply-adds. The paper does not say how
/// biases start: conv10's are 1, others 0.
/// </remarks>
internal sealed class SqueezeNet : CnnArchitecture
{
    private static readonly Publication Iandola2016 = new("Iandola, Han, Moskewicz, Ashraf, Dally, Keutzer", 2016,
        "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size",
        new Uri("https://arxiv.org/abs/1602.07360"));

    /// <summary>Squeeze filters of fire2 … fire9; each expand half has four times as many.</summary>
    private static readonly int[] Squeeze = [16, 16, 32, 32, 48, 48, 64, 64];

    private readonly int _filters;
    private readonly int _kernel;
    private readonly int[] _pooledBefore;

    private SqueezeNet(string name, string displayName, int filters, int kernel, int[] pooledBefore, int minimum)
        : base(new(name, displayName, 18, new(224, 224, 3), minimum, Iandola2016)) =>
        (_filters, _kernel, _pooledBefore) = (filters, kernel, pooledBefore);

    /// <summary>SqueezeNet 1.0; 1,248,424 parameters with 1,000 classes.</summary>
    public static SqueezeNet V10 { get; } = new("squeezenet", "SqueezeNet", 96, 7, [2, 5, 9], 21);

    /// <summary>SqueezeNet 1.1; 1,235,496 parameters.</summary>
    public static SqueezeNet V11 { get; } = new("squeezenet1_1", "SqueezeNet 1.1", 64, 3, [2, 4, 6], 17);

    internal IReadOnlyList<int> PooledBefore => _pooledBefore;

    /// <inheritdoc/>
    internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
    {
        NodeOutput x = Conv(g, image, _filters, _kernel, Padding.Valid, "conv1", strides: 2);
        for (int fire = 2; fire <= 9; fire++)
        {
            if (_pooledBefore.Contains(fire))
                x = g.MaxPool2D(x, window: 3, strides: 2, PoolingLayers.CeilPadding(x, 3, 2), $"pool{fire}");
            using (g.Scope($"fire{fire}"))
                x = Fire(g, x, Squeeze[fire - 2]);
        }
        x = Conv(g, g.Dropout(x, 0.5f, "dropout"), classes, 1, Padding.Valid, "conv10", bias: Initializer.RectifiedScores);
        return new(x, g.GlobalAveragePool2D(x, "pool10"), []);
    }

    private static NodeOutput Fire(GraphBuilder g, NodeOutput x, int squeeze)
    {
        x = Conv(g, x, squeeze, 1, Padding.Valid, "squeeze");
        return g.Concat([Conv(g, x, squeeze * 4, 1, Padding.Valid, "expand1x1"),
            Conv(g, x, squeeze * 4, 3, Padding.Symmetric(1), "expand3x3")], "concat");
    }

    private static NodeOutput Conv(GraphBuilder g, NodeOutput x, int filters, int kernel, Padding padding, string name,
        int strides = 1, Initializer? bias = null) =>
        g.Relu(g.Conv2D(x, filters, kernel, padding, name, strides,
            new() { KernelInitializer = Initializer.HeNormal, BiasInitializer = bias ?? Initializer.Zeros }), $"{name}/relu");
}
