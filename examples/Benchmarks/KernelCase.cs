using Microsoft.ML.CnnZoo.Graph;

namespace Benchmarks;

/// <summary>One op with the sizes that a network gives it.</summary>
/// <param name="Name">Op and sizes.</param>
/// <param name="Build">Writes the op with placeholders for its inputs, and returns what it computes.</param>
public sealed record KernelCase(string Name, Func<GraphBuilder, NodeOutput> Build)
{
    /// <summary>LeNet-5's ops at batch 64, and a convolution of the middle of a large network.</summary>
    public static IEnumerable<KernelCase> All { get; } =
    [
        Convolution("LeNet-5 conv1", [64, 32, 32, 1], [5, 5, 1, 6], "VALID"),
        Convolution("LeNet-5 conv2", [64, 14, 14, 6], [5, 5, 6, 16], "VALID"),
        Convolution("3x3, 128 channels", [16, 28, 28, 128], [3, 3, 128, 128], "SAME"),
        ConvolutionFilterGradient("LeNet-5 conv2", [64, 14, 14, 6], [5, 5, 6, 16], [64, 10, 10, 16]),
        ConvolutionFilterGradient("LeNet-5 conv1", [64, 32, 32, 1], [5, 5, 1, 6], [64, 28, 28, 6]),
        ConvolutionInputGradient("LeNet-5 conv2", [64, 14, 14, 6], [5, 5, 6, 16], [64, 10, 10, 16]),
        new("AvgPool LeNet-5 pool1", g => g.AddNode("AvgPool", [Input(g, "x", 64, 28, 28, 6)], Pooling).Output()),
        new("MatMul LeNet-5 fc1", g => g.AddNode("MatMul", [Input(g, "x", 64, 400), Input(g, "w", 400, 120)]).Output()),
        new("Tanh LeNet-5 conv1", g => g.AddNode("Tanh", [Input(g, "x", 64, 28, 28, 6)]).Output()),
        new("Softmax 64x1000", g => g.AddNode("Softmax", [Input(g, "x", 64, 1000)]).Output()),
    ];

    private static KeyValuePair<string, AttributeValue>[] Pooling =>
        [new("ksize", AttributeValue.OfInts(1, 2, 2, 1)), new("strides", AttributeValue.OfInts(1, 2, 2, 1)), new("padding", AttributeValue.Of("VALID"))];

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static KernelCase Convolution(string name, int[] x, int[] w, string padding) =>
        new($"Conv2D {name}", g => g.AddNode("Conv2D", [Input(g, "x", x), Input(g, "w", w)], Strided(padding)).Output());

    private static KernelCase ConvolutionFilterGradient(string name, int[] x, int[] w, int[] dy) => new($"Conv2DBackpropFilter {name}", g =>
        g.AddNode("Conv2DBackpropFilter", [Input(g, "x", x), g.Constant(TensorLiteral.Vector<int>(w)), Input(g, "dy", dy)], Strided("VALID")).Output());

    private static KernelCase ConvolutionInputGradient(string name, int[] x, int[] w, int[] dy) => new($"Conv2DBackpropInput {name}", g =>
        g.AddNode("Conv2DBackpropInput", [g.Constant(TensorLiteral.Vector<int>(x)), Input(g, "w", w), Input(g, "dy", dy)], Strided("VALID")).Output());

    private static KeyValuePair<string, AttributeValue>[] Strided(string padding) =>
        [new("strides", AttributeValue.OfInts(1, 1, 1, 1)), new("padding", AttributeValue.Of(padding))];

    private static NodeOutput Input(GraphBuilder g, string name, params ReadOnlySpan<int> shape) => g.Placeholder(name, DataType.Float, new TensorShape(shape));
}
