namespace Microsoft.ML.CnnZoo;

/// <summary>How far a candidate came.</summary>
public enum CnnExperimentOutcome
{
    /// <summary>It was trained, with as many epochs as the experiment gave it.</summary>
    Trained,
    /// <summary>Its loss became infinite or not a number.</summary>
    Diverged,
    /// <summary>It was given up for the time limit.</summary>
    OutOfTime,
    /// <summary>The experiment was canceled while it was trained.</summary>
    Canceled,
}

/// <summary>A line of the leaderboard: a candidate's best training.</summary>
public sealed record CnnExperimentEntry
{
    /// <summary>The candidate.</summary>
    public required CnnExperimentCandidate Candidate { get; init; }
    /// <summary>Its network's name.</summary>
    public string Network => Candidate.Architecture.DisplayName;
    /// <summary>What is set besides, in words.</summary>
    public string Settings => Candidate.Settings;
    /// <summary>
    /// Share of the validation images classified correctly by the best epoch of the training, 0…1; null where none ended.
    /// </summary>
    public required double? ValidationAccuracy { get; init; }
    /// <summary>Mean loss over the validation images in that epoch; null where none ended.</summary>
    public required double? ValidationLoss { get; init; }
    /// <summary>Epochs of that training.</summary>
    public required int Epochs { get; init; }
    /// <summary>The rung that it belongs to, from 1; the last one is the full training of the best.</summary>
    public required int Rung { get; init; }
    /// <summary>Time that all trainings of the candidate took, those of earlier calls included.</summary>
    public required TimeSpan Time { get; init; }
    /// <summary>How far it came.</summary>
    public required CnnExperimentOutcome Outcome { get; init; }
}

/// <summary>How far an experiment has come.</summary>
public sealed record CnnExperimentProgress
{
    /// <summary>The candidate at hand.</summary>
    public required CnnExperimentCandidate Candidate { get; init; }
    /// <summary>The rung, from 1.</summary>
    public required int Rung { get; init; }
    /// <summary>Number of rungs, the full training of the best included.</summary>
    public required int Rungs { get; init; }
    /// <summary>Epochs that the candidate is trained for in this rung.</summary>
    public required int Epochs { get; init; }
    /// <summary>The epoch just done; null when the training begins or has ended.</summary>
    public EpochProgress? Epoch { get; init; }
    /// <summary>What the training came to; null until it has ended.</summary>
    public CnnExperimentEntry? Finished { get; init; }
    /// <summary>The candidates trained so far, the best first.</summary>
    public required IReadOnlyList<CnnExperimentEntry> Leaderboard { get; init; }
    /// <summary>Time since the experiment began.</summary>
    public required TimeSpan Elapsed { get; init; }
}

/// <summary>What an experiment found. Disposing it disposes the network.</summary>
public sealed class CnnExperimentResult : IDisposable
{
    internal CnnExperimentResult(IReadOnlyList<CnnExperimentEntry> leaderboard, CnnClassificationTransformer bestModel,
        CnnClassificationTrainer.Options bestOptions) =>
        (Leaderboard, BestModel, BestOptions) = (leaderboard, bestModel, bestOptions);

    /// <summary>
    /// The candidates that were begun, by validation accuracy, the best first; ties by validation loss. The best of many
    /// is flattered by the images that chose it: measure it on images that took no part.
    /// </summary>
    public IReadOnlyList<CnnExperimentEntry> Leaderboard { get; }

    /// <summary>The network of the leaderboard's first line.</summary>
    public CnnClassificationTransformer BestModel { get; }

    /// <summary>
    /// The trainer's options that made it: Fit with them on the same images makes it again, unless the time limit or a
    /// cancellation cut its training.
    /// </summary>
    public CnnClassificationTrainer.Options BestOptions { get; }

    /// <inheritdoc/>
    public void Dispose() => BestModel.Dispose();
}
