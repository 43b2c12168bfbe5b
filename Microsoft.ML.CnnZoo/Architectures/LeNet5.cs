using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>
/// LeNet-5 as published. LeCun, Bottou, Bengio, Haffner 1998, "Gradient-based learning applied to document
/// recognition", §II.B, figure 2, table I.
/// </summary>
/// <remarks>
/// Image [N,32,32,1] → C1 6@5x5 (156 parameters) → S2 (12) → C3 16@5x5 by table I (1,516) → S4 (32) → C5 120@5x5
/// (48,120) → F6 84 (10,164) → RBF penalties [N,classes]. 60,000 trainable parameters. 1.7159·tanh(2x/3) after every
/// layer up to F6. Departs from the paper: the codes are fixed random ±1, one per class, not 7x12 bitmaps of the
/// characters.
/// </remarks>
internal sealed class LeNet5 : CnnArchitecture
{
    internal static Publication Publication { get; } = new("LeCun, Bottou, Bengio, Haffner", 1998,
        "Gradient-based learning applied to document recognition", new Uri("https://doi.org/10.1109/5.726791"));

    private LeNet5() : base(new("lenet5", "LeNet-5", 7, new(32, 32, 1), 32, Publication)) { }

    /// <summary>The network.</summary>
    public static LeNet5 Instance { get; } = new();

    /// <summary>Table I: the maps of S2 that each map of C3 sees.</summary>
    public static IReadOnlyList<IReadOnlyList<int>> C3Connections { get; } =
    [
        [0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [0, 4, 5], [0, 1, 5],
        [0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5], [0, 3, 4, 5], [0, 1, 4, 5], [0, 1, 2, 5],
        [0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5],
        [0, 1, 2, 3, 4, 5],
    ];

    /// <inheritdoc/>
    internal override OutputKind Output => OutputKind.RbfPenalty;
    /// <inheritdoc/>
    internal override PixelScaling Pixels => PixelScaling.LeCun1998;

    /// <inheritdoc/>
    internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
    {
        var options = new Conv2DOptions { KernelInitializer = Initializer.LeCun1998 };
        NodeOutput x = g.ScaledTanh(g.Conv2D(image, filters: 6, kernel: 5, Padding.Valid, "c1", options: options),
            "c1_squash");
        x = g.ScaledTanh(g.TrainableSubsampling(x, window: 2, "s2"), "s2_squash");
        x = g.ScaledTanh(g.MaskedConv2D(x, C3Connections, kernel: 5, Padding.Valid, "c3", options), "c3_squash");
        x = g.ScaledTanh(g.TrainableSubsampling(x, window: 2, "s4"), "s4_squash");
        x = g.ScaledTanh(g.Conv2D(x, filters: 120, kernel: 5, Padding.Valid, "c5", options: options), "c5_squash");
        x = g.Dense(g.Flatten(x, "flatten"), 84, "f6", kernelInitializer: Initializer.LeCun1998);
        x = g.ScaledTanh(x, "f6_squash");
        return new(x, g.RbfOutput(x, classes, "rbf"), []);
    }
}
