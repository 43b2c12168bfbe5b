using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.Convolution;
using Microsoft.ML.CnnZoo.Tests.Conformance;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Kernels.Convolution;

/// <summary>Winograd convolutions against the naive loops, and the rule that selects them.</summary>
public class WinogradTests
{
    [Fact]
    public void Run_EveryCase_AgreesWithNaiveLoops()
    {
        using var workers = new WorkerPool(3);
        var kernels = new WinogradCases();
        foreach (ConformanceCase c in WinogradCases.All)
            Assert.True(c.Check(kernels, workers), c.Name);
    }

    /// <summary>The filter's gradient is summed per thread: the same thread count gives the same bits.</summary>
    [Fact]
    public void Run_OtherThreads_GivesSameBits()
    {
        var kernels = new WinogradCases();
        using WorkerPool one = new(1), three = new(3);
        foreach (ConformanceCase c in WinogradCases.All)
            Assert.Equal(KernelHarness.Run(kernels, c.Op, c.Inputs, c.Attributes, three)!.Outputs[0].Bytes.ToArray(),
                KernelHarness.Run(kernels, c.Op, c.Inputs, c.Attributes, three)!.Outputs[0].Bytes.ToArray());
        foreach (ConformanceCase c in WinogradCases.All.Where(c => c.Op != "Conv2DBackpropFilter"))
            Assert.Equal(KernelHarness.Run(kernels, c.Op, c.Inputs, c.Attributes, one)!.Outputs[0].Bytes.ToArray(),
                KernelHarness.Run(kernels, c.Op, c.Inputs, c.Attributes, three)!.Outputs[0].Bytes.ToArray());
    }

    [Theory]
    [InlineData(16, 56, 64, 64, true, true, true)] // ResNet's
    [InlineData(16, 28, 128, 32, true, true, true)] // DenseNet's
    [InlineData(16, 224, 16, 16, false, false, false)] // transforms cost more than they save
    [InlineData(1, 7, 512, 512, false, false, false)] // four tiles: too few for so large a filter
    [InlineData(16, 16, 32, 32, false, false, false)] // a small network's: little to save
    [InlineData(128, 16, 32, 32, true, true, true)]
    [InlineData(16, 56, 64, 60, false, false, false)] // filters do not fill vectors
    public void Rule_Shape_ChoosesWhatIsFaster(int batch, int size, int channels, int filters, bool forward,
        bool inputGradient, bool filterGradient)
    {
        TensorShape x = new(batch, size, size, channels), w = new(3, 3, channels, filters);
        Assert.Equal(forward, WinogradRule.IsWinograd(Request(DataType.Float), Geometry(x, w)));
        Assert.Equal(inputGradient,
            WinogradRule.IsWinogradInputGradient(Request(DataType.Float), Geometry(x, w)));
        Assert.Equal(filterGradient,
            WinogradRule.IsWinogradFilterGradient(Request(DataType.Float), Geometry(x, w)));
        Assert.False(WinogradRule.IsWinograd(Request(DataType.BFloat16), Geometry(x, w)));
    }

    [Fact]
    public void Rule_StrideDilationGroups_AreComputedAsSumsOfProducts()
    {
        TensorShape x = new(16, 56, 56, 64), w = new(3, 3, 64, 64);
        Assert.True(WinogradRule.IsWinograd(Request(DataType.Float), Geometry(x, w)));
        Assert.False(WinogradRule.IsWinograd(Request(DataType.Float),
            new Conv2DAttributes(2, 2, Padding.Same).Geometry(x, w)));
        Assert.False(WinogradRule.IsWinograd(Request(DataType.Float),
            new Conv2DAttributes(1, 1, Padding.Same, 2, 2).Geometry(x, w)));
        Assert.False(WinogradRule.IsWinograd(Request(DataType.Float), Geometry(x, new(3, 3, 32, 64))));
        Assert.False(WinogradRule.IsWinograd(Request(DataType.Float), Geometry(x, new(5, 5, 64, 64))));
    }

    [Theory]
    [InlineData(16, 28, 256, true)] // 9 MiB
    [InlineData(1, 28, 512, true)] // 36 MiB, 49 tiles
    [InlineData(16, 28, 512, false)] // 784 tiles
    public void KeepsFilter_LargeOnesOfManyTiles_AreTransformedAtEachRun(int batch, int size, int channels, bool kept)
    {
        TensorShape w = new(3, 3, channels, channels);
        Conv2DGeometry g = Geometry(new(batch, size, size, channels), w);
        KernelRequest Scoring(InputSource source) => Request(DataType.Float) with
        {
            TrainsVariables = false,
            Inputs = [new(new(DataType.Float, new(batch, size, size, channels)), InputSource.Computed),
            new(new(DataType.Float, w), source)],
        };
        Assert.Equal(kept, WinogradRule.KeepsFilter(Scoring(InputSource.Variable), g));
        Assert.False(WinogradRule.KeepsFilter(Scoring(InputSource.Computed), g));
        Assert.False(WinogradRule.KeepsFilter(
            Scoring(InputSource.Variable) with { TrainsVariables = true }, g));
    }

    [Fact]
    public void Run_KeptFilterChanges_IsTransformedAgain()
    {
        TensorShape x = new(1, 4, 4, 16), shape = new(3, 3, 16, 16);
        using var store = new VariableStore();
        Variable w = store.GetOrAdd("w", new TensorSpec(DataType.Float, shape));
        KernelRequest request = Request(DataType.Float) with
        {
            TrainsVariables = false,
            Inputs = [new(new(DataType.Float, x), InputSource.Computed), new(w.Spec, InputSource.Variable, w)],
        };
        using IKernel kernel = new WinogradCases().TryPrepare(request)!;
        Assert.True(kernel.Keeps(1));
        using NativeBuffer image = new(x.ElementCount * sizeof(float)), y = new(x.ElementCount * sizeof(float)),
            scratch = new(kernel.ScratchBytes);
        image.Span<float>().Fill(1);
        foreach (float value in new[] { 2f, 5f })
        {
            w.Values<float>().Fill(value);
            w.Touch();
            kernel.Run(new KernelBuffers([image.Pointer, w.Pointer], [y.Pointer], scratch.Pointer));
            Assert.Equal(4 * 16 * value, y.Span<float>()[0], 1e-3f); // a corner reads four taps of 16 channels
            Assert.Equal(9 * 16 * value, y.Span<float>()[5 * 16], 1e-3f);
        }
    }

    private static Conv2DGeometry Geometry(TensorShape x, TensorShape w) =>
        new Conv2DAttributes(1, 1, Padding.Same).Geometry(x, w);

    /// <summary>A convolution whose filter changes from run to run.</summary>
    private static KernelRequest Request(DataType type)
    {
        var builder = new GraphBuilder();
        NodeOutput x = builder.Placeholder("x", type, new(1, 4, 4, 16)),
            w = builder.Placeholder("w", type, new(3, 3, 16, 16));
        NodeDef node = builder.AddNode("Conv2D", [x, w], new Conv2DAttributes(1, 1, Padding.Same).ToAttributes());
        return new(node, [new(x.Spec, InputSource.Computed), new(w.Spec, InputSource.Computed)], node.Outputs,
            WorkerPool.Shared, TrainsVariables: true);
    }
}
