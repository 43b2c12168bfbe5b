using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.OneDnn;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Training;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Kernels.OneDnn;

/// <summary>Alone, because it counts the process's live handles.</summary>
[CollectionDefinition(nameof(OneDnnStateTests), DisableParallelization = true)]
public sealed class OneDnnStateDefinition;

[Collection(nameof(OneDnnStateTests))]
public sealed class OneDnnStateTests
{
    [OneDnnTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Conv2D_FilterChanges_NextRunSeesIt(bool trains)
    {
        using var store = new VariableStore();
        Variable filter = store.GetOrAdd("w", new TensorSpec(DataType.Float, new(3, 3, 16, 32)));
        NodeDef node = Convolution(new(2, 6, 6, 16), filter.Spec.Shape);
        using IKernel kernel = OneDnnBackendTests.Factory("Conv2D").TryPrepare(OneDnnBackendTests.Request(node, InputSource.Variable, filter, trains))!;
        using var x = new NativeBuffer(node.Inputs[0].Spec.ByteLength);
        using var y = new NativeBuffer(node.Outputs[0].ByteLength);
        using var scratch = new NativeBuffer(kernel.ScratchBytes);
        x.Span<float>().Fill(1);
        for (int round = 1; round <= 3; round++)
        {
            filter.Values<float>().Fill(round);
            filter.Touch();
            kernel.Run(new KernelBuffers([x.Pointer, filter.Pointer], [y.Pointer], scratch.Pointer));
            Assert.Equal(9f * 16 * round, y.Span<float>()[(7 * 32) + 5], 3); // an inner pixel sees all 9·16 taps
        }
    }

    [OneDnnFact]
    public void Run_InTurn_AllocatesNothing()
    {
        using var store = new VariableStore();
        Variable filter = store.GetOrAdd("w", new TensorSpec(DataType.Float, new(3, 3, 16, 32)));
        NodeDef node = Convolution(new(4, 6, 6, 16), filter.Spec.Shape);
        using IKernel kernel = OneDnnBackendTests.Factory("Conv2D").TryPrepare(OneDnnBackendTests.Request(node, InputSource.Variable, filter, trains: true))!;
        using var x = new NativeBuffer(node.Inputs[0].Spec.ByteLength);
        using var y = new NativeBuffer(node.Outputs[0].ByteLength);
        using var scratch = new NativeBuffer(kernel.ScratchBytes);
        nint[] inputs = [x.Pointer, filter.Pointer], outputs = [y.Pointer];
        kernel.Run(new KernelBuffers(inputs, outputs, scratch.Pointer));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 50; i++)
            kernel.Run(new KernelBuffers(inputs, outputs, scratch.Pointer));
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [OneDnnFact]
    public void Dispose_EveryKernel_ClosesAllHandles()
    {
        new OneDnnCase().Input(new(2, 3)).Input(new(3, 2)).Op("MatMul").Run(threads: 2); // the engine lives as long as the process
        long handles = DnnlHandle.LiveCount, buffers = NativeBuffer.LiveCount;
        var geometry = new ConvolutionTests.Geometry([4, 6, 6, 16], [3, 3, 16, 128]);
        geometry.Forward().Run(threads: 2);
        geometry.InputGradient().Run(threads: 2);
        geometry.FilterGradient().Run(threads: 2);
        new OneDnnCase().Input(new(64, 300)).Input(new(300, 200)).Op("MatMul").Run(threads: 2);
        Assert.Equal(handles, DnnlHandle.LiveCount);
        Assert.Equal(buffers, NativeBuffer.LiveCount);
    }

    /// <summary>A training step and a scoring plan in bfloat16: weights are packed by reorders with scratch memory of their own.</summary>
    [OneDnnFact]
    public void Run_BFloat16Plans_AllocateNothingAndCloseAllHandles()
    {
        new OneDnnCase().Input(new(2, 3)).Input(new(3, 2)).Op("MatMul").Run(threads: 2);
        using var workers = new WorkerPool(1);
        long handles = DnnlHandle.LiveCount, buffers = NativeBuffer.LiveCount;
        var graphs = new ClassificationGraphs(CnnArchitectures.Find("resnet20_cifar"), new ImageShape(16, 16, 3), 10);
        foreach (ClassificationGraph graph in new[] { graphs.Training(new TrainingOptions()), graphs.Scoring() })
        {
            using var store = new VariableStore();
            VariableInitialization.Initialize(store, graph.Graph.Variables, 1);
            using Executable plan = new Session(TestBackends.Registry(CnnBackend.OneDnn)).Compile(graph.Graph, graph.Feeds(2), graph.Fetches, graph.Targets, store,
                new CompileOptions { Precision = CnnPrecision.BFloat16, Workers = workers });
            Assert.Contains(plan.Steps, s => s.Backend == "onednn" && s.Node.Op.Contains("Conv2D", StringComparison.Ordinal) && s.Node.Outputs[0].Type == DataType.BFloat16);
            plan.Run();
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 3; i++)
                plan.Run();
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        Assert.Equal(handles, DnnlHandle.LiveCount);
        Assert.Equal(buffers, NativeBuffer.LiveCount);
    }

    private static NodeDef Convolution(TensorShape image, TensorShape filter)
    {
        var builder = new GraphBuilder();
        return builder.AddNode("Conv2D", [builder.Placeholder("x", DataType.Float, image), builder.Placeholder("w", DataType.Float, filter)],
            new Conv2DAttributes(1, 1, Padding.Same).ToAttributes());
    }
}
