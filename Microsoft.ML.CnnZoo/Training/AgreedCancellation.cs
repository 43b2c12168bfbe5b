using Microsoft.ML.CnnZoo.Distributed;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>
/// Cancels a distributed training on all ranks after the same step: a rank whose caller cancels says so with the step's
/// result, and only then does anyone's token change.
/// </summary>
/// <param name="ranks">The ranks.</param>
/// <param name="wanted">The caller's token.</param>
internal sealed class AgreedCancellation(RankGroup ranks, CancellationToken wanted) : IDisposable
{
    private readonly CancellationTokenSource _source = new();

    /// <summary>The ranks.</summary>
    public RankGroup Ranks => ranks;

    /// <summary>Canceled on all ranks or on none.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Whether this rank's caller wants to end.</summary>
    public bool IsWanted => wanted.IsCancellationRequested;

    /// <summary>Cancels; called by all ranks in the same step.</summary>
    public void Cancel() => _source.Cancel();

    /// <inheritdoc/>
    public void Dispose() => _source.Dispose();
}
