using System.Collections.Concurrent;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Tests.Conformance;
using Microsoft.ML.CnnZoo.Tests.Kernels.Convolution;
using Microsoft.ML.CnnZoo.Training;
using Xunit;
using Xunit.Abstractions;

namespace Microsoft.ML.CnnZoo.Tests.Kernels.Product;

/// <summary>
/// How long threads would idle on processors with more cores than the machine has: the items of each kernel of a plan,
/// as long as their multiply-adds, given to threads in the order in which <see cref="WorkerPool"/> gives them.
/// </summary>
public sealed class ManyCoresTests(ITestOutputHelper output)
{
    private const double MostIdle = 0.10;

    private sealed class RecordingKernels : IKernelSet
    {
        public ConcurrentQueue<(KernelRequest Request, IKernel Kernel)> Prepared { get; } = [];

        public IKernel? TryPrepare(KernelRequest request)
        {
            IKernel? kernel = KernelSet.Shared.TryPrepare(request);
            if (kernel is not null)
                Prepared.Enqueue((request, kernel));
            return kernel;
        }
    }

    /// <summary>A product of a plan.</summary>
    private sealed record Layer(KernelRequest Request, IKernel Kernel, long Work, long Finish, int Items)
    {
        public double Idle(int threads) => 1 - ((double)Work / threads / Finish);
    }

    /// <summary>
    /// Over the whole network; a layer that is too small to be divided counts as one thread's work.
    /// </summary>
    [Theory]
    [InlineData("resnet50", 1, 4)]
    [InlineData("resnet50", 1, 16)]
    [InlineData("resnet50", 1, 64)]
    [InlineData("resnet50", 16, 4)]
    [InlineData("resnet50", 16, 16)]
    [InlineData("resnet50", 16, 64)]
    [InlineData("resnet50_torchvision", 1, 4)]
    [InlineData("resnet50_torchvision", 1, 16)]
    [InlineData("resnet50_torchvision", 1, 64)]
    [InlineData("resnet50_torchvision", 16, 4)]
    [InlineData("resnet50_torchvision", 16, 16)]
    [InlineData("resnet50_torchvision", 16, 64)]
    public void Products_OfAScoredNetwork_LeaveThreadsIdleATenthOfTheTime(string name, int batch, int threads)
    {
        List<Layer> layers = Layers(name, batch, threads);
        Assert.Equal(54, layers.Count);
        double idle = 1 - (layers.Sum(l => (double)l.Work) / threads / layers.Sum(l => l.Finish));
        output.WriteLine($"{idle:p1} idle");
        IEnumerable<string> worst = layers.OrderByDescending(l => l.Finish - ((double)l.Work / threads)).Take(10)
            .Select(l => $"{l.Idle(threads):p1} {l.Request.Node.Name} {l.Request.Inputs[0].Shape} " +
                $"{l.Request.Inputs[1].Shape} {l.Kernel.GetType().Name}: {l.Items} items, " +
                $"{l.Work / 1e6:f1} million multiply-adds");
        Assert.True(idle <= MostIdle, $"{idle:p1} idle:\n{string.Join('\n', worst)}");
    }

    /// <summary>More threads than tiles, and ranges of channels in the filter's gradient.</summary>
    [Fact]
    public void Winograd_SixteenThreads_AgreesWithNaiveLoops()
    {
        using var workers = new WorkerPool(16);
        var kernels = new WinogradCases();
        foreach (ConformanceCase c in WinogradCases.All)
            Assert.True(c.Check(kernels, workers), c.Name);
    }

    private static List<Layer> Layers(string name, int batch, int threads)
    {
        CnnArchitecture network = CnnArchitectures.Find(name);
        ClassificationGraph graph = new ClassificationGraphs(network, network.DefaultInput, 1000).Scoring();
        var kernels = new RecordingKernels();
        using var workers = new WorkerPool(threads);
        using var variables = new VariableStore();
        using Executable plan = new Session(kernels).Compile(graph.Graph, graph.Feeds(batch), graph.Fetches, [],
            variables, new CompileOptions { Workers = workers });
        return [.. kernels.Prepared.Where(k => (k.Kernel as Kernel)?.ItemWork is not null).Select(k =>
        {
            IReadOnlyList<long> work = ((Kernel)k.Kernel).ItemWork!;
            return new Layer(k.Request, k.Kernel, work.Sum(), Finish(work, threads), work.Count);
        })];
    }

    /// <summary>When the last thread is done: each begins with its own range of items, then takes others'.</summary>
    private static long Finish(IReadOnlyList<long> work, int threads)
    {
        if (work.Count == 1)
            return work[0];
        (int Next, int End)[] left = [.. Enumerable.Range(0, threads)
            .Select(t => WorkerPool.Range(work.Count, t, threads))];
        var free = new PriorityQueue<int, (long Time, int Thread)>(
            Enumerable.Range(0, threads).Select(t => (t, (0L, t))));
        long last = 0;
        while (free.TryDequeue(out int thread, out (long Time, int Thread) at))
        {
            int owner = Enumerable.Range(thread, threads).Select(t => t % threads)
                .FirstOrDefault(t => left[t].Next < left[t].End, -1);
            if (owner < 0)
                continue;
            long done = at.Time + work[left[owner].Next++];
            last = Math.Max(last, done);
            free.Enqueue(thread, (done, thread));
        }
        return last;
    }
}
