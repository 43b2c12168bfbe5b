using System.Text.Json;
using Microsoft.ML.CnnZoo.Tests.Golden;
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
        Assert.Equal(0.1f, schedule.Rate(At(69)), 1e-7f);
        Assert.Equal(0.01f, schedule.Rate(At(70)), 1e-7f); // five epochs after the rise
    }

    [Fact]
    public void Rate_Plateau_DropsAfterPatienceAndOnlyThen()
    {
        var schedule = new PlateauSchedule(Patience: 1, MinimumRate: 0.002f);
        Assert.Equal(0.1f, schedule.Rate(At(30, 1, 0.9, 0.95)), 1e-7f);
        Assert.Equal(0.01f, schedule.Rate(At(40, 1, 0.9, 0.95, 0.9)), 1e-7f);
        Assert.Equal(0.01f, schedule.Rate(At(50, 1, 0.9, 0.95, 0.9, 0.5)), 1e-7f);
        Assert.Equal(0.002f, schedule.Rate(At(70, 1, 0.9, 0.95, 0.9, 0.95, 0.95)), 1e-7f);
    }

    public static TheoryData<string> Golden
    {
        get
        {
            using JsonDocument document = GoldenFiles.Read("rules/schedules.json");
            return [.. document.RootElement.EnumerateArray().Select(e => e.GetProperty("name").GetString()!)];
        }
    }

    [Theory]
    [MemberData(nameof(Golden))]
    public void Rate_EveryStep_EqualsGolden(string name)
    {
        using JsonDocument document = GoldenFiles.Read("rules/schedules.json");
        JsonElement golden = document.RootElement.EnumerateArray()
            .First(e => e.GetProperty("name").GetString() == name);
        (LearningRateSchedule schedule, int epochs) = name switch
        {
            "one_cycle_cos" => (new OneCycleSchedule(LowestMomentum: 0.85f), 40),
            "cosine" => (new CosineSchedule(0.001f), 30),
            "multi_step" => (new MultiStepSchedule([10, 20, 26]), 30),
            "polynomial" => (new PolynomialSchedule(2), 20),
            "cyclic_triangular" => (new CyclicSchedule(0.01f, 6), 30),
            "warmup_cosine" => (new WarmupSchedule(5, new CosineSchedule(), 0.01f), 30),
            "plateau" => ((LearningRateSchedule)new PlateauSchedule(2, 0.5f, 1e-4, 0.01f, Cooldown: 1), 16),
            _ => throw new ArgumentException(name),
        };
        double[] metrics = Numbers(golden, "metrics"), rates = Numbers(golden, "rates"),
            momenta = Numbers(golden, "momenta");
        for (int t = 0; t < rates.Length; t++)
        {
            var context = new ScheduleContext(golden.GetProperty("peak").GetSingle(), t, 1, epochs,
                [.. metrics.Take(t).Select(m => Epoch(m, 0))]);
            Assert.Equal(rates[t], schedule.Rate(context), 1e-6 * rates[t]);
            Assert.Equal(momenta.Length == 0 ? null : momenta[t], schedule.Momentum(context) ?? (double?)null, Near);
        }
    }

    [Fact]
    public void Rate_OneCycle_EpochsAndTheirStepsMakeTheTotal()
    {
        ScheduleContext At(long step) => new(0.1f, step, 4, 10, []);
        var schedule = new OneCycleSchedule();
        Assert.Equal(0.004f, schedule.Rate(At(0)), 1e-8f);
        Assert.Equal(0.1f, schedule.Rate(At(11)), 1e-7f);
        Assert.Equal(4e-7f, schedule.Rate(At(39)), 1e-12f);
        Assert.Equal(4e-7f, schedule.Rate(At(45)), 1e-12f); // beyond the end
        Assert.Null(schedule.Momentum(At(5)));
        var three = new OneCycleSchedule(HasThreePhases: true, IsLinear: true);
        Assert.Equal(0.1f, three.Rate(At(11)), 1e-7f);
        Assert.Equal(0.004f, three.Rate(At(22)), 1e-7f);
        Assert.Equal(0.0424f, three.Rate(new ScheduleContext(0.1f, 2, 1, 20, [])), 1e-6f);
        Assert.True(float.IsFinite(schedule.Rate(new ScheduleContext(0.1f, 0, 1, 1, []))));
    }

    [Fact]
    public void Rate_CyclicAndRestarts_RepeatWithTheirFactors()
    {
        var halving = new CyclicSchedule(0.02f, Rise: 2, Fall: 3, InSteps: true, CycleFactor: 0.5f);
        Assert.Equal(0.06f, halving.Rate(At(1)), 1e-7f);
        Assert.Equal(0.1f, halving.Rate(At(2)), 1e-7f);
        Assert.Equal(0.02f, halving.Rate(At(5)), 1e-7f);
        Assert.Equal(0.06f, halving.Rate(At(7)), 1e-7f);
        var epochs = new CyclicSchedule(0.02f, Rise: 0.2f, Fall: 0.3f, CycleFactor: 0.5f);
        Assert.Equal(0.06f, epochs.Rate(At(7)), 1e-7f);
        var restarts = new CosineRestartSchedule(2, Lengthening: 2);
        Assert.Equal(0.1f, restarts.Rate(At(20)), 1e-7f);
        Assert.Equal(0.05f, restarts.Rate(At(40)), 1e-7f); // the middle of the second, of four epochs
        Assert.Equal(0.1f, restarts.Rate(At(60)), 1e-7f);
        Assert.Equal(0.05f, new CosineRestartSchedule(1).Rate(At(25)), 1e-7f);
    }

    [Fact]
    public void Momentum_AfterAWarmup_IsThatOfTheNextSchedule()
    {
        var schedule = new WarmupSchedule(1, new OneCycleSchedule(LowestMomentum: 0.8f, HighestMomentum: 0.9f));
        Assert.Equal(0.9f, schedule.Momentum(At(3))!.Value, 1e-6f);
        Assert.Equal(0.8f, schedule.Momentum(At(36))!.Value, 1e-6f); // rise of 90 steps, less one, after ten
        Assert.Null(new WarmupSchedule(1, new CosineSchedule()).Momentum(At(50)));
    }

    [Fact]
    public void Equals_MultiStepsOfEqualEpochs_AreEqual()
    {
        Assert.Equal(new MultiStepSchedule([1, 2]), new MultiStepSchedule([1, 2]));
        Assert.NotEqual(new MultiStepSchedule([1, 2]), new MultiStepSchedule([1, 3]));
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

    private static double[] Numbers(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement list) ? [.. list.EnumerateArray().Select(e => e.GetDouble())] : [];

    private static bool Near(double? x, double? y) => x is null ? y is null : Math.Abs(x.Value - y!.Value) < 1e-6;

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
