using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.Convolution;
using Microsoft.ML.CnnZoo.Tests.Conformance;

namespace Microsoft.ML.CnnZoo.Tests.Kernels.Convolution;

/// <summary>3x3 Winograd convolutions of any size: these kernels only, and cases for them.</summary>
internal sealed class WinogradCases : IKernelSet
{
    private static int s_seed = 100_000;

    /// <summary>
    /// Images smaller than a tile, whole tiles, remainders of every length, several blocks of tiles, large and small
    /// filters; full and partial panels of channels; all paddings.
    /// </summary>
    public static IReadOnlyList<ConformanceCase> All { get; } =
    [
        .. Convolution([1, 1, 1, 16], 16, Padding.Same), .. Convolution([2, 4, 4, 16], 32, Padding.Same),
        .. Convolution([1, 5, 7, 32], 48, Padding.Same),
        .. Convolution([3, 6, 10, 48], 16, Padding.Valid), .. Convolution([1, 3, 3, 16], 16, Padding.Valid),
        .. Convolution([2, 7, 9, 16], 80, Padding.Explicit(0, 2, 2, 1)),
        .. Convolution([1, 6, 5, 32], 16, Padding.Symmetric(2)), .. Convolution([1, 9, 9, 400], 16, Padding.Same),
        .. Convolution([1, 6, 6, 16], 528, Padding.Same),
        .. Convolution([3, 14, 17, 16], 32, Padding.Same), .. Convolution([3, 8, 4, 144], 128, Padding.Same),
        .. Convolution([260, 1, 2, 272], 64, Padding.Same), .. Fused(["BiasAdd"]), .. Fused(["BiasAdd", "Relu"]),
        .. Fused(["BiasAdd", "Add", "Relu"]), .. Fused(["BiasAdd", "Add"]),
    ];

    public IKernel? TryPrepare(KernelRequest r) => r.Node.Op switch
    {
        "Conv2D" or "_FusedConv2D" =>
            WinogradConvolutionKernel.Forward(r, Geometry(r, r.Inputs[0].Shape, r.Inputs[1].Shape)),
        "Conv2DBackpropInput" =>
            WinogradConvolutionKernel.InputGradient(r, Geometry(r, r.Outputs[0].Shape, r.Inputs[1].Shape)),
        "Conv2DBackpropFilter" =>
            new WinogradFilterGradientKernel(r, Geometry(r, r.Inputs[0].Shape, r.Outputs[0].Shape)),
        _ => null,
    };

    private static Conv2DGeometry Geometry(KernelRequest request, TensorShape x, TensorShape w) =>
        Conv2DAttributes.From(request.Node).Geometry(x, w);

    private static ConformanceCase[] Convolution(int[] x, int filters, Padding padding)
    {
        int[] w = [3, 3, x[3], filters];
        var attributes = new Conv2DAttributes(1, 1, padding);
        KeyValuePair<string, AttributeValue>[] list = [.. attributes.ToAttributes()];
        TensorShape y = attributes.Geometry(new(x), new(w)).OutputShape;
        string name = $"x={new TensorShape(x)} filters={filters} {padding}";
        return
        [
            new($"Conv2D {name}", "Conv2D", [Fed(new(x)), Fed(new(w))], list),
            new($"Conv2D {name} variable filter", "Conv2D",
                [Fed(new(x)), new(Values(new(w)), InputKind.Variable)], list),
            new($"Conv2DBackpropInput {name}", "Conv2DBackpropInput", [Sizes(x), Fed(new(w)), Fed(y)], list),
            new($"Conv2DBackpropFilter {name}", "Conv2DBackpropFilter", [Fed(new(x)), Sizes(w), Fed(y)], list),
        ];
    }

    private static ConformanceCase[] Fused(string[] ops)
    {
        bool side = ops.Contains("Add");
        KeyValuePair<string, AttributeValue>[] attributes =
            [new("fused_ops", AttributeValue.OfStrings(ops)), new("num_args", AttributeValue.Of(side ? 2L : 1L)),
            .. new Conv2DAttributes(1, 1, Padding.Same).ToAttributes()];
        TensorShape y = new(2, 7, 6, 48);
        return [new($"_FusedConv2D {string.Join('+', ops)}", "_FusedConv2D",
            [Fed(new(2, 7, 6, 32)), Fed(new(3, 3, 32, 48)), Fed(new(48)), .. side ? new[] { Fed(y) } : []],
            attributes)];
    }

    private static KernelCaseInput Sizes(int[] shape) =>
        new(Tensor.Of<int>(new(shape.Length), shape), InputKind.Constant);

    private static KernelCaseInput Fed(TensorShape shape) => new(Values(shape));

    private static Tensor Values(TensorShape shape) => new CaseValues(++s_seed).Uniform(shape);
}
