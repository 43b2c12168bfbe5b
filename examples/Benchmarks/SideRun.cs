namespace Benchmarks;

/// <summary>A side at work on one mode of a network: a process of its own and the answers of its rounds.</summary>
internal sealed class SideRun : IDisposable
{
    private readonly Side _side;
    private readonly WorkRequest? _request;
    private readonly WorkerProcess? _worker;
    private readonly List<WorkAnswer> _rounds = [];

    /// <summary>A side that measures.</summary>
    public SideRun(Side side, WorkRequest request, WorkerProcess worker) =>
        (_side, _request, _worker) = (side, request, worker);

    /// <summary>A side that cannot take part.</summary>
    public SideRun(Side side, string error)
    {
        _side = side;
        _rounds.Add(new WorkAnswer { Error = error });
    }

    /// <summary>What it reached so far; at least one round was measured.</summary>
    public SideResult Result => SideResult.Of(_side.Name, _side.Version, _rounds);

    /// <summary>Speed of a round that does not count; 0 if it fails.</summary>
    public double Try() => _worker!.Ask(_request!).ImagesPerSecond;

    /// <summary>Measures one round, unless one has failed.</summary>
    public void Measure()
    {
        if (_rounds.All(round => round.Error is null))
            _rounds.Add(_worker!.Ask(_request!));
    }

    /// <inheritdoc/>
    public void Dispose() => _worker?.Dispose();
}
