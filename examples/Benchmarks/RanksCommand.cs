using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Distributed;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Training;

namespace Benchmarks;

/// <summary>
/// <c>ranks</c>: steps of a training on random images; started by mpirun, the ranks share each batch. Images per second,
/// and what of a step is waiting for other ranks.
/// </summary>
internal static class RanksCommand
{
    private const int WarmUpSteps = 3;

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        var network = new Argument<string>("network") { Description = "Network" };
        var threads = new Option<int>("--threads") { Description = "Threads of a rank; 0 for one per processor" };
        var seconds = new Option<double>("--seconds") { Description = "Length", DefaultValueFactory = _ => 10 };
        var bfloat16 = new Option<bool>("--bfloat16") { Description = "Send gradients as bfloat16" };
        var synchronized = new Option<bool>("--sync-batch-norm") { Description = "Synchronize batch norms" };
        var command = new Command("ranks", "Times training steps; started by mpirun, of all ranks together.")
        {
            network, threads, seconds, bfloat16, synchronized,
        };
        command.SetAction(parsed =>
        {
            using var workers = new WorkerPool(parsed.GetValue(threads));
            RankGroup? ranks = DistributedTraining.IsLaunched ? DistributedTraining.Mpi().Group : null;
            Measure(NetworkTable.Find(parsed.GetRequiredValue(network)), parsed.GetValue(seconds), new TrainingOptions
            {
                Ranks = ranks, Workers = workers, SendsBFloat16 = parsed.GetValue(bfloat16),
                SynchronizesBatchNorms = parsed.GetValue(synchronized), MaxDivergences = 0,
            });
        });
        return command;
    }

    private static void Measure(BenchmarkNetwork network, double seconds, TrainingOptions options)
    {
        ImageShape shape = network.Architecture.DefaultInput;
        int ranks = options.Ranks?.Size ?? 1, own = network.Batch / ranks;
        using ImageCache<byte> images = Random(shape, network, own * network.DistinctBatches, options.Ranks?.Rank ?? 0);
        long start = 0;
        BatchProgress? before = null, last = null;
        TimeSpan processorBefore = TimeSpan.Zero;
        using var enough = new CancellationTokenSource();
        options = options with
        {
            Epochs = int.MaxValue / 2, BatchSize = network.Batch, LearningRate = 1e-4f, CancellationToken = enough.Token,
            EpochCompleted = _ => { },
            BatchCompleted = batch =>
            {
                if (batch.Step == WarmUpSteps)
                    (start, before, processorBefore) = (Stopwatch.GetTimestamp(), batch, Environment.CpuUsage.TotalTime);
                last = batch;
                if (before is not null && Stopwatch.GetElapsedTime(start).TotalSeconds > seconds)
                    enough.Cancel();
            },
        };
        var steps = new StepCosts();
        using var trainer = new NetworkTrainer(network.Architecture, shape, network.Classes, KernelSet.Shared, options with
        {
            BatchCompleted = batch =>
            {
                steps.Add(batch, WarmUpSteps);
                options.BatchCompleted(batch);
            },
        });
        trainer.Train(images);
        double elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var processor = (double[])[(Environment.CpuUsage.TotalTime - processorBefore).TotalMilliseconds];
        options.Ranks?.Sum(processor);
        var waited = new double[ranks];
        waited[0] = steps.Waited.TotalSeconds / elapsed;
        options.Ranks?.Gather([waited[0]], waited);
        long count = last!.Step - before!.Step;
        if (options.Ranks is null or { IsFirst: true })
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{network.Name} {ranks} ranks x {options.Workers.ThreadCount} threads: {count * network.Batch / elapsed:f1} images/s, "
                + $"a step {elapsed / count * 1e3:f1} ms, of it {waited.Min():p1} to {waited.Max():p1} waiting for ranks, "
                + $"{steps.BytesSent / 1e6 / count:f2} MB sent, {processor[0] / count / network.Batch:f3} ms of processor for an image"));
    }

    private static ImageCache<byte> Random(ImageShape shape, BenchmarkNetwork network, int count, int seed)
    {
        var random = new Random(seed);
        var cache = new ImageCache<byte>(shape) { Normalization = PixelNormalization.Uniform(shape.Channels, 1 / 80f, -1.6f) };
        for (int i = 0; i < count; i++)
        {
            var pixels = new byte[shape.ValueCount];
            random.NextBytes(pixels);
            cache.Add(pixels, random.Next(network.Classes));
        }
        return cache;
    }

    /// <summary>Sums over steps; what is reported begins anew with each epoch.</summary>
    private sealed class StepCosts
    {
        private TimeSpan _waitedBefore;
        private long _bytesBefore;

        public TimeSpan Waited { get; private set; }

        public long BytesSent { get; private set; }

        public void Add(BatchProgress batch, int warmUp)
        {
            if (batch.Batch == 1)
                (_waitedBefore, _bytesBefore) = (TimeSpan.Zero, 0);
            if (batch.Step > warmUp)
                (Waited, BytesSent) = (Waited + (batch.RankWait - _waitedBefore), BytesSent + batch.BytesSent - _bytesBefore);
            (_waitedBefore, _bytesBefore) = (batch.RankWait, batch.BytesSent);
        }
    }
}
