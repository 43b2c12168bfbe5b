using System.CommandLine;
using System.Globalization;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Training;

namespace Benchmarks;

/// <summary>
/// <c>threads</c>: how much of 4 to 64 threads' time would be idle, told on one: the plan is made for so many threads,
/// its parts and items run one after the other, and each job takes as long as its longest way.
/// </summary>
internal static class ThreadsCommand
{
    private const int Rounds = 8;
    private static readonly int[] s_threads = [4, 8, 16, 64];

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        var network = new Argument<string>("network") { Description = "Network" };
        var batch = new Option<int>("--batch") { Description = "Images", DefaultValueFactory = _ => 16 };
        var trains = new Option<bool>("--training") { Description = "A step of training; else scoring" };
        var command = new Command("threads", "Tells how much of many threads' time would be idle.") { network, batch, trains };
        command.SetAction(parsed =>
        {
            BenchmarkNetwork chosen = NetworkTable.Find(parsed.GetRequiredValue(network));
            foreach (int threads in s_threads)
                Write(chosen, threads, parsed.GetValue(batch), parsed.GetValue(trains));
        });
        return command;
    }

    private static void Write(BenchmarkNetwork network, int threads, int batch, bool trains)
    {
        double cost = ClockCost();
        var jobs = new List<(double[] Times, bool AreItems)>();
        using var workers = WorkerPool.Pretend(threads, Clock, (times, areItems) =>
            jobs.Add((Array.ConvertAll(times, t => Math.Max(0, t - cost)), areItems)));
        var graphs = new ClassificationGraphs(network.Architecture, network.Architecture.DefaultInput, network.Classes);
        ClassificationGraph graph = trains ? graphs.Training(new TrainingOptions { BatchSize = batch }) : graphs.Scoring();
        using var variables = new VariableStore();
        VariableInitialization.Initialize(variables, graph.Variables, 1);
        using Executable plan = new Session(KernelSet.Shared).Compile(graph.Graph, graph.Feeds(batch), graph.Fetches, graph.Targets,
            variables, new CompileOptions { Workers = workers });
        List<(double[] Times, bool AreItems)> best = [];
        double alone = double.MaxValue;
        for (int round = 0; round <= Rounds; round++)
        {
            jobs.Clear();
            double start = Clock();
            plan.Run();
            double serial = Math.Max(0, Clock() - start - jobs.Sum(j => j.Times.Sum() + (2 * cost * j.Times.Length)));
            alone = Math.Min(alone, serial);
            // Of each part and item the least of all rounds: what else ran on the machine is not the plan's.
            best = round == 0 ? [.. jobs]
                : [.. best.Zip(jobs, (a, b) => (a.Times.Zip(b.Times, (x, y) => Math.Min(x, y)).ToArray(), a.AreItems))];
        }
        double work = best.Sum(j => j.Times.Sum()), makespan = best.Sum(j => LongestWay(j.Times, j.AreItems, threads));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{network.Name} {(trains ? "training" : "scoring")} {batch} images, {threads} threads: idle "
            + $"{1 - ((work + alone) / (threads * (makespan + alone))):p1}; of it between jobs, on one thread, "
            + $"{alone * (threads - 1) / threads / (makespan + alone):p1}; {work:f2} ms of work in {best.Count} jobs"));
    }

    /// <summary>What reading the clock takes, which is no work of the plan's.</summary>
    private static double ClockCost()
    {
        const int Reads = 20_000;
        double start = Clock();
        for (int i = 0; i < Reads; i++)
            Clock();
        return (Clock() - start) / Reads;
    }

    /// <summary>Milliseconds of processor: what else runs on the machine takes none of it.</summary>
    private static double Clock() => Environment.CpuUsage.TotalTime.TotalMilliseconds;

    /// <summary>Parts are a thread's each; items go to whoever is free.</summary>
    private static double LongestWay(double[] times, bool areItems, int threads)
    {
        if (!areItems)
            return times.Max();
        var freeAt = new PriorityQueue<int, double>(Enumerable.Range(0, threads).Select(t => (t, 0.0)));
        double end = 0;
        foreach (double time in times)
        {
            freeAt.TryDequeue(out int thread, out double at);
            freeAt.Enqueue(thread, at + time);
            end = Math.Max(end, at + time);
        }
        return end;
    }
}
