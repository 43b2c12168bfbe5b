using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.Layers;
using static Microsoft.ML.CnnZoo.Architectures.BranchStep;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>GoogLeNet (Inception v1). Szegedy et al. 2014, arXiv:1409.4842, table 1 and figure 2.</summary>
/// <remarks>
/// Image [N,224,224,3] → 7x7/2 → 1x1, 3x3 → nine inception modules, with 3x3/2 max pooling (rounded up) between →
/// global average → dropout → classes. In training two auxiliary classifiers read modules 4a and 4d, each with weight
/// 0.3. The paper gives no constants for its local response normalization: Caffe's are used (n 5, k 1, alpha 2e-5
/// undivided, beta 0.75), and Caffe's order. An auxiliary classifier's 5x5/3 pool shrinks to the image where that is
/// smaller.
/// </remarks>
internal sealed class GoogLeNet : CnnArchitecture
{
    private static readonly Publication Szegedy2014 = new(
        "Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke, Rabinovich", 2014,
        "Going deeper with convolutions", new Uri("https://arxiv.org/abs/1409.4842"));

    private const float AuxiliaryWeight = 0.3f;

    /// <summary>Table 1: filters of 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection.</summary>
    private static readonly (string Name, int F1, int Reduce3, int F3, int Reduce5, int F5, int Pool)[] Table =
    [
        ("inception_3a", 64, 96, 128, 16, 32, 32),
        ("inception_3b", 128, 128, 192, 32, 96, 64),
        ("inception_4a", 192, 96, 208, 16, 48, 64),
        ("inception_4b", 160, 112, 224, 24, 64, 64),
        ("inception_4c", 128, 128, 256, 24, 64, 64),
        ("inception_4d", 112, 144, 288, 32, 64, 64),
        ("inception_4e", 256, 160, 320, 32, 128, 128),
        ("inception_5a", 256, 160, 320, 32, 128, 128),
        ("inception_5b", 384, 192, 384, 48, 128, 128),
    ];

    private readonly Form _form;

    private GoogLeNet(string name, string displayName, Form form, int minimum, bool auxiliaries)
        : base(new(name, displayName, 22, new(224, 224, 3), minimum, Szegedy2014)) =>
        (_form, HasAuxiliaries) = (form, auxiliaries);

    private enum Form { Original, Naive, BatchNormalized }

    /// <summary>
    /// As published; 6,998,552 parameters with 1,000 classes, 13,378,280 with the auxiliary classifiers.
    /// </summary>
    public static GoogLeNet Original { get; } = new("googlenet", "GoogLeNet", Form.Original, 31, auxiliaries: true);

    /// <summary>
    /// With the naive module of figure 2(a), which has no 1x1 convolutions before the 3x3 and 5x5 ones nor after the
    /// pool: what the bottlenecks save.
    /// </summary>
    public static GoogLeNet Naive { get; } = new("googlenet_naive", "GoogLeNet (naive modules)", Form.Naive, 31,
        auxiliaries: false);

    /// <summary>
    /// torchvision's form: batch normalization (ε 1e-3) instead of biases and local response normalization, 3x3 in
    /// place of 5x5, 2x2 as the last pool; 6,624,904 parameters, 13,004,888 with the auxiliary classifiers.
    /// </summary>
    public static GoogLeNet BatchNormalized { get; } = new("googlenet_torchvision", "GoogLeNet (torchvision)",
        Form.BatchNormalized, 15, auxiliaries: true);

    /// <summary>All variants.</summary>
    public static IReadOnlyList<CnnArchitecture> All { get; } =
        [Original, Original.WithoutAuxiliaries(), Naive, BatchNormalized, BatchNormalized.WithoutAuxiliaries()];

    internal bool IsBatchNormalized => _form == Form.BatchNormalized;

    /// <inheritdoc/>
    internal override PixelScaling Pixels => PixelScaling.SignedUnitRange;

    /// <inheritdoc/>
    internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
    {
        var blocks = new InceptionBlocks(g, IsBatchNormalized ? BatchNormEpsilonOverride ?? 1e-3f : null,
            StridedPadding(3), Padding.Same, IsBatchNormalized ? Initializer.HeNormal : Initializer.GlorotUniform);
        var auxiliary = new List<AuxiliaryOutput>();
        NodeOutput x = Stem(g, blocks, image);
        foreach (var row in Table)
        {
            if (row.Name is "inception_4a" or "inception_5a")
                x = Pool(g, x, $"pool{row.Name[^2] - '1'}", IsBatchNormalized && row.Name == "inception_5a" ? 2 : 3);
            x = blocks.Module(x, row.Name, Branches(row));
            if (BuildsAuxiliaries(g) && row.Name is "inception_4a" or "inception_4d")
                auxiliary.Add(new(Auxiliary(g, blocks, x, classes, $"aux{auxiliary.Count + 1}"), AuxiliaryWeight));
        }
        x = g.Dropout(g.GlobalAveragePool2D(x, "pool5"), IsBatchNormalized ? 0.2f : 0.4f, "dropout");
        return new(x, g.Dense(x, classes, "fc"), auxiliary);
    }

    private NodeOutput Stem(GraphBuilder g, InceptionBlocks blocks, NodeOutput image)
    {
        NodeOutput x = Pool(g, blocks.Conv(image, "conv1", 64, 7, strides: 2), "pool1", 3);
        x = blocks.Conv(Normalize(g, x, "norm1"), "conv2_reduce", 64, 1);
        x = Normalize(g, blocks.Conv(x, "conv2", 192, 3), "norm2");
        return Pool(g, x, "pool2", 3);
    }

    /// <summary>Figure 2: (a) naive, (b) with dimension reductions.</summary>
    private BranchStep[][] Branches((string Name, int F1, int Reduce3, int F3, int Reduce5, int F5, int Pool) row) =>
        _form == Form.Naive
        ? [[Conv("1x1", row.F1, 1)], [Conv("3x3", row.F3, 3)], [Conv("5x5", row.F5, 5)], [MaxPool(name: "pool")]]
        :
        [
            [Conv("1x1", row.F1, 1)],
            [Conv("3x3_reduce", row.Reduce3, 1), Conv("3x3", row.F3, 3)],
            [Conv("5x5_reduce", row.Reduce5, 1), Conv("5x5", row.F5, IsBatchNormalized ? 3 : 5)],
            [MaxPool(name: "pool"), Conv("pool_proj", row.Pool, 1)],
        ];

    /// <summary>§5: average pooling to 4x4, 128 1x1 filters, 1,024 units, dropout 0.7, classes.</summary>
    private NodeOutput Auxiliary(GraphBuilder g, InceptionBlocks blocks, NodeOutput x, int classes, string name)
    {
        using (g.Scope(name))
        {
            x = IsBatchNormalized ? g.AdaptiveAveragePool2D(x, 4, "pool")
                : g.AveragePool2D(x, window: (Math.Min(5, x.Height), Math.Min(5, x.Width)), strides: 3, Padding.Valid,
                    "pool");
            x = g.Flatten(blocks.Conv(x, "conv", 128, 1), "flatten");
            x = g.Dropout(g.Relu(g.Dense(x, 1024, "fc1"), "relu1"), 0.7f, "dropout");
            return g.Dense(x, classes, "fc2");
        }
    }

    private NodeOutput Pool(GraphBuilder g, NodeOutput x, string name, int window) =>
        g.MaxPool2D(x, window, strides: 2,
            TensorFlowPadding ? Padding.Same : PoolingLayers.CeilPadding(x, window, strides: 2), name);

    private NodeOutput Normalize(GraphBuilder g, NodeOutput x, string name) =>
        IsBatchNormalized ? x : g.LocalResponseNormalization(x, size: 5, k: 1, alpha: 2e-5f, beta: 0.75f, name);
}
