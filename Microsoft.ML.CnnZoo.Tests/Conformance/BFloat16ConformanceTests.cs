using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

/// <summary>
/// Every kernel that bfloat16 plans use against the naive loops, in both forms that the pass produces: all operands in
/// bfloat16, and bfloat16 activations with float32 weights through folded casts.
/// </summary>
public class BFloat16ConformanceTests
{
    /// <summary>
    /// Fraction of the result's largest element. Operands are rounded before both sides compute, so that what is left
    /// is the rounding of the result, 2^-9 of an element, and of a folded weight, 2^-9 of a factor.
    /// </summary>
    private const double Tolerance = 1.0 / 256;

    /// <summary>Of the many cases of an op every fourth runs; the float32 conformance tests run all.</summary>
    private const int Stride = 4;

    private static readonly string[] Ops =
    [
        "Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter", "DepthwiseConv2dNative",
        "DepthwiseConv2dNativeBackpropInput", "DepthwiseConv2dNativeBackpropFilter",
        "_FusedConv2D", "_FusedDepthwiseConv2dNative", "MatMul", "_FusedMatMul", "MaxPool", "MaxPoolGrad", "AvgPool",
        "AvgPoolGrad", "LRN", "LRNGrad", "FusedBatchNormV3", "FusedBatchNormGradV3", "_FusedBatchNormEx",
        "_FusedBatchNormGradEx",
        "AddN", "AddV2", "Sub", "Mul", "Neg", "Maximum", "Minimum", "SelectV2", "Relu", "ReluGrad", "Relu6",
        "Relu6Grad", "Tanh", "TanhGrad", "Sigmoid", "SigmoidGrad",
        "LeakyRelu", "LeakyReluGrad", "Elu", "EluGrad", "Selu", "SeluGrad", "Softplus", "SoftplusGrad", "Softsign",
        "SoftsignGrad", "Erf", "Abs", "Sign", "Max", "Min", "MirrorPad", "MirrorPadGrad", "ReverseV2",
        "BiasAdd", "BiasAddGrad", "Sum", "Mean", "ConcatV2", "Slice", "StridedSlice", "StridedSliceGrad", "Pad",
        "PadV2", "BroadcastTo", "Tile", "Transpose",
    ];

    private static readonly string[] Summing = ["Conv2DBackpropFilter", "DepthwiseConv2dNativeBackpropFilter", "MatMul",
        "_FusedMatMul", "BiasAddGrad", "Sum", "Mean"];

    public static TheoryData<string> Cases => [.. Ops];

    public static TheoryData<string> MixedCases =>
        [.. Ops.Where(o => Summing.Contains(o) || WeightInput(o) >= 0)];

    [Fact]
    public void Ops_EveryOpThatComputesInBFloat16_IsTried()
    {
        IEnumerable<OpDefinition> computing = OpCatalog.All.Where(o => o.BFloat16 != BFloat16Rule.Never);
        string[] views = ["ExpandDims", "Identity", "Reshape", "Squeeze", "StopGradient"];
        Assert.Equal(Ops.Concat(views).Order(StringComparer.Ordinal), computing.Select(o => o.Name));
        Assert.Equal(Summing.Order(StringComparer.Ordinal),
            OpCatalog.All.Where(o => o.CanReturnFloat32).Select(o => o.Name));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Run_BFloat16Operands_AgreesWithNaiveLoops(string op)
    {
        foreach (ConformanceCase c in Some(op, first: 0))
            Check(c, new OperandForm(WeightInput: -1, WideResult: false));
    }

    [Theory]
    [MemberData(nameof(MixedCases))]
    public void Run_Float32WeightsOrResult_AgreesWithNaiveLoops(string op)
    {
        foreach (ConformanceCase c in Some(op, first: 2))
            Check(c, new OperandForm(WeightInput(op), Summing.Contains(op)));
    }

    /// <summary>Which input may be a weight or constant; -1 for none.</summary>
    internal static int WeightInput(string op) => op switch
    {
        "Conv2DBackpropInput" or "DepthwiseConv2dNativeBackpropInput" or "Conv2D" or "DepthwiseConv2dNative"
            or "_FusedConv2D" or "_FusedDepthwiseConv2dNative" or "MatMul" or "_FusedMatMul"
            or "BiasAdd" or "AddV2" or "Sub" or "Mul" or "Maximum" or "ConcatV2" => 1,
        "PadV2" => 2,
        _ => -1,
    };

    private static IEnumerable<ConformanceCase> Some(string op, int first)
    {
        ConformanceCase[] cases = [.. ConformanceCases.All.Where(c => c.Op == op)];
        return cases.Length <= 2 * Stride ? cases : cases.Where((_, i) => i % Stride == first);
    }

    /// <summary>Which input stays a float32 variable, and whether the result is float32.</summary>
    private sealed record OperandForm(int WeightInput, bool WideResult);

    private static void Check(ConformanceCase c, OperandForm form)
    {
        Tensor[] rounded = [.. c.Inputs.Select((input, i) => IsHalved(c.Op, i, input) ? Rounded(input.Value)
            : input.Value)];
        var builder = new GraphBuilder();
        using var store = new VariableStore();
        var feeds = new Dictionary<string, Tensor>();
        NodeOutput[] inputs = [.. c.Inputs.Select((input, i) =>
            AddInput(builder, store, feeds, c.Op, input with { Value = rounded[i] }, i, form))];
        var attributes = c.Attributes.ToList();
        if (form.WideResult)
            attributes.Add(new(OpSchema.OutputType, AttributeValue.Of(DataType.Float)));
        NodeDef node = builder.AddNode(c.Op, inputs, attributes, "node");
        Tensor[]? outputs = KernelHarness.Evaluate(KernelSet.Shared, builder.ToGraph(), feeds,
            [.. Enumerable.Range(0, node.Outputs.Count).Select(i => node.Output(i))], store);
        Assert.True(outputs is not null, $"{c.Name}: no kernel.");
        NaiveTensor[] expected = NaiveOps.Evaluate(node, [.. rounded.Select(NaiveTensor.From)]);
        for (int i = 0; i < outputs.Length; i++)
        {
            Assert.Equal(form.WideResult || !node.Definition.WritesBFloat16(i) ? DataType.Float : DataType.BFloat16,
                outputs[i].Spec.Type);
            Comparison.AssertClose($"{c.Name}, output {i}", expected[i].Data, NaiveTensor.From(outputs[i]).Data,
                Tolerance);
        }
    }

    private static NodeOutput AddInput(GraphBuilder builder, VariableStore store, Dictionary<string, Tensor> feeds,
        string op, KernelCaseInput input, int index, OperandForm form)
    {
        string name = $"input{index}";
        DataType type = input.Value.Spec.Type;
        if (input.Kind == InputKind.Constant && type != DataType.Float)
            return builder.Constant(new TensorLiteral(type, input.Value.Shape, input.Value.Bytes), name);
        if (!IsHalved(op, index, input))
        {
            feeds.Add(name, input.Value);
            return builder.Placeholder(name, type, input.Value.Shape);
        }
        if (index != form.WeightInput
            && !(op.StartsWith("_Fused", StringComparison.Ordinal) && index == 2 && form.WeightInput >= 0))
        {
            feeds.Add(name, Halved(input.Value));
            return builder.Placeholder(name, DataType.BFloat16, input.Value.Shape);
        }
        store.GetOrAdd(name, input.Value.Spec).Set(input.Value);
        NodeOutput read = builder.ReadVariable(new VariableDefinition(name, input.Value.Spec, VariableRole.Kernel,
            Initializer.Zeros));
        return builder.AddNode("Cast", [read],
            [new("DstT", AttributeValue.Of(DataType.BFloat16)), new(Cast.Folded, AttributeValue.Of(true))]).Output();
    }

    private static bool IsHalved(string op, int index, KernelCaseInput input) =>
        input.Value.Spec.Type == DataType.Float && OpCatalog.Get(op).ReadsBFloat16(index);

    private static Tensor Rounded(Tensor value) => NaiveTensor.From(Halved(value)).ToFloat();

    private static unsafe Tensor Halved(Tensor value)
    {
        var halved = new Tensor(value.Spec with { Type = DataType.BFloat16 });
        fixed (float* x = value.Values<float>())
        fixed (byte* y = halved.Bytes)
            CnnZoo.Kernels.Vectors.BFloat16Spans.Narrow(x, (ushort*)y, value.Shape.ElementCount);
        return halved;
    }
}
