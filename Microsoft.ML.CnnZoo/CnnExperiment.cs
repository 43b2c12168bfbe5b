using Microsoft.ML.CnnZoo.MLNet;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// Finds a network and settings for images by itself: many candidates are trained briefly, the better third longer, and
/// so on, and the best one fully. Made by <c>mlContext.MulticlassClassification.CreateCnnExperiment(…)</c>.
/// </summary>
/// <remarks>
/// Successive halving (Jamieson, Talwalkar 2015, arXiv:1502.07943) with a third kept: of K candidates all get 1/3^r of
/// a full training's epochs, r = ⌈log₃ K⌉, then the better third of them 3 times as many, begun anew with the longer
/// schedule. They are ranked by accuracy on validation images, the same for all; ties by loss. As much time as the
/// best one's full training needs is set aside, up to half of all.
/// Given enough time the same images, options and seed give the same leaderboard and weights, whatever the machine's speed.
/// Where time is short, the clock decides which candidates are left out and how many epochs the last training has.
/// </remarks>
public sealed class CnnExperiment
{
    private readonly IHost _host;
    private readonly CnnExperimentOptions _options;

    internal CnnExperiment(IHostEnvironment environment, CnnExperimentOptions options)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(options);
        _host = environment.Register("CnnExperiment");
        _options = options;
    }

    /// <summary>Searches.</summary>
    /// <param name="train">Labeled images: the columns that <see cref="CnnExperimentOptions.Trainer"/> names.</param>
    /// <param name="validation">Images that rank the candidates; null: a fraction of <paramref name="train"/>.</param>
    /// <returns>Leaderboard and best network; dispose it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range, a column is missing or of the wrong
    /// type, or there are too few images to hold any out.</exception>
    /// <exception cref="TimeoutException">No candidate finished an epoch in time.</exception>
    /// <exception cref="TrainingDivergedException">All candidates diverged.</exception>
    /// <exception cref="OperationCanceledException">Canceled before any candidate finished an epoch.</exception>
    /// <exception cref="InvalidDataException">There are results to go on from, and they cannot be read.</exception>
    public CnnExperimentResult Execute(IDataView train, IDataView? validation = null)
    {
        ArgumentNullException.ThrowIfNull(train);
        using IChannel channel = _host.Start("CnnExperiment");
        return new ExperimentRun(_host, channel, _options, train, validation).Execute();
    }
}
