using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>VGG. Simonyan, Zisserman 2014, arXiv:1409.1556, table 1.</summary>
/// <remarks>
/// Image [N,224,224,3] → five stages of 3x3 convolutions (stride 1, ReLU), each ended by 2x2/2 max pooling → 4096 →
/// 4096 → classes; dropout 0.5. N(0, 0.01²) weights, zero biases (§3.1). C has 1x1 convolutions at the ends of stages 3
/// to 5; A-LRN normalizes after the first convolution. The _bn forms (torchvision's) have batch normalization (ε 1e-5)
/// before each ReLU and He's weights.
/// </remarks>
internal sealed class Vgg : CnnArchitecture
{
    private static readonly Publication Simonyan2014 = new("Simonyan, Zisserman", 2014,
        "Very deep convolutional networks for large-scale image recognition",
        new Uri("https://arxiv.org/abs/1409.1556"));

    private readonly int[] _convolutions;
    private readonly bool _endsWith1x1;
    private readonly bool _lrn;
    private readonly bool _batchNorm;

    private Vgg(string name, string displayName, int depth, int[] convolutions, bool endsWith1x1 = false,
        bool lrn = false, bool batchNorm = false)
        : base(new(name, displayName, depth, new(224, 224, 3), 32, Simonyan2014)) =>
        (_convolutions, _endsWith1x1, _lrn, _batchNorm) = (convolutions, endsWith1x1, lrn, batchNorm);

    // Table 1: convolutions in stages 1 to 5. Parameters with 1,000 classes.
    public static Vgg A { get; } = new("vgg11", "VGG-11 (A)", 11, [1, 1, 2, 2, 2]); // 132,863,336
    public static Vgg ALrn { get; } = new("vgg11_lrn", "VGG-11 (A-LRN)", 11, [1, 1, 2, 2, 2], lrn: true); // 132,863,336
    public static Vgg B { get; } = new("vgg13", "VGG-13 (B)", 13, [2, 2, 2, 2, 2]); // 133,047,848
    public static Vgg C { get; } = new("vgg16_c", "VGG-16 (C)", 16, [2, 2, 3, 3, 3], endsWith1x1: true); // 133,638,952
    public static Vgg D { get; } = new("vgg16", "VGG-16 (D)", 16, [2, 2, 3, 3, 3]); // 138,357,544
    public static Vgg E { get; } = new("vgg19", "VGG-19 (E)", 19, [2, 2, 4, 4, 4]); // 143,667,240
    public static Vgg ABatchNorm { get; } = BatchNormalized(A);
    public static Vgg BBatchNorm { get; } = BatchNormalized(B);
    public static Vgg DBatchNorm { get; } = BatchNormalized(D);
    public static Vgg EBatchNorm { get; } = BatchNormalized(E);

    /// <summary>All configurations, then those with batch normalization.</summary>
    public static IReadOnlyList<Vgg> All { get; } =
        [A, ALrn, B, C, D, E, ABatchNorm, BBatchNorm, DBatchNorm, EBatchNorm];

    private Initializer Weights => _batchNorm ? Initializer.HeNormalFanOut : Initializer.Normal(0.01f);

    internal IReadOnlyList<int> Convolutions => _convolutions;

    internal bool HasLrn => _lrn;

    internal bool HasBatchNorm => _batchNorm;

    /// <inheritdoc/>
    internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
    {
        NodeOutput x = image;
        for (int stage = 1; stage <= _convolutions.Length; stage++)
        {
            for (int i = 1; i <= _convolutions[stage - 1]; i++)
            {
                bool small = _endsWith1x1 && stage >= 3 && i == _convolutions[stage - 1];
                x = Conv(g, x, Math.Min(64 << (stage - 1), 512), small ? 1 : 3, $"conv{stage}_{i}");
                if (_lrn && stage == 1)
                    x = g.LocalResponseNormalization(x, size: 5, k: 2, alpha: 1e-4f, beta: 0.75f, "norm1");
            }
            x = g.MaxPool2D(x, window: 2, strides: 2, Padding.Valid, $"pool{stage}");
        }
        x = g.Flatten(x, "flatten");
        x = Hidden(g, Hidden(g, x, "fc6"), "fc7");
        return new(x, g.Dense(x, classes, "fc8", kernelInitializer: Initializer.Normal(0.01f)), []);
    }

    private static Vgg BatchNormalized(Vgg vgg) =>
        new($"{vgg.Name}_bn", $"VGG-{vgg.Depth} (batch norm)", vgg.Depth, vgg._convolutions, batchNorm: true);

    private NodeOutput Conv(GraphBuilder g, NodeOutput x, int filters, int kernel, string name)
    {
        x = g.Conv2D(x, filters, kernel, kernel == 1 ? Padding.Valid : Padding.Symmetric(1), name, 1,
            new() { KernelInitializer = Weights });
        if (_batchNorm)
            x = g.BatchNormalization(x, $"{name}/bn", BatchNormEpsilonOverride ?? 1e-5f);
        return g.Relu(x, $"{name}/relu");
    }

    private static NodeOutput Hidden(GraphBuilder g, NodeOutput x, string name) =>
        g.Dropout(g.Relu(g.Dense(x, 4096, name, kernelInitializer: Initializer.Normal(0.01f)), $"{name}/relu"), 0.5f,
            $"{name}/dropout");
}
