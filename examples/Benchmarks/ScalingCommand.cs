using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Distributed;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Training;

namespace Benchmarks;

/// <summary>
/// <c>scaling</c>: what 2 to 64 nodes would give, by <see cref="ScalingModel"/>: from a network's real buckets and the
/// moments of a step at which they are ready here.
/// </summary>
internal static class ScalingCommand
{
    private const double Latency = 30e-6, GigabitsPerSecond = 1e9 / 8;
    private const int Rounds = 3;
    private static readonly int[] s_nodes = [2, 4, 8, 16, 32, 64], s_gigabits = [10, 100];

    /// <summary>Moments of a step.</summary>
    private sealed class Recorder(int steps) : IPlanObserver
    {
        private readonly long _start = Stopwatch.GetTimestamp();

        public double[] DoneAt { get; } = new double[steps];

        public void StepDone(int step) => DoneAt[step] = Stopwatch.GetElapsedTime(_start).TotalSeconds;
    }

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        var network = new Argument<string>("network") { Description = "Network" };
        var seconds = new Option<double>("--step-seconds")
        {
            Description = "What a node needs for its part of a batch; 0 for what it takes here",
        };
        var command = new Command("scaling", "Tells by a model what more nodes give.") { network, seconds };
        command.SetAction(parsed => Write(NetworkTable.Find(parsed.GetRequiredValue(network)), parsed.GetValue(seconds)));
        return command;
    }

    private static void Write(BenchmarkNetwork network, double stepSeconds)
    {
        (double compute, TimedBucket[] buckets) = Profile(network);
        double scale = stepSeconds > 0 ? stepSeconds / compute : 1, step = compute * scale;
        double bytes = buckets.Sum(b => b.Bytes);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{network.Name}: {network.Batch} images of a node in {step * 1e3:f0} ms, {bytes / 1e6:f1} MB in {buckets.Length} buckets, "
            + $"the first after {buckets[0].ReadyAt / compute:p0} of a step, the last after {buckets[^1].ReadyAt / compute:p0}."));
        Console.WriteLine();
        string[] heads = [.. s_gigabits.SelectMany(g => (string[])[$"{g} Gb/s", $"{g} Gb/s, bfloat16"])];
        Console.WriteLine($"| nodes | {string.Join(" | ", heads)} |");
        Console.WriteLine("| ---: |" + string.Concat(heads.Select(_ => " ---: |")));
        foreach (int nodes in s_nodes)
        {
            IEnumerable<string> cells = s_gigabits.SelectMany(g => (double[])[1, 0.5], (g, wire) => step / ScalingModel.StepSeconds(
                buckets.Select(b => new TimedBucket(b.ReadyAt * scale, b.Bytes * wire)), step, nodes,
                new NodeLink(Latency, g * GigabitsPerSecond))).Select(e => e.ToString("p0", CultureInfo.InvariantCulture));
            Console.WriteLine($"| {nodes} | {string.Join(" | ", cells)} |");
        }
    }

    /// <summary>When buckets are ready in a step of one thread pool here: the least of some rounds.</summary>
    private static (double Compute, TimedBucket[] Buckets) Profile(BenchmarkNetwork network)
    {
        using var alone = new RankGroup(new ThreadRanks(1).Links[0]);
        var options = new TrainingOptions { BatchSize = network.Batch, Ranks = alone };
        ClassificationGraph graph = new ClassificationGraphs(network.Architecture, network.Architecture.DefaultInput, network.Classes)
            .Training(options);
        using var variables = new VariableStore();
        VariableInitialization.Initialize(variables, graph.Variables, options.Seed);
        using Executable plan = new Session(KernelSet.Shared).Compile(graph.Graph, graph.Feeds(network.Batch), graph.Fetches,
            graph.Targets, variables, new CompileOptions { TrainsElsewhere = true });
        ExchangedTensor[] tensors = [.. graph.Moved.Reverse()
            .Select(v => new ExchangedTensor(checked((int)v.Spec.Shape.ElementCount), IsExact: false, 0))];
        int[] steps = [.. Enumerable.Range(ClassificationGraph.FirstGradient, tensors.Length).Reverse().Select(plan.FetchStep)];
        double[] best = [];
        for (int round = 0; round <= Rounds; round++)
        {
            var recorder = new Recorder(plan.Steps.Count);
            plan.Run(observer: recorder);
            if (round == 1 || (round > 1 && recorder.DoneAt[^1] < best[^1]))
                best = recorder.DoneAt;
        }
        double ready = 0;
        return (best[^1], [.. BucketPlan.Of(tensors, GradientExchange.BucketLength(tensors)).Select(pieces => new TimedBucket(
            ready = Math.Max(ready, pieces.Max(p => best[steps[p.Tensor]])), pieces.Sum(p => p.Length) * (double)sizeof(float)))]);
    }
}
