using System.Numerics;
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
    private static readonly OperandTypes BFloat16 = new(BFloat16: true);
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
            CheckStrided(c, OperandTypes.Float32);
    }

    [Theory]
    [MemberData(nameof(StridedBFloat16Ops))]
    public void Run_StridedBFloat16Operands_GivesTheBitsOfDenseOnes(string op)
    {
        foreach (ConformanceCase c in Cases.Where(c => c.Op == op))
            CheckStrided(c, BFloat16);
    }

    [Fact]
    public void Run_InPlace_GivesTheBitsOfSeparateMemory()
    {
        foreach (ConformanceCase c in Cases)
        {
            OperandTypes[] forms = OpCatalog.Get(c.Op).BFloat16 == BFloat16Rule.Never ? [OperandTypes.Float32]
                : [OperandTypes.Float32, BFloat16];
            foreach (OperandTypes types in forms)
                foreach (OperandLayout layout in Layouts(c).Where(l => l.StridedOutputs == 0))
                {
                    using var run = new OperandRun(KernelSet.Shared, c, layout, types, overwrites: true);
                    if (run.Overwritten < 0)
                        continue;
                    Assert.True(run.Node.Definition.AllowsOverwrite(run.Node, run.Overwritten),
                        $"{c}: the op does not allow input {run.Overwritten} to be overwritten.");
                    using var separate = new OperandRun(KernelSet.Shared, c, OperandLayout.Dense, types, overwrites: false);
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
                using var run = new OperandRun(KernelSet.Shared, c, layout, OperandTypes.Float32, overwrites: true);
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
            .SelectMany(c => Layouts(c).Where(l => l.StridedInputs > 0)
                .Select(l => $"{c.Op} {BitOperations.Log2((uint)l.StridedInputs)}"))
            .Distinct().Order(StringComparer.Ordinal)];
        string[] outputs = [.. Cases.Where(c => Layouts(c).Any(l => (l.StridedOutputs & 1) != 0)).Select(c => c.Op)
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

    private static void CheckStrided(ConformanceCase c, OperandTypes types)
    {
        using var dense = new OperandRun(KernelSet.Shared, c, OperandLayout.Dense, types, overwrites: false);
        byte[][] expected = dense.Run();
        foreach (OperandLayout layout in Layouts(c).Skip(1))
        {
            using var strided = new OperandRun(KernelSet.Shared, c, layout, types, overwrites: false);
            byte[][] actual = strided.Run();
            for (int i = 0; i < expected.Length; i++)
                Assert.True(expected[i].AsSpan().SequenceEqual(actual[i]),
                    $"{c}, {layout}: output {i} differs from that of dense operands.");
            Assert.True(strided.GapsAreUntouched, $"{c}, {layout}: the kernel wrote between the rows.");
        }
    }

    /// <summary>Dense operands, then each operand strided that the op allows to be.</summary>
    private static IEnumerable<OperandLayout> Layouts(ConformanceCase c)
    {
        yield return OperandLayout.Dense;
        OperandLayout allowed = OperandLayout.Allowed(OperandRun.Build(c, OperandTypes.Float32));
        for (int bit = 1; bit <= allowed.StridedInputs; bit <<= 1)
            if ((allowed.StridedInputs & bit) != 0)
                yield return new OperandLayout(bit, 0);
        for (int bit = 1; bit <= allowed.StridedOutputs; bit <<= 1)
            if ((allowed.StridedOutputs & bit) != 0)
                yield return new OperandLayout(0, bit);
    }

    /// <summary>Images where the conformance cases have vectors.</summary>
    private static IEnumerable<ConformanceCase> Images()
    {
        var values = new CaseValues(5);
        TensorShape shape = new(2, 5, 7, 19);
        KernelCaseInput Image(TensorShape s) => new(values.Uniform(s, 0.5, 2));
        foreach (string op in (string[])["AddV2", "Sub", "Mul", "RealDiv", "SquaredDifference", "Maximum", "Minimum",
            "Pow"])
        {
            yield return new($"{op} images", op, [Image(shape), Image(shape)], []);
            yield return new($"{op} [19] and images", op, [Image(new TensorShape(19)), Image(shape)], []);
        }
        foreach (string op in (string[])["ReluGrad", "Relu6Grad", "TanhGrad", "SigmoidGrad", "LeakyReluGrad",
            "EluGrad", "SeluGrad", "SoftplusGrad", "SoftsignGrad"])
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
