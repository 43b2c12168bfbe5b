using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

/// <summary>
/// What ops allow (<see cref="OpDefinition.AllowsStridedInput"/>, <see cref="OpDefinition.AllowsStridedOutput"/>,
/// <see cref="OpDefinition.AllowsOverwrite"/>) against the kernels: same bits as with dense operands.
/// </summary>
public class OpPermissionTests
{
    private static readonly ConformanceCase[] Cases =
        [.. ConformanceCases.All.Where(c => !OpCatalog.Get(c.Op).IsStateful
            && c.Inputs.All(i => i.Value.Bytes.Length < 1 << 16)), .. Images()];

    private static readonly string[] WithStrided =
        [.. Cases.Where(c => Layouts(c).Skip(1).Any()).Select(c => c.Op).Distinct()];

    public static TheoryData<string> StridedOps => [.. WithStrided];

    public static TheoryData<string> StridedBFloat16Ops =>
        [.. WithStrided.Where(op => OpCatalog.Get(op).BFloat16 != BFloat16Rule.Never)];

    [Theory]
    [MemberData(nameof(StridedOps))]
    public void Run_StridedOperands_GivesTheBitsOfDenseOnes(string op)
    {
        foreach (ConformanceCase c in Cases.Where(c => c.Op == op))
            CheckStrided(c, bfloat16: false);
    }

    [Theory]
    [MemberData(nameof(StridedBFloat16Ops))]
    public void Run_StridedBFloat16Operands_GivesTheBitsOfDenseOnes(string op)
    {
        foreach (ConformanceCase c in Cases.Where(c => c.Op == op))
            CheckStrided(c, bfloat16: true);
    }

    [Fact]
    public void Run_InPlace_GivesTheBitsOfSeparateMemory()
    {
        foreach (ConformanceCase c in Cases)
        {
            bool[] types = OpCatalog.Get(c.Op).BFloat16 == BFloat16Rule.Never ? [false] : [false, true];
            foreach (bool bfloat16 in types)
                foreach (OperandLayout layout in Layouts(c).Where(l => l.StridedOutput < 0))
                {
                    using var run = new OperandRun(KernelSet.Shared, c, layout, bfloat16, overwrites: true);
                    if (run.Overwritten < 0)
                        continue;
                    Assert.True(run.Node.Definition.AllowsOverwrite(run.Node, run.Overwritten),
                        $"{c}: the op does not allow input {run.Overwritten} to be overwritten.");
                    using var separate = new OperandRun(KernelSet.Shared, c, OperandLayout.Dense, bfloat16, overwrites: false);
                    Assert.True(separate.Run().Zip(run.Run()).All(p => p.First.AsSpan().SequenceEqual(p.Second)),
                        $"{c}, input {run.Overwritten} overwritten");
                }
        }
    }

    /// <summary>Every permission is used by a kernel, and kernels use no others.</summary>
    [Fact]
    public void AllowsOverwrite_EveryOp_IsWhatItsKernelsUse()
    {
        var used = new SortedSet<string>(StringComparer.Ordinal);
        var allowed = new SortedSet<string>(StringComparer.Ordinal);
        foreach (ConformanceCase c in Cases)
            foreach (OperandLayout layout in Layouts(c))
            {
                using var run = new OperandRun(KernelSet.Shared, c, layout, bfloat16: false, overwrites: true);
                if (run.Overwritten >= 0)
                    used.Add($"{c.Op} {run.Overwritten}");
                allowed.UnionWith(Enumerable.Range(0, run.Node.Inputs.Count)
                    .Where(i => run.Node.Definition.AllowsOverwrite(run.Node, i)).Select(i => $"{c.Op} {i}"));
            }
        Assert.Equal(allowed, used);
    }

    [Fact]
    public void AllowsStrided_EveryOp_IsListed()
    {
        string[] inputs = [.. Cases
            .SelectMany(c => Layouts(c).Where(l => l.StridedInput >= 0).Select(l => $"{c.Op} {l.StridedInput}"))
            .Distinct().Order(StringComparer.Ordinal)];
        string[] outputs = [.. Cases.Where(c => Layouts(c).Any(l => l.StridedOutput == 0)).Select(c => c.Op)
            .Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(
        [
            "AddN 0", "AddN 1", "AddN 2", "AddV2 0", "AddV2 1", "ConcatV2 0", "ConcatV2 1", "FusedBatchNormGradV3 1",
            "FusedBatchNormV3 0", "MaxPoolGrad 1", "Relu6Grad 1", "ReluGrad 1", "Slice 0", "_FusedBatchNormEx 0",
            "_FusedBatchNormGradEx 1", "_FusedBatchNormGradEx 7",
        ], inputs);
        Assert.Equal(["AvgPool", "ConcatV2", "Conv2D", "FusedBatchNormV3", "MaxPool", "Slice", "_FusedBatchNormEx",
            "_FusedConv2D"], outputs);
    }

    private static void CheckStrided(ConformanceCase c, bool bfloat16)
    {
        using var dense = new OperandRun(KernelSet.Shared, c, OperandLayout.Dense, bfloat16, overwrites: false);
        byte[][] expected = dense.Run();
        foreach (OperandLayout layout in Layouts(c).Skip(1))
        {
            using var strided = new OperandRun(KernelSet.Shared, c, layout, bfloat16, overwrites: false);
            byte[][] actual = strided.Run();
            for (int i = 0; i < expected.Length; i++)
                Assert.True(expected[i].AsSpan().SequenceEqual(actual[i]),
                    $"{c}, {layout}: output {i} differs from that of dense operands.");
            Assert.True(strided.GapsAreUntouched, $"{c}, {layout}: the kernel wrote between the rows.");
        }
    }

    /// <summary>
    /// Dense operands, then each operand strided that the op allows to be and that plans place: images of two channels
    /// or more.
    /// </summary>
    private static IEnumerable<OperandLayout> Layouts(ConformanceCase c)
    {
        yield return OperandLayout.Dense;
        NodeDef node = OperandRun.Build(c, bfloat16: false);
        for (int i = 0; i < node.Inputs.Count; i++)
            if (node.Inputs[i].Shape is { Rank: 4 } shape && shape[3] > 1
                && node.Definition.AllowsStridedInput(node, i))
                yield return new OperandLayout(i, -1);
        for (int i = 0; i < node.Outputs.Count; i++)
            if (node.Outputs[i].Shape is { Rank: 4 } shape && shape[3] > 1
                && node.Definition.AllowsStridedOutput(node, i))
                yield return new OperandLayout(-1, i);
    }

    /// <summary>Images where the conformance cases have vectors.</summary>
    private static IEnumerable<ConformanceCase> Images()
    {
        var values = new CaseValues(5);
        TensorShape shape = new(2, 5, 7, 19);
        KernelCaseInput Image(TensorShape s) => new(values.Uniform(s, 0.5, 2));
        foreach (string op in (string[])["AddV2", "Sub", "Mul", "RealDiv", "SquaredDifference", "Maximum", "Minimum"])
        {
            yield return new($"{op} images", op, [Image(shape), Image(shape)], []);
            yield return new($"{op} [19] and images", op, [Image(new TensorShape(19)), Image(shape)], []);
        }
        foreach (string op in (string[])["ReluGrad", "Relu6Grad", "TanhGrad", "SigmoidGrad"])
            yield return new($"{op} images", op, [Image(shape), Image(shape)], []);
        yield return new("AddN images", "AddN", [Image(shape), Image(shape), Image(shape)],
            [new("N", AttributeValue.Of(3L))]);
        KernelCaseInput Ints(params int[] ints) => new(Tensor.Of<int>(new(ints.Length), ints), InputKind.Constant);
        yield return new("Slice images", "Slice", [Image(shape), Ints(0, 0, 0, 3), Ints(-1, -1, -1, 11)], []);
        KernelCaseInput axis = new(Tensor.Of<int>(TensorShape.Scalar, 3), InputKind.Constant);
        yield return new("ConcatV2 images", "ConcatV2", [Image(shape), Image(shape.With(3, 6)), axis],
            [new("N", AttributeValue.Of(2L))]);
    }
}
