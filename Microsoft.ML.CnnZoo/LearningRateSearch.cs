using Microsoft.ML.CnnZoo.Runs;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// What a learning rate range test found: the loss of each step while the rate rises. Smith 2015, arXiv:1506.01186,
/// §3.3.
/// </summary>
/// <param name="Rates">The rate of each step, rising by the same factor.</param>
/// <param name="Losses">The loss before each step, smoothed; the test ends when it is four times the lowest.</param>
/// <param name="SuggestedRate">
/// The rate to train with: where the loss has done 95 % of its fall, but no more than ten times the rate that is taken when
/// none is set; that rate itself where the loss hardly falls, so that nothing can be told from it.
/// </param>
/// <param name="TenthOfMinimum">A tenth of the rate with the lowest loss before it rises: another common choice.</param>
/// <param name="Optimizer">
/// The optimizer that the test was made with. The rates are for it alone: set <c>Options.Optimizer</c> together with
/// <c>Options.LearningRate</c>.
/// </param>
public sealed record LearningRateSearch(IReadOnlyList<float> Rates, IReadOnlyList<double> Losses, float SuggestedRate,
    float TenthOfMinimum, Optimizer Optimizer)
{
    /// <summary>Steps at the start, whose rates are too low to learn anything, in a test that goes far enough.</summary>
    private const int Unlearned = 20;

    /// <summary>Parts of the loss at the start: a rise that ends the fall, and a fall that is none.</summary>
    private const double Rise = 0.2, Flat = 0.15;

    /// <summary>Part of the whole fall.</summary>
    private const double MostOfFall = 0.95;

    /// <summary>Largest suggestion, for a loss that goes on falling slowly, in rates that suit the network in general.</summary>
    private const float MostOfUsual = 10;

    /// <summary>Draws the losses over the rates, and the suggestion, as an SVG file.</summary>
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
    /// <param name="usual">The rate that suits network and optimizer in general.</param>
    internal static LearningRateSearch Of(IReadOnlyList<float> rates, IReadOnlyList<double> losses, Optimizer optimizer,
        float usual)
    {
        int first = losses.Count > 2 * Unlearned ? Unlearned : 0, lowest = first, end = first;
        double begin = losses.Take(first + 1).Order().ElementAt(first / 2), size = Math.Abs(begin); // a user's loss may be below 0
        // A loss that has risen may fall once more, when the weights have become others.
        for (; end < losses.Count && losses[end] <= losses[lowest] + (Rise * size); end++)
            lowest = losses[end] < losses[lowest] ? end : lowest;
        double fall = begin - losses[lowest];
        float suggested = fall <= Flat * size ? usual : Math.Min(MostOfUsual * usual,
            rates[Enumerable.Range(first, end - first).First(i => losses[i] <= begin - (MostOfFall * fall))]);
        return new LearningRateSearch(rates, losses, suggested, rates[lowest] / 10, optimizer);
    }
}
