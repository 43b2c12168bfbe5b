using Microsoft.ML.CnnZoo.Runs;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// What a learning rate range test found: the loss of each step while the rate rises. Smith 2015, arXiv:1506.01186,
/// §3.3.
/// </summary>
/// <param name="Rates">The rate of each step, rising by the same factor.</param>
/// <param name="Losses">The loss before each step, smoothed; the test ends when it is four times the lowest.</param>
/// <param name="SuggestedRate">Where the loss falls fastest: the rate to train with.</param>
/// <param name="TenthOfMinimum">A tenth of the rate with the lowest loss: another common choice.</param>
/// <param name="Optimizer">
/// The optimizer that the test was made with. The rates are for it alone: set <c>Options.Optimizer</c> together with
/// <c>Options.LearningRate</c>.
/// </param>
public sealed record LearningRateSearch(IReadOnlyList<float> Rates, IReadOnlyList<double> Losses, float SuggestedRate,
    float TenthOfMinimum, Optimizer Optimizer)
{
    /// <summary>Steps on each side over which a slope is measured.</summary>
    private const int Reach = 4;

    /// <summary>Draws the losses over the rates, and where they fall fastest, as an SVG file.</summary>
    /// <param name="path">The file; one of that name is replaced.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public void SavePlot(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        RateChart.Draw(this).Write(path);
    }

    /// <summary>Reads the suggestions from the losses.</summary>
    /// <param name="rates">Rates, at least one.</param>
    /// <param name="losses">Smoothed losses, as many.</param>
    /// <param name="optimizer">The rule.</param>
    internal static LearningRateSearch Of(IReadOnlyList<float> rates, IReadOnlyList<double> losses, Optimizer optimizer)
    {
        int lowest = Enumerable.Range(0, losses.Count).MinBy(i => losses[i]);
        float tenth = rates[lowest] / 10;
        // The first averages are of few steps, and the slope beyond the minimum is not one to go down.
        int[] candidates = [.. Enumerable.Range(0, losses.Count).Where(i => i >= 2 * Reach && i + Reach <= lowest)];
        double Slope(int i) => losses[i + Reach] - losses[i - Reach];
        int steepest = candidates.Length == 0 ? -1 : candidates.MinBy(Slope);
        return new LearningRateSearch(rates, losses, steepest >= 0 && Slope(steepest) < 0 ? rates[steepest] : tenth,
            tenth, optimizer);
    }
}
