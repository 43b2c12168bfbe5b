using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Training;

namespace Benchmarks;

/// <summary>
/// <c>threads</c>: how much of 4 to 64 threads' time would be idle, told on one: the plan is made for so many threads and
/// its jobs are run one part after the other. How a job's time is divided among threads is counted, in multiply-adds or
/// elements of each part, not timed: one thread finds in its cache what the part before has read, many do not. What a job
/// takes in all, and what a step does on one thread, is timed.
/// </summary>
internal static class ThreadsCommand
{
    private const int Rounds = 8;
    private const int OwnRounds = 2000;
    private const double Tick = 0.001; // milliseconds, of processor time
    private static readonly int[] s_threads = [4, 8, 16, 64];

    /// <summary>A step of the plan.</summary>
    /// <param name="Jobs">Its jobs.</param>
    /// <param name="Alone">Milliseconds of what it does between them, on one thread.</param>
    private sealed record StepTimes(List<PretendedJob> Jobs, double Alone)
    {
        public double Work => Jobs.Sum(j => j.Time);

        /// <summary>What its jobs take on many threads.</summary>
        public double LongestWay(int threads) => Jobs.Sum(j => j.Time * j.LongestWay(threads));
    }

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        var network = new Argument<string>("network") { Description = "Network" };
        var batch = new Option<int>("--batch") { Description = "Images", DefaultValueFactory = _ => 16 };
        var trains = new Option<bool>("--training") { Description = "A step of training; else scoring" };
        var threads = new Option<int[]>("--threads") { Description = "Threads", DefaultValueFactory = _ => s_threads };
        var ops = new Option<bool>("--ops") { Description = "Which ops the idle time is in" };
        var command = new Command("threads", "Tells how much of many threads' time would be idle.")
        {
            network, batch, trains, threads, ops,
        };
        command.SetAction(parsed =>
        {
            BenchmarkNetwork chosen = NetworkTable.Find(parsed.GetRequiredValue(network));
            foreach (int count in parsed.GetRequiredValue(threads))
                Write(chosen, count, parsed.GetValue(batch), parsed.GetValue(trains), parsed.GetValue(ops));
        });
        return command;
    }

    private static void Write(BenchmarkNetwork network, int threads, int batch, bool trains, bool writesOps)
    {
        var recorder = new Recorder();
        using var workers = WorkerPool.Pretend(threads, recorder.Add, recorder.Clock);
        var graphs = new ClassificationGraphs(network.Architecture, network.Architecture.DefaultInput, network.Classes);
        ClassificationGraph graph = trains ? graphs.Training(new TrainingOptions { BatchSize = batch }) : graphs.Scoring();
        using var variables = new VariableStore();
        VariableInitialization.Initialize(variables, graph.Variables, 1);
        using Executable plan = new Session(KernelSet.Shared).Compile(graph.Graph, graph.Feeds(batch), graph.Fetches, graph.Targets,
            variables, new CompileOptions { Workers = workers });
        plan.Run();
        StepTimes[] steps = [];
        for (int round = 0; round < Rounds; round++)
        {
            recorder.Begin(readsProcessor: round % 2 == 1);
            plan.Run(recorder);
            // The least of all rounds: what else ran on the machine is not the plan's.
            steps = round == 0 ? [.. recorder.Steps] : [.. steps.Zip(recorder.Steps, Least)];
        }
        (double step, double job) = recorder.OwnTimes(workers);
        steps = Array.ConvertAll(steps, s => s with { Alone = Math.Max(0, s.Alone - step - (s.Jobs.Count * job)) });
        double alone = steps.Sum(s => s.Alone), work = steps.Sum(s => s.Work),
            all = threads * (steps.Sum(s => s.LongestWay(threads)) + alone);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{network.Name} {(trains ? "training" : "scoring")} {batch} images, {threads} threads: idle "
            + $"{1 - ((work + alone) / all):p1}; of it between jobs, on one thread, {alone * (threads - 1) / all:p1}; "
            + $"{work:f2} ms of work in {steps.Sum(s => s.Jobs.Count)} jobs"));
        if (!writesOps)
            return;
        foreach (var op in steps.Zip(plan.Steps, (times, node) => (node.Op, Times: times)).GroupBy(s => s.Op, s => s.Times)
            .OrderByDescending(o => o.Sum(s => (threads * (s.LongestWay(threads) + s.Alone)) - s.Work)))
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  {op.Key}: idle {op.Sum(s => (threads * s.LongestWay(threads)) - s.Work) / all:p1} in "
                + $"{op.Sum(s => s.Jobs.Count)} jobs, {op.Sum(s => s.Alone) * (threads - 1) / all:p1} between them; "
                + $"{op.Sum(s => s.Work):f2} ms of work"));
    }

    private static StepTimes Least(StepTimes a, StepTimes b) => new(
        [.. a.Jobs.Zip(b.Jobs, (x, y) => x with { Time = Math.Min(x.Time, y.Time) })], Math.Min(a.Alone, b.Alone));

    /// <summary>
    /// Divides the jobs of a run among its steps. Times are read from two clocks in turn: processor time, which others on
    /// the machine do not lengthen, but which ticks in microseconds, and the time of day.
    /// </summary>
    private sealed class Recorder : IPlanObserver
    {
        private readonly List<PretendedJob> _jobs = [];
        private bool _readsProcessor;
        private double _start;

        public List<StepTimes> Steps { get; } = [];

        public double Clock() => _readsProcessor ? Environment.CpuUsage.TotalTime.TotalMilliseconds
            : Stopwatch.GetTimestamp() * 1e3 / Stopwatch.Frequency;

        /// <summary>What recording a step, and a job of it, takes.</summary>
        public (double Step, double Job) OwnTimes(WorkerPool workers)
        {
            var nothing = new Nothing();
            Begin(readsProcessor: false);
            for (int i = 0; i < OwnRounds; i++)
            {
                StepDone(0);
                workers.Run(nothing);
                StepDone(1);
            }
            double step = Steps.Where(s => s.Jobs.Count == 0).Min(s => s.Alone);
            return (step, Math.Max(0, Steps.Where(s => s.Jobs.Count == 1).Min(s => s.Alone) - step));
        }

        public void Begin(bool readsProcessor)
        {
            _readsProcessor = readsProcessor;
            Steps.Clear();
            _jobs.Clear();
            _start = Clock();
        }

        public void Add(PretendedJob job) => _jobs.Add(job with { Time = job.Time + (_readsProcessor ? Tick : 0) });

        public void StepDone(int step)
        {
            double alone = Math.Max(0, Clock() - _start - _jobs.Sum(j => j.Time + j.Counting));
            Steps.Add(new StepTimes([.. _jobs], alone + (_readsProcessor ? Tick * (1 + _jobs.Count) : 0)));
            _jobs.Clear();
            _start = Clock();
        }
    }

    private sealed class Nothing : IParallelWork
    {
        public void RunPart(int part, int parts) { }
    }
}
