using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo;

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

/// <summary>rate = min + (base - min) · (1 - progress)^power: a line where the power is 1. GoogLeNet's authors and
/// segmentation networks train with it.</summary>
/// <param name="Power">> 0; default 1.</param>
/// <param name="MinimumRate">The rate at the end, ≥ 0; default 0.</param>
public sealed record PolynomialSchedule(float Power = 1, float MinimumRate = 0) : LearningRateSchedule
{
    internal override void Check()
    {
        OptionRange.RequirePositive(Power, "PolynomialSchedule.Power");
        OptionRange.RequireNotNegative(MinimumRate, "PolynomialSchedule.MinimumRate");
    }

    /// <inheritdoc/>
    public override float Rate(ScheduleContext context) =>
        (float)(MinimumRate + (context.BaseRate - MinimumRate) * Math.Pow(1 - context.Progress, Power));
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
    public override float Rate(ScheduleContext context) => Rate(context.BaseRate, MinimumRate, context.Progress);

    internal static float Rate(double from, double to, double progress) =>
        (float)(to + ((from - to) * 0.5 * (1 + Math.Cos(Math.PI * progress))));
}

/// <summary>
/// Cosines from the base rate to the minimum, one after another, each longer than the one before. Loshchilov, Hutter
/// 2016, arXiv:1608.03983 (SGDR), equation 5.
/// </summary>
/// <param name="Epochs">Length of the first, in epochs, > 0.</param>
/// <param name="Lengthening">How many times as long the next one is, ≥ 1; default 1.</param>
/// <param name="MinimumRate">The rate before a restart, ≥ 0; default 0.</param>
public sealed record CosineRestartSchedule(float Epochs, float Lengthening = 1, float MinimumRate = 0)
    : LearningRateSchedule
{
    internal override void Check()
    {
        OptionRange.RequirePositive(Epochs, "CosineRestartSchedule.Epochs");
        OptionRange.Require(Lengthening >= 1 && float.IsFinite(Lengthening), "CosineRestartSchedule.Lengthening",
            Lengthening, "1 or more");
        OptionRange.RequireNotNegative(MinimumRate, "CosineRestartSchedule.MinimumRate");
    }

    /// <inheritdoc/>
    public override float Rate(ScheduleContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        double length = (double)Epochs * context.StepsPerEpoch, step = context.Step;
        while (Lengthening > 1 && step >= length)
            (step, length) = (step - length, length * Lengthening);
        return CosineSchedule.Rate(context.BaseRate, MinimumRate, step % length / length);
    }
}
