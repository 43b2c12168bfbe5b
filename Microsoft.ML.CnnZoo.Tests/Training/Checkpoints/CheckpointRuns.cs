using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.CnnZoo.Training.Checkpoints;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Training.Checkpoints;

/// <summary>Short trainings on digits, with and without checkpoints.</summary>
internal static class CheckpointRuns
{
    /// <summary>A result and all variables' bytes.</summary>
    public sealed record Outcome(TrainingResult Result, byte[] Weights, long Steps);

    /// <summary>Eight images to a batch, which do not divide the 60 evenly; dropout; Adam, whose state counts.</summary>
    public static TrainingOptions Options { get; } = new()
    {
        Epochs = 3, BatchSize = 8, LearningRate = 0.002f, Optimizer = new AdamOptimizer(), Seed = 11,
        Schedule = new CosineSchedule(),
    };

    /// <summary>Trains; canceled after some steps of this process if asked for.</summary>
    public static Outcome Train(TrainingOptions options, int cancelAfter = int.MaxValue, int images = 60,
        CnnArchitecture? network = null)
    {
        using var cancellation = new CancellationTokenSource();
        long steps = 0;
        using var trainer = new NetworkTrainer(network ?? TraceNetworks.DropoutAndAuxiliary, new ImageShape(32, 32, 1), 10,
            KernelSet.Shared, options with
            {
                CancellationToken = cancellation.Token,
                BatchCompleted = _ =>
                {
                    if (++steps == cancelAfter)
                        cancellation.Cancel();
                },
            });
        TrainingResult result = trainer.Train(NetworkTrainerTests.Cache(0, images), NetworkTrainerTests.Cache(200, 30));
        return new Outcome(result, [.. trainer.Variables.Variables.SelectMany(v => v.Get().Bytes.ToArray())], steps);
    }

    /// <summary>The same options with checkpoints in a folder, after each step, and resumption.</summary>
    public static TrainingOptions In(this TrainingOptions options, string folder, bool resume = true) => options with
    {
        Checkpoints = new CheckpointPlan(folder) { Interval = TimeSpan.Zero, Resume = resume },
    };

    /// <summary>What does not depend on time.</summary>
    public static void AssertSame(Outcome expected, Outcome actual)
    {
        Assert.Equal(expected.Weights, actual.Weights);
        Assert.Equal(expected.Result.End, actual.Result.End);
        Assert.Equal(expected.Result.Recoveries, actual.Result.Recoveries);
        Assert.Equal(expected.Result.Best?.Epoch, actual.Result.Best?.Epoch);
        Assert.Equal(expected.Result.Divergence?.Message, actual.Result.Divergence?.Message);
        Assert.Equal(expected.Result.History.Select(Values), actual.Result.History.Select(Values));
    }

    private static (int, double, double, double?, double?, float) Values(EpochProgress e) =>
        (e.Epoch, e.Loss, e.Accuracy, e.ValidationLoss, e.ValidationAccuracy, e.LearningRate);
}
