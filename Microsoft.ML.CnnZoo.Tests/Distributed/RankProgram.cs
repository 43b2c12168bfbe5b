using System.Runtime.InteropServices;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Distributed;
using Microsoft.ML.CnnZoo.Tests.MLNet;
using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo.Tests.Distributed;

/// <summary>What the tests' ranks run, each a process.</summary>
internal static class RankProgram
{
    public const int Images = 200;

    /// <summary>Trains on digits, as the settings say; each rank leaves its weights in the folder.</summary>
    /// <param name="folder">Where results go.</param>
    /// <param name="settings">What goes wrong, and on which rank.</param>
    public static int Run(string folder, string[] settings)
    {
        try
        {
            Train(folder, settings.ToHashSet());
            return 0;
        }
        catch (Exception e)
        {
            Console.Error.WriteLine($"[{DistributedTraining.Mpi().Rank}] {e.Message}");
            return 1;
        }
    }

    /// <summary>The options, the same for ranks that are processes and ranks that are threads.</summary>
    public static CnnClassificationTrainer.Options Options(DistributedTraining? ranks) => new()
    {
        Architecture = CnnArchitectures.LeNet5Relu, Distributed = ranks, Epochs = 3, BatchSize = 24, LearningRate = 0.02f, Seed = 5,
        Threads = 1, FeatureColumnName = "Pixels", ImageHeight = 28, ImageWidth = 28, ImageChannels = 1,
        Augmentation = ImageAugmentation.Cifar with { Mirror = false }, ValidationSetFraction = 0.2f,
    };

    /// <summary>Trains, and gives the weights.</summary>
    public static byte[] Fit(CnnClassificationTrainer.Options options, int images = Images, Action<TrainingResult>? result = null)
    {
        var mlContext = new MLContext(1);
        IDataView rows = mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(0, images));
        rows = mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(rows).Transform(rows);
        using CnnClassificationTransformer network =
            mlContext.MulticlassClassification.Trainers.CnnClassification(options).Fit(rows);
        result?.Invoke(network.Training!);
        return [.. network.Model.Weights.Variables.SelectMany(v => v.Get().Bytes.ToArray())];
    }

    /// <summary>Steps that one process alone finds done in the checkpoints of ranks, with which it goes on for a step.</summary>
    public static long? StepsOfOneProcess(string folder)
    {
        using var enough = new CancellationTokenSource();
        CnnClassificationTrainer.Options options = Options(null);
        SetLong(options, folder);
        (options.CancellationToken, options.BatchCallback) = (enough.Token, _ => enough.Cancel());
        long? steps = null;
        Fit(options, result: result => steps = result.ResumedFromStep);
        return steps;
    }

    private static void SetLong(CnnClassificationTrainer.Options options, string folder)
    {
        (options.Epochs, options.CheckpointFolder, options.Resume) = (3000, Path.Combine(folder, "checkpoints"), true);
        options.CheckpointInterval = TimeSpan.Zero;
    }

    private static void Train(string folder, HashSet<string> settings)
    {
        DistributedTraining ranks = DistributedTraining.Mpi();
        bool isLast = ranks.Rank == ranks.Ranks - 1;
        CnnClassificationTrainer.Options options = Options(ranks with { SendsBFloat16 = settings.Contains("bfloat16") });
        if (settings.Contains("seeds"))
            options.Seed = 5 + ranks.Rank;
        if (settings.Contains("network") && isLast)
            options.Architecture = CnnArchitectures.LeNet5Tanh;
        int images = settings.Contains("data") && isLast ? Images - 1 : Images;
        if (settings.Contains("callback"))
            options.BatchCallback = batch => throw new IOException($"no room for step {batch.Step}");
        if (settings.Contains("long"))
        {
            SetLong(options, folder);
            Console.WriteLine($"rank {ranks.Rank} is {Environment.ProcessId}");
            options.BatchCallback = batch => Console.WriteLine($"step {batch.Step}");
        }
        if (settings.Contains("leaves") && isLast)
            throw new InvalidDataException("this rank's own program failed");
        byte[] weights = Fit(options, images);
        File.WriteAllBytes(Path.Combine(folder, $"weights-{ranks.Rank}"), weights);
        if (ranks.Rank == 0)
            Console.WriteLine(ranks.Group.Link.Description);
    }
}
