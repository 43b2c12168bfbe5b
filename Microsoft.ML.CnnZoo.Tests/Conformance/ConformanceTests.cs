using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

/// <summary>Every kernel against the naive loops.</summary>
public class ConformanceTests
{
    private static readonly string[] Views = ["Const", "ExpandDims", "Identity", "Placeholder", "ReadVariableOp",
        "Reshape", "Shape", "Squeeze", "StopGradient", "VarHandleOp"];

    public static TheoryData<string> Ops => [.. ConformanceCases.All.Select(c => c.Op).Distinct()];

    [Theory]
    [MemberData(nameof(Ops))]
    public void Run_EveryCase_AgreesWithNaiveLoops(string op)
    {
        var failures = new List<string>();
        foreach (ConformanceCase c in ConformanceCases.All.Where(c => c.Op == op))
            try
            {
                Assert.True(c.Check(KernelSet.Shared), $"{c.Name}: refused.");
            }
            catch (Exception e) when (e is Xunit.Sdk.XunitException or InvalidOperationException)
            {
                failures.Add(e.Message);
            }
        Assert.True(failures.Count == 0, string.Join('\n', failures.Take(20)));
    }

    [Fact]
    public void Run_SameThreads_GivesSameBits()
    {
        foreach (string op in new[] { "Conv2DBackpropFilter", "Conv2DBackpropInput", "BiasAddGrad", "Sum",
            "FusedBatchNormV3", "L2Loss", "MatMul" })
        {
            ConformanceCase c = ConformanceCases.All.Where(c => c.Op == op)
                .MaxBy(c => c.Inputs.Sum(i => i.Value.Bytes.Length))!;
            using var workers = new WorkerPool(4);
            byte[] first = KernelHarness.Run(KernelSet.Shared, c.Op, c.Inputs, c.Attributes,
                workers)!.Outputs[0].Bytes.ToArray();
            for (int i = 0; i < 3; i++)
                Assert.Equal(first,
                    KernelHarness.Run(KernelSet.Shared, c.Op, c.Inputs, c.Attributes, workers)!.Outputs[0].Bytes.ToArray());
        }
    }

    [Fact]
    public void Ops_EveryOpOfTheCatalog_HasKernelAndCase()
    {
        string[] computed = [.. OpCatalog.All.Select(o => o.Name).Except(Views)];
        Assert.Empty(computed.Except(KernelSet.Shared.Ops));
        Assert.Empty(KernelSet.Shared.Ops.Except(computed));
        Assert.Equal(["StatelessRandomUniformV2"], computed.Except(ConformanceCases.All.Select(c => c.Op)));
    }

    [Fact]
    public void PackedWeights_ChangedVariable_ArePackedAgain()
    {
        using var store = new VariableStore();
        var builder = new GraphBuilder();
        var definition = new VariableDefinition("w", new TensorSpec(DataType.Float, new(3, 2)), VariableRole.Kernel,
            Initializer.Zeros);
        NodeDef node = builder.AddNode("MatMul",
            [builder.Placeholder("x", DataType.Float, new(1, 3)), builder.ReadVariable(definition)]);
        Variable w = store.GetOrAdd("w", definition.Spec);
        var request = new KernelRequest(node, [new(node.Inputs[0].Spec, InputSource.Computed),
            new(w.Spec, InputSource.Variable, w)], node.Outputs, WorkerPool.Shared, TrainsVariables: false);
        using IKernel kernel = KernelSet.Shared.TryPrepare(request)!;
        using NativeBuffer x = new(12), y = new(8), scratch = new(kernel.ScratchBytes);
        x.Span<float>()[..3].Fill(1);
        foreach (float value in new[] { 2f, 5f })
        {
            w.Set(Tensor.Of<float>(new(3, 2), value, value, value, value, value, value));
            kernel.Run(new KernelBuffers([x.Pointer, w.Pointer], [y.Pointer], scratch.Pointer));
            Assert.Equal(3 * value, y.Span<float>()[1]);
        }
    }

    [Fact]
    public void Run_AfterPreparation_AllocatesNothing()
    {
        foreach (ConformanceCase c in ConformanceCases.All.GroupBy(c => c.Op).Select(g => g.Last()))
            Assert.True(AllocatedBytes(c) == 0, $"{c.Name} allocates while running.");
    }

    private static long AllocatedBytes(ConformanceCase c)
    {
        using var workers = new WorkerPool(1);
        var builder = new GraphBuilder();
        NodeOutput[] inputs = [.. c.Inputs.Select((input, i) => input.Kind == InputKind.Constant
            ? builder.Constant(new TensorLiteral(input.Value.Spec.Type, input.Value.Shape, input.Value.Bytes), $"i{i}")
            : input.Kind == InputKind.Handle
            ? builder.VariableHandle(new($"i{i}", input.Value.Spec, VariableRole.Kernel, Initializer.Zeros))
            : builder.Placeholder($"i{i}", input.Value.Spec.Type, input.Value.Shape))];
        NodeDef node = builder.AddNode(c.Op, inputs, c.Attributes);
        KernelInput[] described = [.. inputs.Select((o, i) =>
            new KernelInput(c.Inputs[i].Value.Spec, InputSource.Computed, null, ConstantValues.TryGet(o)))];
        using IKernel kernel = KernelSet.Shared.TryPrepare(new(node, described, node.Outputs, workers, TrainsVariables: true))!;
        NativeBuffer[] buffers = [.. c.Inputs.Select(i => i.Value.Spec).Concat(node.Outputs)
            .Select(s => new NativeBuffer(s.ByteLength)), new(kernel.ScratchBytes)];
        for (int i = 0; i < inputs.Length; i++)
            c.Inputs[i].Value.Bytes.CopyTo(buffers[i].Span<byte>());
        nint[] addresses = [.. buffers.Select(b => b.Pointer)];
        long allocated = long.MaxValue;
        for (int run = 0; run < 3; run++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            kernel.Run(new KernelBuffers(addresses.AsSpan(0, inputs.Length),
                addresses.AsSpan(inputs.Length, node.Outputs.Count), addresses[^1]));
            allocated = Math.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        foreach (NativeBuffer buffer in buffers)
            buffer.Dispose();
        return allocated;
    }
}
