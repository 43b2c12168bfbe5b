using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

/// <summary>Gradients of every differentiable op against central differences, on small cases away from kinks.</summary>
public class KernelGradientTests
{
    private static readonly Dictionary<string, ConformanceCase[]> Cases = Build().GroupBy(c => c.Op)
        .ToDictionary(g => g.Key, g => g.ToArray());

    public static TheoryData<string> Ops => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Ops))]
    public void BuildGradient_EveryCase_AgreesWithCentralDifferences(string op)
    {
        foreach (ConformanceCase c in Cases[op])
            Assert.True(KernelGradientChecker.Check(KernelSet.Shared, c) > 0,
                $"{c.Name}: no gradient was compared.");
    }

    [Fact]
    public void Check_WrongGradient_Fails()
    {
        foreach (string op in new[] { "Conv2D", "Tanh", "MaxPool", "FusedBatchNormV3" })
        {
            ConformanceCase c = Cases[op][0];
            Assert.ThrowsAny<Xunit.Sdk.XunitException>(() =>
                KernelGradientChecker.Check(KernelSet.Shared, c,
                tamper: g => g[g.Length / 2] += 0.01f * g.Max(MathF.Abs)));
            Assert.ThrowsAny<Xunit.Sdk.XunitException>(() =>
                KernelGradientChecker.Check(KernelSet.Shared, c, tamper: g => Array.Reverse(g)));
            Assert.ThrowsAny<Xunit.Sdk.XunitException>(() =>
                KernelGradientChecker.Check(KernelSet.Shared, c, tamper: g => g[0] = float.NaN));
        }
    }

    [Fact]
    public void Cases_EveryDifferentiableOp_IsChecked()
    {
        // Views, sources, steps and gradient ops: views pass gradients through, sources and steps end them, gradient
        // ops are linear and tested by their use.
        string[] without = ["Const", "Placeholder", "ReadVariableOp", "VarHandleOp", "Shape", "Identity",
            "StopGradient", "Sign", "Floor", "Reshape", "Squeeze", "ExpandDims", "Cast", "AvgPoolGrad"];
        string[] uncovered = [.. OpCatalog.All.Where(o => o.IsDifferentiable && !o.IsStateful).Select(o => o.Name)
            .Except(without).Except(Cases.Keys)];
        Assert.Empty(uncovered);
    }

    private static IEnumerable<ConformanceCase> Build()
    {
        string[] byName =
        [
            "AddV2", "Sub", "Mul", "RealDiv", "SquaredDifference", "Maximum", "Minimum", "AddN", "Neg", "Square",
            "Sqrt", "Rsqrt", "Exp", "Log", "Relu", "Relu6", "Tanh", "Sigmoid", "LeakyRelu", "Elu",
            "Selu", "Softplus", "Softsign", "Erf", "Abs", "Pow", "Max", "Min", "MirrorPad", "ReverseV2",
            "BiasAdd", "BiasAddGrad", "MatMul", "Softmax", "LogSoftmax", "L2Loss", "Sum", "Mean", "SelectV2", "Conv2D",
            "DepthwiseConv2dNative", "MaxPool", "AvgPool", "LRN",
            "SparseSoftmaxCrossEntropyWithLogits", "SoftmaxCrossEntropyWithLogits", "Pad", "PadV2", "Slice", "ConcatV2",
            "BroadcastTo", "Tile", "Transpose", "StridedSlice", "FusedBatchNormV3",
            "Conv2DBackpropInput", "Conv2DBackpropFilter", "DepthwiseConv2dNativeBackpropInput",
            "DepthwiseConv2dNativeBackpropFilter", "TanhGrad", "SigmoidGrad", "OneHot", "ArgMax", "GreaterEqual",
        ];
        foreach (string op in byName.Where(o => OpCatalog.Get(o).IsDifferentiable))
            foreach (ConformanceCase c in ConformanceCases.All.Where(c => c.Op == op && Fits(c)).OrderBy(Cost)
                .Reverse().Take(6))
                yield return c;
    }

    /// <summary>
    /// Small enough for two forward runs per element, and with a gradient with respect to a fed input.
    /// </summary>
    private static bool Fits(ConformanceCase c) => Cost(c) is > 4 and <= 1200
        && c.Inputs.All(i => i.Kind is InputKind.Fed or InputKind.Constant)
        && c.Inputs.Any(i => i.Kind == InputKind.Fed && i.Value.Spec.Type == DataType.Float)
        && !c.Name.Contains(" at ", StringComparison.Ordinal)
        && !c.Name.Contains("either sign", StringComparison.Ordinal) // between whole exponents there is no power
        && !c.Name.Contains("ties", StringComparison.Ordinal)
        && !c.Name.Contains("1000", StringComparison.Ordinal)
        && !c.Name.Contains("factor 0.1", StringComparison.Ordinal);

    private static long Cost(ConformanceCase c) =>
        c.Inputs.Where(i => i.Kind == InputKind.Fed).Sum(i => i.Value.Shape.ElementCount);
}
