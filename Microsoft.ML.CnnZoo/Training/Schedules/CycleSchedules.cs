using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// One rise to the base rate, which is the peak, and one long fall far below the start, in half cosines. Smith, Topin
/// 2017, arXiv:1708.07120, as PyTorch's OneCycleLR and fastai have it: the first step has the lowest rate of the rise,
/// the last step the lowest of all.
/// </summary>
/// <remarks>The peak is at step rise · total - 1. The optimizer's momentum stays as it is unless
/// <paramref name="LowestMomentum"/> is set; PyTorch changes it unless told not to, from 0.95 to 0.85 and back.</remarks>
/// <param name="RiseShare">Share of the steps in which the rate rises, between 0 and 1; default 0.3.</param>
/// <param name="StartDivisor">The first rate is base over this, ≥ 1; default 25.</param>
/// <param name="EndDivisor">The last rate is the first over this, ≥ 1; default 10,000.</param>
/// <param name="LowestMomentum">Momentum at the peak, in [0, 1); default null, momentum is left alone.</param>
/// <param name="HighestMomentum">With it, momentum at the start and at the end, in [0, 1); default 0.95.</param>
/// <param name="IsLinear">Whether rate and momentum change in lines, not cosines; default false.</param>
/// <param name="HasThreePhases">Whether the fall is first as long as the rise, back to the first rate, and the rest of
/// the steps lead to the last (the paper's form); default false.</param>
public sealed record OneCycleSchedule(float RiseShare = 0.3f, float StartDivisor = 25, float EndDivisor = 10_000,
    float? LowestMomentum = null, float HighestMomentum = 0.95f, bool IsLinear = false, bool HasThreePhases = false)
    : LearningRateSchedule
{
    internal override void Check()
    {
        OptionRange.Require(RiseShare > 0 && RiseShare < (HasThreePhases ? 0.5f : 1), "OneCycleSchedule.RiseShare",
            RiseShare, HasThreePhases ? "between 0 and 0.5" : "between 0 and 1");
        OptionRange.Require(StartDivisor >= 1 && float.IsFinite(StartDivisor), "OneCycleSchedule.StartDivisor",
            StartDivisor, "1 or more");
        OptionRange.Require(EndDivisor >= 1 && float.IsFinite(EndDivisor), "OneCycleSchedule.EndDivisor", EndDivisor,
            "1 or more");
        OptionRange.RequireShare(HighestMomentum, "OneCycleSchedule.HighestMomentum");
        if (LowestMomentum is { } lowest)
            OptionRange.RequireShare(lowest, "OneCycleSchedule.LowestMomentum");
    }

    /// <inheritdoc/>
    public override float Rate(ScheduleContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        double start = (double)context.BaseRate / StartDivisor;
        return At(context, start, context.BaseRate, start / EndDivisor);
    }

    /// <inheritdoc/>
    public override float? Momentum(ScheduleContext context) => LowestMomentum is { } lowest
        ? At(context, HighestMomentum, lowest, HighestMomentum) : null;

    private float At(ScheduleContext context, double start, double peak, double end)
    {
        double last = context.TotalSteps - 1, rise = (RiseShare * (double)context.TotalSteps) - 1,
            step = Math.Min(context.Step, last);
        if (step <= rise)
            return Blend(start, peak, rise > 0 ? step / rise : 1);
        if (!HasThreePhases)
            return Blend(peak, end, (step - rise) / (last - rise));
        return step <= 2 * rise ? Blend(peak, start, (step / rise) - 1)
            : Blend(start, end, (step - (2 * rise)) / (last - (2 * rise)));
    }

    private float Blend(double from, double to, double progress) =>
        IsLinear ? (float)(from + ((to - from) * progress)) : CosineSchedule.Rate(from, to, progress);
}

/// <summary>
/// The rate rises in a line from the minimum to the base rate and falls back, again and again. Smith 2015,
/// arXiv:1506.01186 ("triangular").
/// </summary>
/// <param name="MinimumRate">The rate at the ends of a cycle, ≥ 0.</param>
/// <param name="Rise">Length of a rise, > 0: epochs, or steps where <paramref name="InSteps"/> is set; default 2 (the
/// paper: 2 to 10 epochs).</param>
/// <param name="Fall">Length of a fall, > 0; default null, as long as the rise.</param>
/// <param name="InSteps">Whether lengths count steps; default false, epochs.</param>
/// <param name="CycleFactor">What the height of a cycle is multiplied by for the next one, > 0: 0.5 is the paper's
/// "triangular2"; default 1.</param>
public sealed record CyclicSchedule(float MinimumRate, float Rise = 2, float? Fall = null, bool InSteps = false,
    float CycleFactor = 1) : LearningRateSchedule
{
    internal override void Check()
    {
        OptionRange.RequireNotNegative(MinimumRate, "CyclicSchedule.MinimumRate");
        OptionRange.RequirePositive(Rise, "CyclicSchedule.Rise");
        if (Fall is { } fall)
            OptionRange.RequirePositive(fall, "CyclicSchedule.Fall");
        OptionRange.RequirePositive(CycleFactor, "CyclicSchedule.CycleFactor");
    }

    /// <inheritdoc/>
    public override float Rate(ScheduleContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        double at = InSteps ? context.Step : context.Epoch, fall = Fall ?? Rise, cycle = Math.Floor(at / (Rise + fall));
        at -= cycle * (Rise + fall);
        double height = at <= Rise ? at / Rise : 1 - ((at - Rise) / fall);
        return (float)(MinimumRate + ((context.BaseRate - MinimumRate) * height * Math.Pow(CycleFactor, cycle)));
    }
}
