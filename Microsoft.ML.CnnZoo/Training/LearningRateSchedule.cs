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
    /// <summary>Steps that the schedule spans, ≥ 1: the training's, less those of a warm-up before it.</summary>
    public long TotalSteps { get; init; } = Math.Max(1, (long)StepsPerEpoch * Epochs);

    /// <summary>Epochs done, with the fraction of the present one.</summary>
    public double Epoch => (double)Step / StepsPerEpoch;

    /// <summary>Fraction of the training done, 0…1: step over total, so that the last step is just below 1.</summary>
    public double Progress => Math.Min(1, (double)Step / TotalSteps);
}

/// <summary>
/// The learning rate of each step. A schedule keeps nothing between calls, so one instance serves any number of
/// trainings, also at the same time. Schedules of your own derive from it.
/// </summary>
/// <remarks>
/// Every schedule starts from <see cref="ScheduleContext.BaseRate"/>, the option LearningRate, which is the highest
/// rate of those that rise and fall. The numbers are PyTorch's with its scheduler called after each step, unless a
/// schedule's own remarks say where it differs.
/// </remarks>
/// <example>
/// <code>
/// sealed record InverseRootSchedule(int WarmupSteps) : LearningRateSchedule
/// {
///     public override float Rate(ScheduleContext context) =>
///         context.BaseRate * MathF.Sqrt(WarmupSteps / (float)Math.Max(WarmupSteps, context.Step + 1));
/// }
/// </code>
/// </example>
public abstract record LearningRateSchedule
{
    /// <summary>The same rate throughout.</summary>
    public static LearningRateSchedule Constant { get; } = new ConstantSchedule();

    /// <summary>The rate of the step at hand, ≥ 0.</summary>
    public abstract float Rate(ScheduleContext context);

    /// <summary>
    /// The momentum of the step at hand, in [0, 1), in place of the optimizer's own (β₁ of Adam); null, as long as
    /// nothing else is said, for the optimizer's own.
    /// </summary>
    public virtual float? Momentum(ScheduleContext context) => null;

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
