using Microsoft.ML.CnnZoo.Training;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Training;

/// <summary>The search's order and its time limit, on candidates that only pretend to be trained.</summary>
public class SuccessiveHalvingTests
{
    [Fact]
    public void Run_SixCandidates_KeepsTheBetterThirdAndTrainsTheBestFully()
    {
        var runner = new PretendedTrainings([0.5, 0.9, 0.7, 0.95, 0.6, 0.8], secondsPerEpoch: [1, 1, 1, 1, 1, 1]);
        SuccessiveHalving search = runner.Search(fullEpochs: 18, seconds: 1000);
        Assert.Equal(
            [
                new(0, 0, 2), new(1, 0, 2), new(2, 0, 2), new(3, 0, 2), new(4, 0, 2), new(5, 0, 2),
                new(3, 1, 6), new(1, 1, 6), new(3, 2, 18),
            ], runner.Trials);
        Assert.Equal(new Trial(3, 2, 18), search.Best!.Trial);
    }

    [Fact]
    public void Run_EqualAccuracies_LowerLossWinsThenTheEarlierOne()
    {
        var runner = new PretendedTrainings([0.9, 0.9, 0.9], [1, 1, 1]) { Losses = [0.3, 0.2, 0.2] };
        Assert.Equal(new Trial(1, 1, 9), runner.Search(fullEpochs: 9, seconds: 1000).Best!.Trial);
    }

    [Fact]
    public void Run_SlowCandidate_IsGivenUpAfterItsFirstSteps()
    {
        var runner = new PretendedTrainings([0.6, 0.99, 0.8], [1, 100, 1]);
        SuccessiveHalving search = runner.Search(fullEpochs: 9, seconds: 120);
        TrialResult slow = search.Results.Single(r => r.Trial.Candidate == 1);
        Assert.Equal(TrialEnd.OutOfTime, slow.End);
        Assert.Equal(100, slow.SecondsPerEpoch!.Value, 1e-6);
        Assert.InRange(slow.Seconds, 1, 60);
        Assert.Equal(new Trial(2, 1, 9), search.Best!.Trial);
        Assert.True(runner.Clock.Seconds <= 120);
    }

    [Fact]
    public void Run_ShortTime_LastTrainingHasTheEpochsThatFit()
    {
        var runner = new PretendedTrainings([0.6, 0.8], [1, 1]);
        SuccessiveHalving search = runner.Search(fullEpochs: 30, seconds: 50); // twice 10 epochs leave 30 seconds
        Assert.Equal([10, 10, 27], runner.Trials.Select(t => t.Epochs)); // with a margin of a tenth
        Assert.Equal(new Trial(1, 1, 27), search.Best!.Trial);
        Assert.Equal(47, runner.Clock.Seconds, 1e-6);
    }

    /// <summary>A good network that is too slow for more epochs must not leave the rest of the time unused.</summary>
    [Fact]
    public void Run_NoTimeForMoreOfTheBest_TrainsTheNextOne()
    {
        var runner = new PretendedTrainings([0.6, 0.9], [1, 12]);
        SuccessiveHalving search = runner.Search(fullEpochs: 9, seconds: 60); // 21 seconds are left after the first rung
        Assert.Equal([new(0, 0, 3), new(1, 0, 3), new(0, 1, 9)], runner.Trials);
        Assert.Equal(new Trial(1, 0, 3), search.Best!.Trial);
    }

    [Fact]
    public void Run_AllTooSlow_TheFastestIsTrainedAsLongAsTimeIs()
    {
        var runner = new PretendedTrainings([0.6, 0.7, 0.8], [50, 20, 80]);
        SuccessiveHalving search = runner.Search(fullEpochs: 90, seconds: 300);
        Assert.Equal(1, search.Best!.Trial.Candidate);
        Assert.InRange(search.Best.Epochs, 5, 14);
        Assert.InRange(runner.Clock.Seconds, 100, 300);
    }

    [Fact]
    public void Run_HalfOfTheTimeGoneWithoutResult_TrainsTheFastestSoFar()
    {
        var runner = new PretendedTrainings([0.6, 0.7, 0.8], [20, 20, 1]) { SecondsToBegin = 45 };
        SuccessiveHalving search = runner.Search(fullEpochs: 90, seconds: 200);
        Assert.Equal([0, 1, 0], runner.Trials.Select(t => t.Candidate)); // the third is not begun
        Assert.Equal((TrialEnd.Done, 2), (search.Best!.End, search.Best.Epochs)); // 94 seconds, less 45, for 22 each
        Assert.InRange(runner.Clock.Seconds, 190, 200);
    }

    [Fact]
    public void Run_OneCandidateTooSlow_BeginsAnewWithAScheduleThatFits()
    {
        var runner = new PretendedTrainings([0.6], [10]);
        SuccessiveHalving search = runner.Search(fullEpochs: 90, seconds: 100);
        Assert.Equal(2, runner.Trials.Count);
        Assert.Equal(TrialEnd.Done, search.Best!.End);
        Assert.InRange(search.Best.Epochs, 7, 9);
    }

    [Fact]
    public void Run_PaceChangesForTheWorse_StopsAtTheLimit()
    {
        var runner = new PretendedTrainings([0.6, 0.7, 0.8], [1, 1, 1]) { SlowFrom = 40 };
        runner.Search(fullEpochs: 30, seconds: 60);
        Assert.InRange(runner.Clock.Seconds, 60, 71); // one step of the slow kind beyond
        Assert.Equal(TrialEnd.OutOfTime, runner.Ends[^1]);
    }

    [Fact]
    public void Run_Diverged_IsNotTrainedFurther()
    {
        var runner = new PretendedTrainings([0.6, 0.99, 0.8], [1, 1, 1]) { Diverges = 1 };
        Assert.Equal(2, runner.Search(fullEpochs: 9, seconds: 1000).Best!.Trial.Candidate);
        Assert.Single(runner.Trials, t => t.Candidate == 1);
    }

    [Fact]
    public void Run_Canceled_StartsNothingMore()
    {
        var runner = new PretendedTrainings([0.6, 0.7, 0.8], [1, 1, 1]) { CanceledTrial = 1 };
        SuccessiveHalving search = runner.Search(fullEpochs: 9, seconds: 1000);
        Assert.Equal(2, runner.Trials.Count);
        Assert.Equal(0, search.Best!.Trial.Candidate);
    }

    private sealed class SteppedClock : TimeProvider
    {
        public double Seconds { get; set; }
        public override long TimestampFrequency => 1_000_000;
        public override long GetTimestamp() => (long)Math.Round(Seconds * TimestampFrequency);
    }

    /// <summary>Ten steps an epoch; accuracy grows with the epochs.</summary>
    private sealed class PretendedTrainings(double[] accuracies, double[] secondsPerEpoch) : ITrialRunner
    {
        private const int Steps = 10;
        public SteppedClock Clock { get; } = new();
        public List<Trial> Trials { get; } = [];
        public List<TrialEnd> Ends { get; } = [];
        public double[]? Losses { get; init; }
        public int? Diverges { get; init; }
        public int? CanceledTrial { get; init; }
        public double SecondsToBegin { get; init; }
        public double SlowFrom { get; init; } = double.PositiveInfinity;

        public SuccessiveHalving Search(int fullEpochs, double seconds)
        {
            var search = new SuccessiveHalving([.. accuracies.Select(_ => fullEpochs)], TimeSpan.FromSeconds(seconds), Clock, this);
            search.Run();
            return search;
        }

        public TrialResult Run(Trial trial, TrialTimer timer)
        {
            Trials.Add(trial);
            double start = Clock.Seconds;
            Clock.Seconds += SecondsToBegin;
            int step = 0;
            bool goesOn = true;
            while (goesOn && step < trial.Epochs * Steps)
            {
                Clock.Seconds += (Clock.Seconds >= SlowFrom ? 100 : secondsPerEpoch[trial.Candidate]) / Steps;
                goesOn = timer.MayGoOn((double)++step / Steps);
            }
            int epochs = step / Steps;
            TrialEnd end = trial.Candidate == Diverges ? TrialEnd.Diverged
                : Trials.Count - 1 == CanceledTrial ? TrialEnd.Canceled
                : goesOn ? TrialEnd.Done : TrialEnd.OutOfTime;
            Ends.Add(end);
            bool measured = epochs > 0 && end is TrialEnd.Done or TrialEnd.OutOfTime;
            double seconds = Clock.Seconds - start;
            return new TrialResult(trial, end, measured ? accuracies[trial.Candidate] + epochs * 1e-4 : null,
                measured ? Losses?[trial.Candidate] ?? 0.1 : null, epochs, seconds)
            {
                SecondsPerEpoch = end == TrialEnd.OutOfTime ? timer.SecondsPerEpoch : seconds / trial.Epochs,
                SecondsToBegin = end == TrialEnd.OutOfTime ? timer.SecondsToBegin : 0,
            };
        }
    }
}
