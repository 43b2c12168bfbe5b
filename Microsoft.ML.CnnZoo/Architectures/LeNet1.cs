using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>
/// LeNet-1. LeCun, Boser, Denker, Henderson, Howard, Hubbard, Jackel 1990, "Handwritten digit recognition with a
/// back-propagation network", NIPS 2.
/// </summary>
/// <remarks>
/// Image [N,28,28,1] → H1 4@5x5 → H2 subsampling → H3 12@5x5 by table → H4 subsampling → classes. 2,578 parameters with
/// ten classes. 1.7159·tanh(2x/3) after H1 to H4. Departs from the paper: softmax in place of squashed outputs and
/// squared error.
/// </remarks>
internal sealed class LeNet1 : CnnArchitecture
{
    private LeNet1() : base(new("lenet1", "LeNet-1", 5, new(28, 28, 1), 16,
        new("LeCun, Boser, Denker, Henderson, Howard, Hubbard, Jackel", 1990,
        "Handwritten digit recognition with a back-propagation network",
            new Uri("https://proceedings.neurips.cc/paper/1989/hash/53c3bce66e43be4f209556518c2fcb54-Abstract.html"))))
    {
    }

    /// <summary>The network.</summary>
    public static LeNet1 Instance { get; } = new();

    /// <summary>The maps of H2 that each map of H3 sees.</summary>
    public static IReadOnlyList<IReadOnlyList<int>> H3Connections { get; } =
        [[0], [0, 1], [0, 1], [1], [0, 1], [0, 1], [2], [2, 3], [2, 3], [3], [2, 3], [2, 3]];

    /// <inheritdoc/>
    internal override PixelScaling Pixels => PixelScaling.LeCun1998;

    /// <inheritdoc/>
    internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
    {
        var options = new Conv2DOptions { KernelInitializer = Initializer.LeCun1998 };
        NodeOutput x = g.ScaledTanh(g.Conv2D(image, filters: 4, kernel: 5, Padding.Valid, "h1", options: options),
            "h1_squash");
        x = g.ScaledTanh(g.TrainableSubsampling(x, window: 2, "h2"), "h2_squash");
        x = g.ScaledTanh(g.MaskedConv2D(x, H3Connections, kernel: 5, Padding.Valid, "h3", options), "h3_squash");
        x = g.Flatten(g.ScaledTanh(g.TrainableSubsampling(x, window: 2, "h4"), "h4_squash"), "flatten");
        return new(x, g.Dense(x, classes, "out", kernelInitializer: Initializer.LeCun1998), []);
    }
}
