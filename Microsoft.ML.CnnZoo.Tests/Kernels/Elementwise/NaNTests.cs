using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Tests.Conformance;
using Microsoft.ML.CnnZoo.Tests.Conformance.RandomGeometries;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Kernels.Elementwise;

/// <summary>
/// A NaN in any lane of a vector stays NaN through maxima and activations, alone and fused, as the naive loops have it.
/// </summary>
public sealed class NaNTests
{
    /// <summary>Vectors of 16, 8, 4 and one lane.</summary>
    private const int Channels = 61;

    private static readonly string[] Activations = ["Relu", "Relu6", "Tanh", "Sigmoid"];

    [Fact]
    public void Run_NaN_StaysNaN() => Check();

    /// <summary>All cases, in this process's vector width.</summary>
    internal static void Check()
    {
        foreach (string op in Activations)
            Check(new(op, op, [Floats(3, Channels)], []), input: 0);
        foreach (string op in new[] { "LeakyRelu", "Elu", "Selu", "Softplus", "Softsign", "Erf", "Abs", "Sign", "Floor" })
            Check(new(op, op, [Floats(3, Channels)], []), input: 0);
        foreach (string op in new[] { "LeakyReluGrad", "EluGrad", "SeluGrad", "SoftplusGrad", "SoftsignGrad", "Pow" })
            for (int input = 0; input < 2; input++)
                Check(new(op, op, [Floats(3, Channels), Floats(3, Channels)], []), input);
        foreach (string op in new[] { "Max", "Min" })
            foreach (int[] axes in new int[][] { [0], [1], [0, 1] })
                Check(new(op, op, [Floats(3, Channels), Ints(axes)], []), input: 0);
        foreach (string op in new[] { "Maximum", "Minimum" })
            for (int input = 0; input < 2; input++)
                Check(new(op, op, [Floats(3, Channels), Floats(3, Channels)], []), input);
        foreach ((int window, int stride, Padding padding) in new[] { (2, 2, Padding.Valid), (3, 1, Padding.Same),
            (3, 2, Padding.Same), (3, 2, Padding.Symmetric(1)), (5, 1, Padding.Valid), (7, 7, Padding.Valid) })
            Check(new("MaxPool", "MaxPool", [Floats(1, 7, 7, Channels)],
                [.. new Pool2DAttributes(window, window, stride, stride, padding).ToAttributes()]), input: 0);
        foreach (string activation in Activations)
            foreach (int input in new[] { 0, 2 }) // the image and the bias
            {
                CheckConvolution("Conv2D", Floats(3, 3, Channels, Channels), Channels, activation, input);
                CheckConvolution("Conv2D", Floats(1, 1, Channels, Channels), Channels, activation, input);
                CheckConvolution("Conv2D", Floats(3, 3, 1, 6), 1, activation, input);
                CheckConvolution("Conv2D", Floats(3, 3, 48, 80), 48, activation, input, "Winograd");
                CheckConvolution("DepthwiseConv2dNative", Floats(3, 3, Channels, 1), Channels, activation, input);
                Check(new("_FusedMatMul", "_FusedMatMul", [Floats(5, 9), Floats(9, Channels), Floats(Channels)],
                    [.. Fusing(activation)]), input);
            }
    }

    private static void CheckConvolution(string op, KernelCaseInput filter, int channels, string activation, int input,
        string family = "")
    {
        TensorShape w = filter.Value.Shape;
        int filters = op == "Conv2D" ? w[3] : channels * w[3];
        Check(new($"_Fused{op}", $"_Fused{op}", [Floats(1, 7, 7, channels), filter, Floats(filters)],
            [.. new Conv2DAttributes(1, 1, Padding.Same).ToAttributes(), .. Fusing(activation)]), input, family);
    }

    private static KeyValuePair<string, AttributeValue>[] Fusing(string activation) =>
    [
        new("fused_ops", AttributeValue.OfStrings(["BiasAdd", activation])), new("num_args", AttributeValue.Of(1L)),
    ];

    /// <summary>NaN in every third element of a row of the input, then in the other ones.</summary>
    private static void Check(ConformanceCase c, int input, string family = "")
    {
        TensorShape shape = c.Inputs[input].Value.Shape;
        float[] values = c.Inputs[input].Value.Values<float>().ToArray();
        int row = shape[^1], middle = values.Length / row / 2 * row;
        for (int start = 0; start < Math.Min(3, row); start++)
        {
            Span<float> planted = c.Inputs[input].Value.Values<float>();
            values.CopyTo(planted);
            for (int i = start; i < row; i += 3)
                planted[middle + i] = float.NaN;
            var plant = new Plant(input, IsNaN: true, family == "Winograd" ? PlantRule.Spreads : PlantRule.Exact);
            var form = new RandomForm(2, OperandLayout.Dense, OperandTypes.Float32, Overwrites: false, plant);
            new RandomCase(family, 0, c, form).Check();
        }
    }

    private static KernelCaseInput Ints(params int[] values) =>
        new(Tensor.Of<int>(new(values.Length), values), InputKind.Constant);

    private static KernelCaseInput Floats(params int[] shape) =>
        new(new CaseValues(shape.Sum()).Uniform(new(shape), -9, 9));
}
