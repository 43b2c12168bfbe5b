using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo;

/// <summary>The metric that decides which epoch was the best.</summary>
public enum StoppingMetric
{
    /// <summary>
    /// Fraction of validation images classified correctly: more is better; of equal fractions, the smaller validation
    /// loss.
    /// </summary>
    ValidationAccuracy,
    /// <summary>Mean loss over the validation images: less is better.</summary>
    ValidationLoss,
}

/// <summary>
/// Ends training when the validation metric has not improved for some epochs. It keeps nothing between calls, so one
/// instance serves any number of trainings.
/// </summary>
/// <param name="Patience">Epochs without improvement after which training ends, ≥ 1; default 10.</param>
/// <param name="MinimumDelta">An improvement must be larger than this, ≥ 0; default 0.</param>
public sealed record EarlyStopping(int Patience = 10, double MinimumDelta = 0)
{
    /// <summary>
    /// Whether training should end after the last epoch of <paramref name="history"/>. Never without a validation set.
    /// </summary>
    public bool ShouldStop(IReadOnlyList<EpochProgress> history, StoppingMetric metric)
    {
        ArgumentNullException.ThrowIfNull(history);
        double best = double.NegativeInfinity;
        int waited = 0;
        foreach (EpochProgress epoch in history)
        {
            double? value = metric == StoppingMetric.ValidationAccuracy ? epoch.ValidationAccuracy
                : -epoch.ValidationLoss;
            if (value is null)
                return false;
            if (value > best + MinimumDelta || double.IsNegativeInfinity(best))
                (best, waited) = (value.Value, 0);
            else
                waited++;
        }
        return waited >= Patience;
    }

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal void Check()
    {
        OptionRange.Require(Patience >= 1, "EarlyStopping.Patience", Patience, "1 or more");
        OptionRange.RequireNotNegative(MinimumDelta, "EarlyStopping.MinimumDelta");
    }

    /// <summary>Whether <paramref name="candidate"/> is a better epoch than <paramref name="best"/>.</summary>
    internal static bool IsBetter(EpochProgress candidate, EpochProgress? best, StoppingMetric metric)
    {
        if (best?.ValidationLoss is null || candidate.ValidationLoss is null)
            return true;
        return metric == StoppingMetric.ValidationLoss || candidate.ValidationAccuracy == best.ValidationAccuracy
            ? candidate.ValidationLoss < best.ValidationLoss
            : candidate.ValidationAccuracy > best.ValidationAccuracy;
    }
}
