using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// The rate rises in a line to the base rate over the first epochs; then another schedule begins, which counts its
/// steps and epochs from there. Goyal et al. 2017, arXiv:1706.02677.
/// </summary>
/// <remarks>
/// Without a start factor, step t of n has base · (t + 1) / n, as in the paper: the last step of the rise has the base
/// rate already. With one it is base · (s + (1 - s) · t / n), and the next schedule's first step is the first to have
/// the base rate: PyTorch's LinearLR and SequentialLR.
/// </remarks>
/// <param name="Epochs">Length of the rise, in epochs, ≥ 0.</param>
/// <param name="Then">The schedule after it.</param>
/// <param name="StartFactor">s, share of the base rate that the first step has, in [0, 1); default null, see the
/// remarks.</param>
public sealed record WarmupSchedule(float Epochs, LearningRateSchedule Then, float? StartFactor = null)
    : LearningRateSchedule
{
    internal override void Check()
    {
        OptionRange.RequireNotNegative(Epochs, "WarmupSchedule.Epochs");
        OptionRange.Require(Then is not null, "WarmupSchedule.Then", Then, "the schedule that follows");
        if (StartFactor is { } factor)
            OptionRange.RequireShare(factor, "WarmupSchedule.StartFactor");
        Then!.Check();
    }

    /// <inheritdoc/>
    public override float Rate(ScheduleContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        double steps = (double)Epochs * context.StepsPerEpoch;
        if (context.Step >= steps)
            return Then.Rate(After(context));
        return (float)(context.BaseRate * (StartFactor is { } start ? start + ((1 - start) * context.Step / steps)
            : Math.Min(1, (context.Step + 1) / steps)));
    }

    /// <inheritdoc/>
    public override float? Momentum(ScheduleContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Then.Momentum(After(context));
    }

    /// <summary>What the next schedule sees; during the rise, its first step.</summary>
    private ScheduleContext After(ScheduleContext context)
    {
        long steps = (long)Math.Ceiling((double)Epochs * context.StepsPerEpoch);
        return context with { Step = Math.Max(0, context.Step - steps), TotalSteps = Math.Max(1, context.TotalSteps - steps) };
    }
}
