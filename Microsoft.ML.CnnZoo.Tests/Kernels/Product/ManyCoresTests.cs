using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Tests.Conformance;
using Microsoft.ML.CnnZoo.Tests.Kernels.Convolution;
using Microsoft.ML.CnnZoo.Training;
using Xunit;
using Xunit.Abstractions;

namespace Microsoft.ML.CnnZoo.Tests.Kernels.Product;

/// <summary>
/// How long threads would idle on processors with more cores than the machine has, counted without a clock: the parts and
/// items of each job of a plan, as long as their operations, given to threads in the order in which
/// <see cref="WorkerPool"/> gives them.
/// </summary>
public sealed class ManyCoresTests(ITestOutputHelper output)
{
    private const double MostIdle = 0.10;

    /// <summary>
    /// Operations for each thread below which a job may be too small to be divided evenly: three items of a product that
    /// are worth taking, half a page of floats.
    /// </summary>
    private const long FewMultiplyAdds = 150_000, FewElements = 2048;

    /// <summary>A job and the node that it belongs to.</summary>
    private sealed record NodeJob(NodeDef Node, PretendedJob Job)
    {
        public double Work => Job.Work.Sum();
    }

    public static TheoryData<string, int, bool, int> Plans()
    {
        var plans = new TheoryData<string, int, bool, int>();
        foreach (int threads in (int[])[4, 8, 16, 64])
            foreach (string network in (string[])["lenet5_relu", "resnet20_cifar", "resnet50_torchvision"])
            {
                plans.Add(network, 1, false, threads);
                plans.Add(network, 16, false, threads);
                plans.Add(network, 16, true, threads);
            }
        return plans;
    }

    /// <summary>Over all jobs that are large enough, products and others apart: their operations differ.</summary>
    [Theory]
    [MemberData(nameof(Plans))]
    public void Jobs_OfAPlan_LeaveThreadsIdleATenthOfTheTime(string name, int batch, bool trains, int threads)
    {
        List<NodeJob> jobs = Jobs(name, batch, trains, threads);
        foreach (bool areItems in (bool[])[true, false])
        {
            NodeJob[] large = [.. jobs.Where(j => j.Job.AreItems == areItems
                && j.Work >= threads * (areItems ? FewMultiplyAdds : FewElements))];
            if (large.Length == 0)
                continue;
            double idle = 1 - (large.Sum(j => j.Work) / threads / large.Sum(j => j.Work * j.Job.LongestWay(threads)));
            output.WriteLine($"{large.Length} {(areItems ? "products" : "other jobs")}: {idle:p1} idle");
            IEnumerable<string> worst = large.OrderByDescending(j => j.Work * (j.Job.LongestWay(threads) - (1.0 / threads)))
                .Take(10).Select(j => $"{j.Node.Op} {j.Node.Name}: {j.Job.Work.Count} of {j.Work:e2} operations in all, "
                    + $"{j.Job.LongestWay(threads) * threads:f2} times a thread's share");
            Assert.True(idle <= MostIdle, $"{idle:p1} idle:\n{string.Join('\n', worst)}");
        }
    }

    /// <summary>Two threads that write the same cache line wait for each other.</summary>
    [Theory]
    [InlineData("resnet20_cifar", 3)]
    [InlineData("resnet20_cifar", 64)]
    [InlineData("lenet5_relu", 6)] // six channels: three lines hold eight pixels
    public void Parts_OfElementwiseJobs_MeetAtCacheLines(string name, int threads)
    {
        const int FloatsOfLine = 16;
        string[] ops = ["AddV2", "ReluGrad", "BroadcastTo", "BiasAdd", "_FusedBatchNormEx", "_FusedBatchNormGradEx"];
        List<NodeJob> jobs = [.. Jobs(name, 16, trains: true, threads).Where(j => !j.Job.AreItems
            && ops.Contains(j.Node.Op) && j.Work >= FloatsOfLine * FloatsOfLine * threads)];
        Assert.NotEmpty(jobs);
        foreach (NodeJob job in jobs)
        {
            long floats = 0;
            foreach (long part in job.Job.Work.SkipLast(1))
                Assert.True((floats += part) % FloatsOfLine == 0, $"{job.Node.Op} {job.Node.Name}: a part ends at float {floats}.");
        }
    }

    /// <summary>Rows that are no whole lines: parts meet at lines where there are many rows, else they are of equal length.</summary>
    [Theory]
    [InlineData(20_000, 3)]
    [InlineData(200, 99)]
    public void Parts_OfNarrowRows_MeetAtCacheLinesWhereRowsAreMany(int rows, int columns)
    {
        const int Threads = 5, FloatsOfLine = 16;
        var jobs = new List<PretendedJob>();
        using WorkerPool workers = WorkerPool.Pretend(Threads, jobs.Add);
        var values = new CaseValues(1);
        KernelHarness.Run(KernelSet.Shared, "BiasAdd",
            [new(values.Uniform(new(rows, columns))), new(values.Uniform(new(columns)))], [], workers);
        Assert.NotEmpty(jobs);
        Assert.All(jobs, job =>
        {
            Assert.Equal(rows > 1000, job.Work[0] % FloatsOfLine == 0);
            Assert.InRange(job.LongestWay(Threads) * Threads, 1, 1.01);
        });
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

    private static List<NodeJob> Jobs(string name, int batch, bool trains, int threads)
    {
        CnnArchitecture network = CnnArchitectures.Find(name);
        var graphs = new ClassificationGraphs(network, network.DefaultInput, 1000);
        ClassificationGraph graph = trains ? graphs.Training(new TrainingOptions { BatchSize = batch }) : graphs.Scoring();
        var recorder = new Recorder();
        using WorkerPool workers = WorkerPool.Pretend(threads, recorder.Add);
        using var variables = new VariableStore();
        using Executable plan = new Session(KernelSet.Shared).Compile(graph.Graph, graph.Feeds(batch), graph.Fetches,
            graph.Targets, variables, new CompileOptions { Workers = workers });
        plan.Run(recorder);
        return [.. recorder.Jobs.Select(j => new NodeJob(plan.Steps[j.Step], j.Job))];
    }

    private sealed class Recorder : IPlanObserver
    {
        private int _step;

        public List<(int Step, PretendedJob Job)> Jobs { get; } = [];

        public void Add(PretendedJob job) => Jobs.Add((_step, job));

        public void StepDone(int step) => _step = step + 1;
    }
}
