using Microsoft.ML.CnnZoo.Training;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Training;

/// <summary>Learning-rate schedules and early stopping: values without memory.</summary>
public class LearningRateScheduleTests
{
    [Fact]
    public void Rate_ClosedForms_EqualFormula()
    {
        Assert.Equal(0.1f, LearningRateSchedule.Constant.Rate(At(25)));
        Assert.Equal(0.1f, new StepSchedule(2).Rate(At(19)), 1e-7f);
        Assert.Equal(0.01f, new StepSchedule(2).Rate(At(20)), 1e-7f);
        Assert.Equal(0.1 * Math.Pow(0.94, 1.25), new ExponentialSchedule().Rate(At(25)), 1e-7);
        Assert.Equal(0.1 * 0.94, new ExponentialSchedule(Staircase: true).Rate(At(25)), 1e-7);
        Assert.Equal(0.1f, new CosineSchedule().Rate(At(0)), 1e-7f);
        Assert.Equal(0.055f, new CosineSchedule(0.01f).Rate(At(50)), 1e-7f);
        Assert.Equal(0.01f, new CosineSchedule(0.01f).Rate(At(100)), 1e-7f);
    }

    [Fact]
    public void Rate_Warmup_RisesInALineThenHandsOver()
    {
        var schedule = new WarmupSchedule(2, new StepSchedule(5));
        Assert.Equal(0.005f, schedule.Rate(At(0)), 1e-7f);
        Assert.Equal(0.1f, schedule.Rate(At(19)), 1e-7f);
        Assert.Equal(0.1f, schedule.Rate(At(20)), 1e-7f);
        Assert.Equal(0.01f, schedule.Rate(At(50)), 1e-7f);
    }

    [Fact]
    public void Rate_Plateau_DropsAfterPatienceAndOnlyThen()
    {
        var schedule = new PlateauSchedule(Patience: 2, MinimumRate: 0.002f);
        Assert.Equal(0.1f, schedule.Rate(At(30, 1, 0.9, 0.95)), 1e-7f);
        Assert.Equal(0.01f, schedule.Rate(At(40, 1, 0.9, 0.95, 0.9)), 1e-7f);
        Assert.Equal(0.01f, schedule.Rate(At(50, 1, 0.9, 0.95, 0.9, 0.5)), 1e-7f);
        Assert.Equal(0.002f, schedule.Rate(At(70, 1, 0.9, 0.95, 0.9, 0.95, 0.95)), 1e-7f);
    }

    [Fact]
    public void ShouldStop_NoImprovementForPatience_AndNoMemoryOfEarlierRuns()
    {
        var stopping = new EarlyStopping(Patience: 2, MinimumDelta: 0.01);
        EpochProgress[] history = [Epoch(1, 0.5), Epoch(1, 0.6), Epoch(1, 0.605), Epoch(1, 0.609)];
        Assert.False(stopping.ShouldStop(history[..3], StoppingMetric.ValidationAccuracy));
        Assert.True(stopping.ShouldStop(history, StoppingMetric.ValidationAccuracy));
        Assert.False(stopping.ShouldStop(history[..2], StoppingMetric.ValidationAccuracy));
        Assert.False(stopping.ShouldStop([Epoch(1, null), Epoch(2, null), Epoch(3, null)],
            StoppingMetric.ValidationAccuracy));
    }

    [Fact]
    public void ShouldStop_ByLoss_CountsFallingLosses()
    {
        var stopping = new EarlyStopping(Patience: 1);
        Assert.False(stopping.ShouldStop([Epoch(1, 0.5), Epoch(0.9, 0.4)], StoppingMetric.ValidationLoss));
        Assert.True(stopping.ShouldStop([Epoch(1, 0.5), Epoch(1.1, 0.6)], StoppingMetric.ValidationLoss));
    }

    [Fact]
    public void IsBetter_EqualAccuracy_TheSmallerLossWins()
    {
        Assert.True(EarlyStopping.IsBetter(Epoch(0.9, 0.5), Epoch(1, 0.5), StoppingMetric.ValidationAccuracy));
        Assert.False(EarlyStopping.IsBetter(Epoch(1, 0.5), Epoch(1, 0.5), StoppingMetric.ValidationAccuracy));
        Assert.False(EarlyStopping.IsBetter(Epoch(0.1, 0.4), Epoch(1, 0.5), StoppingMetric.ValidationAccuracy));
        Assert.True(EarlyStopping.IsBetter(Epoch(0.1, 0.4), Epoch(1, 0.5), StoppingMetric.ValidationLoss));
    }

    /// <summary>Ten steps an epoch, ten epochs, base rate 0.1.</summary>
    private static ScheduleContext At(long step, params double[] losses) =>
        new(0.1f, step, 10, 10, [.. losses.Select(l => Epoch(l, null) with { ValidationLoss = l })]);

    private static EpochProgress Epoch(double loss, double? accuracy) => new()
    {
        Epoch = 1,
        Epochs = 1,
        Loss = loss,
        Accuracy = 0,
        ValidationLoss = accuracy is null ? null : loss,
        ValidationAccuracy = accuracy,
        ImagesPerSecond = 1,
        LearningRate = 0.1f,
        Elapsed = TimeSpan.Zero,
        Remaining = TimeSpan.Zero,
    };
}
