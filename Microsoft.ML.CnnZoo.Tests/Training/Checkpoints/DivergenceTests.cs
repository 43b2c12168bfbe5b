using Microsoft.ML.CnnZoo.Training;
using Xunit;
using static Microsoft.ML.CnnZoo.Tests.Training.Checkpoints.CheckpointRuns;

namespace Microsoft.ML.CnnZoo.Tests.Training.Checkpoints;

/// <summary>Trainings that diverge, and how they come back.</summary>
public sealed class DivergenceTests : IDisposable
{
    private const float Rate = 3.2f;
    private readonly string _folder = Directory.CreateTempSubdirectory("divergence").FullName;

    // Plain descent blows up with this rate and with a quarter of it, and learns with a sixteenth.
    private static readonly TrainingOptions TooFast = Options with
    {
        Optimizer = Optimizer.GradientDescent, LearningRate = Rate, Schedule = LearningRateSchedule.Constant,
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Train_RateTooHigh_GoesBackWithAQuarterOfItAndSaysSo()
    {
        var warnings = new List<string>();
        var again = new List<long>();
        Outcome outcome = Train(TooFast with { Warn = warnings.Add, WentBack = again.Add });
        Assert.Equal(TrainingEnd.Completed, outcome.Result.End);
        Assert.Equal(2, outcome.Result.Recoveries);
        Assert.Null(outcome.Result.Divergence);
        Assert.Equal([0, 0], again);
        Assert.Equal(2, warnings.Count);
        Assert.Contains("1,000 times", warnings[0], StringComparison.Ordinal);
        Assert.Contains("2 of at most 3", warnings[1], StringComparison.Ordinal);
        Assert.All(outcome.Result.History, e => Assert.Equal(Rate / 16, e.LearningRate));
        // as if it had been asked for that rate from the start.
        Assert.Equal(Train(TooFast with { LearningRate = Rate / 16, Schedule = LearningRateSchedule.Constant }).Weights,
            outcome.Weights);
    }

    [Fact]
    public void Train_DivergesOnceInALaterEpoch_BeginsThatEpochAgain()
    {
        Outcome outcome = Train(Options with { Schedule = new RateFrom(10, float.MaxValue, Until: 12), MaxDivergences = 1 });
        Assert.Equal(TrainingEnd.Diverged, outcome.Result.End); // it meets the same rate once more
        Assert.Equal(1, outcome.Result.Recoveries);
        Assert.Equal((2, 1), (outcome.Result.Divergence!.Epoch, outcome.Result.Best!.Epoch));
    }

    [Fact]
    public void Train_DivergesMoreOftenThanAllowed_SaysSoAsWithoutRecovery()
    {
        Assert.Throws<TrainingDivergedException>(() => Train(TooFast with { MaxDivergences = 1 }));
        Assert.Throws<TrainingDivergedException>(() => Train(TooFast with { MaxDivergences = 0 }));
    }

    [Theory]
    [InlineData(0, TrainingEnd.Completed)]
    [InlineData(13, TrainingEnd.Diverged)] // in the second epoch it does not come back
    public void Resume_InterruptedAtEveryStepOfATrainingThatDiverges_SameWeights(int from, TrainingEnd end)
    {
        TrainingOptions options = TooFast with { LearningRate = Rate / 16, Schedule = new RateFrom(from, High: Rate) };
        Outcome undisturbed = Train(options), last;
        Assert.Equal(end, undisturbed.Result.End);
        Assert.InRange(undisturbed.Result.Recoveries, 2, 3);
        int runs = 0;
        do
        {
            last = Train(options.In(_folder), cancelAfter: 1);
            Assert.InRange(++runs, 1, 80);
        }
        while (last.Result.End == TrainingEnd.Canceled);
        AssertSame(undisturbed, last);
    }
}
