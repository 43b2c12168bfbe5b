using System.Collections.Immutable;
using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo;

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

/// <summary>The rate is multiplied by a factor after each of some numbers of epochs: He et al. drop it at 82 and 123 of
/// 164.</summary>
/// <param name="Epochs">Epochs done before each drop, > 0, rising; fractions are allowed.</param>
/// <param name="Factor">What the rate is multiplied by at a drop, > 0; default 0.1.</param>
public sealed record MultiStepSchedule(ImmutableArray<float> Epochs, float Factor = 0.1f) : LearningRateSchedule
{
    internal override void Check()
    {
        OptionRange.Require(!Epochs.IsDefaultOrEmpty && Epochs[0] > 0
            && Enumerable.Range(1, Epochs.Length - 1).All(i => Epochs[i] > Epochs[i - 1]) && float.IsFinite(Epochs[^1]),
            "MultiStepSchedule.Epochs", Epochs.IsDefaultOrEmpty ? "empty" : string.Join(' ', Epochs),
            "rising numbers greater than 0");
        OptionRange.RequirePositive(Factor, "MultiStepSchedule.Factor");
    }

    /// <inheritdoc/>
    public override float Rate(ScheduleContext context) =>
        (float)(context.BaseRate * Math.Pow(Factor, Epochs.Count(e => context.Step >= (double)e * context.StepsPerEpoch)));

    /// <summary>Whether the epochs and the factor are equal.</summary>
    public bool Equals(MultiStepSchedule? other) =>
        other is not null && Factor == other.Factor && Epochs.AsSpan().SequenceEqual(other.Epochs.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Factor, Epochs.IsDefault ? 0 : Epochs.Length);
}

/// <summary>
/// The rate is multiplied by <paramref name="Factor"/> when the loss has not fallen for some epochs (validation loss
/// where there is one), as AlexNet's authors did by hand.
/// </summary>
/// <param name="Patience">Epochs without improvement that are borne, ≥ 0: the next one drops the rate, as PyTorch
/// counts; Keras' patience is one more. Default 5.</param>
/// <param name="Factor">What the rate is multiplied by, between 0 and 1; default 0.1.</param>
/// <param name="MinimumDelta">What counts as an improvement: the loss falls by more than this share of the best one
/// (of a loss below 1e-4 and the like, too), ≥ 0 and less than 1; default 1e-4.</param>
/// <param name="MinimumRate">The rate falls no further, ≥ 0; default 0.</param>
/// <param name="Cooldown">Epochs after a drop during which none is counted, ≥ 0; default 0.</param>
/// <param name="AbsoluteDelta">Whether <paramref name="MinimumDelta"/> is a difference of losses, not a share; default
/// false.</param>
public sealed record PlateauSchedule(int Patience = 5, float Factor = 0.1f, double MinimumDelta = 1e-4,
    float MinimumRate = 0, int Cooldown = 0, bool AbsoluteDelta = false) : LearningRateSchedule
{
    internal override void Check()
    {
        OptionRange.Require(Patience >= 0, "PlateauSchedule.Patience", Patience, "0 or more");
        OptionRange.Require(Factor is > 0 and < 1, "PlateauSchedule.Factor", Factor, "between 0 and 1");
        OptionRange.RequireNotNegative(MinimumDelta, "PlateauSchedule.MinimumDelta");
        OptionRange.Require(AbsoluteDelta || MinimumDelta < 1, "PlateauSchedule.MinimumDelta", MinimumDelta,
            "less than 1, a share of the loss");
        OptionRange.RequireNotNegative(MinimumRate, "PlateauSchedule.MinimumRate");
        OptionRange.Require(Cooldown >= 0, "PlateauSchedule.Cooldown", Cooldown, "0 or more");
    }

    /// <inheritdoc/>
    public override float Rate(ScheduleContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        double best = double.PositiveInfinity;
        int waited = 0, drops = 0, cooling = 0;
        foreach (EpochProgress epoch in context.History)
        {
            double loss = epoch.ValidationLoss ?? epoch.Loss;
            if (loss < (AbsoluteDelta ? best - MinimumDelta : best * (1 - MinimumDelta)))
                (best, waited) = (loss, 0);
            else
                waited++;
            if (cooling > 0)
                (cooling, waited) = (cooling - 1, 0);
            if (waited > Patience)
                (drops, waited, cooling) = (drops + 1, 0, Cooldown);
        }
        return Math.Max(Math.Min(MinimumRate, context.BaseRate), (float)(context.BaseRate * Math.Pow(Factor, drops)));
    }
}
