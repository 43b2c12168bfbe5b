using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Layers;

namespace Benchmarks;

/// <summary>
/// One op with the sizes that a network gives it. Public for BenchmarkDotNet, which reads it as a parameter.
/// </summary>
public sealed class KernelCase
{
    private readonly string _name;
    private readonly Func<GraphBuilder, NodeOutput> _build;

    /// <param name="name">Op and sizes.</param>
    /// <param name="build">Writes the op with placeholders for its inputs, and returns what it computes. Filters are
    /// variables: kernels may keep packed copies.</param>
    internal KernelCase(string name, Func<GraphBuilder, NodeOutput> build) => (_name, _build) = (name, build);

    private const int Batch = 16;

    /// <summary>
    /// Ops of the networks of <see cref="NetworkTable"/>: LeNet-5's at batch 64, the others' at batch 16.
    /// </summary>
    public static IEnumerable<KernelCase> All { get; } =
    [
        Convolution("LeNet-5 conv1", [64, 32, 32, 1], 6, 5, Padding.Valid),
        Convolution("LeNet-5 conv2", [64, 14, 14, 6], 16, 5, Padding.Valid),
        Convolution("ResNet 7x7/2, 3 to 64, 224", [Batch, 224, 224, 3], 64, 7, Padding.Symmetric(3), strides: 2),
        Convolution("ResNet 3x3, 64, 56", [Batch, 56, 56, 64], 64, 3),
        Convolution("ResNet 3x3, 128, 28", [Batch, 28, 28, 128], 128, 3),
        Convolution("ResNet 3x3, 256, 14", [Batch, 14, 14, 256], 256, 3),
        Convolution("ResNet 3x3, 512, 7", [Batch, 7, 7, 512], 512, 3),
        Convolution("ResNet 3x3/2, 128 to 256, 28", [Batch, 28, 28, 128], 256, 3, Padding.Symmetric(1), strides: 2),
        Convolution("ResNet-50 1x1, 64 to 256, 56", [Batch, 56, 56, 64], 256, 1),
        Convolution("ResNet-50 1x1, 256 to 64, 56", [Batch, 56, 56, 256], 64, 1),
        Convolution("ResNet-50 1x1, 1024 to 256, 14", [Batch, 14, 14, 1024], 256, 1),
        Convolution("VGG 3x3, 64, 224", [Batch, 224, 224, 64], 64, 3),
        Convolution("AlexNet 5x5, 2 groups, 96 to 256, 27", [Batch, 27, 27, 96], 256, 5, groups: 2),
        Convolution("ResNeXt 3x3, 32 groups, 128, 56", [Batch, 56, 56, 128], 128, 3, groups: 32),
        Convolution("Inception 1x7, 192, 17", [Batch, 17, 17, 192], 192, (1, 7)),
        Depthwise("Xception 3x3, 728, 19", [Batch, 19, 19, 728]),
        Depthwise("Xception 3x3, 128, 147", [Batch, 147, 147, 128]),
        FilterGradient("LeNet-5 conv1", [64, 32, 32, 1], [5, 5, 1, 6], "VALID"),
        FilterGradient("LeNet-5 conv2", [64, 14, 14, 6], [5, 5, 6, 16], "VALID"),
        FilterGradient("ResNet 3x3, 128, 28", [Batch, 28, 28, 128], [3, 3, 128, 128]),
        FilterGradient("ResNet-50 1x1, 256 to 64, 56", [Batch, 56, 56, 256], [1, 1, 256, 64]),
        InputGradient("LeNet-5 conv2", [64, 14, 14, 6], [5, 5, 6, 16], "VALID"),
        InputGradient("ResNet 3x3, 128, 28", [Batch, 28, 28, 128], [3, 3, 128, 128]),
        InputGradient("ResNet-50 1x1, 256 to 64, 56", [Batch, 56, 56, 256], [1, 1, 256, 64]),
        new("MaxPool ResNet 3x3/2, 64, 112", g =>
            g.MaxPool2D(Input(g, "x", Batch, 112, 112, 64), 3, 2, Padding.Symmetric(1), "pool")),
        new("AvgPool LeNet-5 pool1", g => g.AveragePool2D(Input(g, "x", 64, 28, 28, 6), 2, 2, Padding.Valid, "pool")),
        new("AvgPool DenseNet 2x2/2, 128, 56", g =>
            g.AveragePool2D(Input(g, "x", Batch, 56, 56, 128), 2, 2, Padding.Valid, "pool")),
        new("Mean ResNet-50 2048, 7", g => g.GlobalAveragePool2D(Input(g, "x", Batch, 7, 7, 2048), "pool")),
        new("FusedBatchNormV3 scoring, 256, 56", g => g.BatchNormalization(Input(g, "x", Batch, 56, 56, 256), "bn")),
        new("FusedBatchNormV3 training, 256, 56", g => g.BatchNormalization(Input(g, "x", Batch, 56, 56, 256), "bn"))
        {
            Mode = GraphMode.Training,
        },
        new("LRN AlexNet, 96, 55", g =>
            g.LocalResponseNormalization(Input(g, "x", Batch, 55, 55, 96), 5, 2, 1e-4f, 0.75f, "norm")),
        Dense("LeNet-5 fc1", 64, 400, 120),
        Dense("AlexNet fc6", Batch, 9216, 4096),
        Dense("ResNet-50 fc", Batch, 2048, 1000),
        Dense("VGG fc7, one image", 1, 4096, 4096),
        new("Relu 64, 112", g => g.Relu(Input(g, "x", Batch, 112, 112, 64), "relu")),
        new("Tanh LeNet-5 conv1", g => g.Tanh(Input(g, "x", 64, 28, 28, 6), "tanh")),
        new("AddV2 ResNet-50 256, 56", g =>
            g.Add(Input(g, "x", Batch, 56, 56, 256), Input(g, "y", Batch, 56, 56, 256), "sum")),
        new("ConcatV2 DenseNet 480 + 32, 14", g =>
            g.Concat([Input(g, "x", Batch, 14, 14, 480), Input(g, "y", Batch, 14, 14, 32)], "concat")),
        new("Softmax 64x1000", g => g.Softmax(Input(g, "x", 64, 1000), "softmax")),
    ];

    /// <summary>Whether batch normalization takes the batch's statistics.</summary>
    internal GraphMode Mode { get; init; } = GraphMode.Inference;

    /// <summary>The graph and what to fetch of it.</summary>
    public (NetworkGraph Graph, NodeOutput Result) ToGraph()
    {
        var g = new GraphBuilder(Mode);
        NodeOutput result = _build(g);
        return (g.ToGraph(), result);
    }

    /// <inheritdoc/>
    public override string ToString() => _name;

    private static KernelCase Convolution(
        string name, int[] x, int filters, KernelSize kernel, Padding? padding = null, int strides = 1,
        int groups = 1) =>
        new($"Conv2D {name}", g =>
            g.Conv2D(Input(g, "x", x), filters, kernel, padding ?? Padding.Same, "conv", strides, new()
        {
            UseBias = false, Groups = groups,
        }));

    private static KernelCase Depthwise(string name, int[] x) =>
        new($"DepthwiseConv2dNative {name}", g =>
            g.DepthwiseConv2D(Input(g, "x", x), 3, Padding.Same, "conv", options: Conv2DOptions.NoBias));

    private static KernelCase Dense(string name, int batch, int inputs, int units) =>
        new($"MatMul {name}", g => g.Dense(Input(g, "x", batch, inputs), units, "fc", useBias: false));

    private static KernelCase FilterGradient(string name, int[] x, int[] w, string padding = "SAME") =>
        new($"Conv2DBackpropFilter {name}", g =>
        g.AddNode(
            "Conv2DBackpropFilter",
            [Input(g, "x", x), g.Constant(TensorLiteral.Vector<int>(w)), Input(g, "dy", Result(x, w, padding))],
            Strided(padding)).Output());

    private static KernelCase InputGradient(string name, int[] x, int[] w, string padding = "SAME") =>
        new($"Conv2DBackpropInput {name}", g =>
        g.AddNode(
            "Conv2DBackpropInput",
            [g.Constant(TensorLiteral.Vector<int>(x)), Input(g, "w", w), Input(g, "dy", Result(x, w, padding))],
            Strided(padding)).Output());

    private static KeyValuePair<string, AttributeValue>[] Strided(string padding) =>
        [new("strides", AttributeValue.OfInts(1, 1, 1, 1)), new("padding", AttributeValue.Of(padding))];

    private static int[] Result(int[] x, int[] w, string padding) =>
        padding == "SAME" ? [x[0], x[1], x[2], w[3]] : [x[0], x[1] - w[0] + 1, x[2] - w[1] + 1, w[3]];

    private static NodeOutput Input(GraphBuilder g, string name, params ReadOnlySpan<int> shape) =>
        g.Placeholder(name, DataType.Float, new TensorShape(shape));
}
