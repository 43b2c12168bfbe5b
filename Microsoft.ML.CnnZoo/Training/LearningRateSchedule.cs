using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo;

/// <summary>Where training stands when a learning rate is asked for.</summary>
/// <param name="BaseRate">The learning rate that was set.</param>
/// <param name="Step">Steps done before this one, from 0.</param>
/// <param name="StepsPerEpoch">Batches in an epoch, ≥ 1.</param>
/// <param name="Epochs">Epochs asked for.</param>
/// <param name="History">The epochs done.</param>
public sealed record ScheduleContext(float BaseRate, long Step, int StepsPerEpoch, int Epochs,
    IReadOnlyList<EpochProgress> History)
{
    /// <summary>Epochs done, with the fraction of the present one.</summary>
    public double Epoch => (double)Step / StepsPerEpoch;

    /// <summary>Fraction of the training done, 0…1.</summary>
    public double Progress => Math.Min(1, Epoch / Math.Max(1, Epochs));
}

/// <summary>
/// The learning rate of each step. A schedule keeps nothing between calls, so one instance serves any number of
/// trainings, also at the same time. Schedules of your own derive from it.
/// </summary>
public abstract record LearningRateSchedule
{
    /// <summary>The same rate throughout.</summary>
    public static LearningRateSchedule Constant { get; } = new ConstantSchedule();

    /// <summary>The rate of the step at hand, ≥ 0.</summary>
    public abstract float Rate(ScheduleContext context);

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal virtual void Check() { }
}

/// <summary>The base rate throughout.</summary>
internal sealed record ConstantSchedule : LearningRateSchedule
{
    /// <inheritdoc/>
    public override float Rate(ScheduleContext context) => context.BaseRate;
}

/// <summary>rate = base · factor^⌊epoch / epochsPerDrop⌋.</summary>
/// <param name="EpochsPerDrop">Epochs between drops, ≥ 1.</param>
/// <param name="Factor">What the rate is multiplied by at a drop, > 0; default 0.1.</param>
public sealed record StepSchedule(int EpochsPerDrop, float Factor = 0.1f) : LearningRateSchedule
{
    internal override void Check()
    {
        OptionRange.Require(EpochsPerDrop >= 1, "StepSchedule.EpochsPerDrop", EpochsPerDrop, "1 or more");
        OptionRange.RequirePositive(Factor, "StepSchedule.Factor");
    }

    /// <inheritdoc/>
    public override float Rate(ScheduleContext context) =>
        (float)(context.BaseRate * Math.Pow(Factor, Math.Floor(context.Epoch / EpochsPerDrop)));
}

/// <summary>rate = base · decayRate^(epoch / epochsPerDecay), in a curve or in steps.</summary>
/// <param name="DecayRate">Factor per period, > 0; default 0.94.</param>
/// <param name="EpochsPerDecay">Length of a period in epochs, > 0; default 2.</param>
/// <param name="Staircase">Whether the rate changes only at the end of a period; default false.</param>
public sealed record ExponentialSchedule(float DecayRate = 0.94f, float EpochsPerDecay = 2, bool Staircase = false)
    : LearningRateSchedule
{
    internal override void Check()
    {
        OptionRange.RequirePositive(DecayRate, "ExponentialSchedule.DecayRate");
        OptionRange.RequirePositive(EpochsPerDecay, "ExponentialSchedule.EpochsPerDecay");
    }

    /// <inheritdoc/>
    public override float Rate(ScheduleContext context)
    {
        double periods = context.Epoch / EpochsPerDecay;
        return (float)(context.BaseRate * Math.Pow(DecayRate, Staircase ? Math.Floor(periods) : periods));
    }
}

/// <summary>
/// rate = min + (base - min) · (1 + cos(π · progress)) / 2. Loshchilov, Hutter 2016, arXiv:1608.03983, without
/// restarts.
/// </summary>
/// <param name="MinimumRate">The rate at the end, ≥ 0; default 0.</param>
public sealed record CosineSchedule(float MinimumRate = 0) : LearningRateSchedule
{
    internal override void Check() => OptionRange.RequireNotNegative(MinimumRate, "CosineSchedule.MinimumRate");

    /// <inheritdoc/>
    public override float Rate(ScheduleContext context) =>
        (float)(MinimumRate + (context.BaseRate - MinimumRate) * 0.5 * (1 + Math.Cos(Math.PI * context.Progress)));
}

/// <summary>
/// The rate rises linearly from base/steps to base over the first epochs; then another schedule applies. Goyal et al.
/// 2017, arXiv:1706.02677.
/// </summary>
/// <param name="Epochs">Length of the rise, in epochs, ≥ 0.</param>
/// <param name="Then">The schedule after it; it counts epochs from the start of training.</param>
public sealed record WarmupSchedule(float Epochs, LearningRateSchedule Then) : LearningRateSchedule
{
    internal override void Check()
    {
        OptionRange.RequireNotNegative(Epochs, "WarmupSchedule.Epochs");
        OptionRange.Require(Then is not null, "WarmupSchedule.Then", Then, "the schedule that follows");
        Then!.Check();
    }

    /// <inheritdoc/>
    public override float Rate(ScheduleContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        double steps = Epochs * context.StepsPerEpoch;
        return context.Step < steps ? (float)(context.BaseRate * Math.Min(1, (context.Step + 1) / steps))
            : Then.Rate(context);
    }
}

/// <summary>
/// The rate is multiplied by <paramref name="Factor"/> when the loss has not fallen for some epochs (validation loss
/// where there is one), as AlexNet's authors did by hand.
/// </summary>
/// <param name="Patience">Epochs without improvement before a drop, ≥ 1; default 5.</param>
/// <param name="Factor">What the rate is multiplied by, between 0 and 1; default 0.1.</param>
/// <param name="MinimumDelta">What counts as an improvement: the loss falls by more than this, ≥ 0; default
/// 1e-4.</param>
/// <param name="MinimumRate">The rate falls no further, ≥ 0; default 0.</param>
public sealed record PlateauSchedule(int Patience = 5, float Factor = 0.1f, double MinimumDelta = 1e-4,
    float MinimumRate = 0) : LearningRateSchedule
{
    internal override void Check()
    {
        OptionRange.Require(Patience >= 1, "PlateauSchedule.Patience", Patience, "1 or more");
        OptionRange.Require(Factor is > 0 and < 1, "PlateauSchedule.Factor", Factor, "between 0 and 1");
        OptionRange.RequireNotNegative(MinimumDelta, "PlateauSchedule.MinimumDelta");
        OptionRange.RequireNotNegative(MinimumRate, "PlateauSchedule.MinimumRate");
    }

    /// <inheritdoc/>
    public override float Rate(ScheduleContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        double best = double.PositiveInfinity;
        int waited = 0, drops = 0;
        foreach (EpochProgress epoch in context.History)
        {
            double loss = epoch.ValidationLoss ?? epoch.Loss;
            if (loss < best - MinimumDelta)
                (best, waited) = (loss, 0);
            else if (++waited >= Patience)
                (drops, waited) = (drops + 1, 0);
        }
        return Math.Max(Math.Min(MinimumRate, context.BaseRate), (float)(context.BaseRate * Math.Pow(Factor, drops)));
    }
}
