namespace Benchmarks;

/// <summary>
/// The peer of one network: checked to be the same network, with the memory format that it runs fastest in for each
/// mode.
/// </summary>
internal sealed class PeerSide
{
    private const int LargeTrialBatch = 4;
    private readonly ComparisonOptions _options;
    private readonly CancellationToken _cancellation;
    private readonly Dictionary<(WorkKind Kind, bool Single), bool> _channelsLast = [];

    private PeerSide(ComparisonOptions options, CancellationToken cancellation) =>
        (_options, _cancellation) = (options, cancellation);

    /// <summary>Why it cannot be compared with; null if it can.</summary>
    public string? Error { get; private set; }

    /// <summary>
    /// Asks the peer, in a process that measures nothing else, what its network is and which format suits it.
    /// </summary>
    public static PeerSide Prepare(
        BenchmarkNetwork network, NetworkCost cost, ComparisonOptions options, CancellationToken cancellation)
    {
        var peer = new PeerSide(options, cancellation);
        using WorkerProcess worker = peer.Start();
        WorkMode[] modes = [.. options.ModesOf(network)];
        WorkAnswer description = worker.Ask(options.Request(network, modes[0], "describe"));
        peer.Error = description.Error ?? cost.DifferenceFrom(description);
        if (peer.Error is null && (options.Effort.ChoosesFormat || network.Size == NetworkSize.Small))
            foreach (WorkMode mode in modes)
                peer.Choose(worker, network, mode);
        return peer;
    }

    /// <summary>Workers for a mode: in bfloat16 the peer's best is the faster of its two precisions.</summary>
    public PeerWorkers Open(BenchmarkNetwork network, WorkMode mode)
    {
        bool channelsLast = _channelsLast.GetValueOrDefault(Key(network, mode), true);
        WorkPrecision[] precisions = mode.Precision == WorkPrecision.F32 ? [WorkPrecision.F32]
            : [WorkPrecision.Bf16, WorkPrecision.F32];
        return new PeerWorkers(precisions.Select(precision =>
            (_options.Request(network, mode with { Precision = precision }) with { ChannelsLast = channelsLast },
                Start())));
    }

    /// <summary>Large networks are tried on a small batch, once for all batch sizes.</summary>
    private void Choose(WorkerProcess worker, BenchmarkNetwork network, WorkMode mode)
    {
        if (_channelsLast.ContainsKey(Key(network, mode)))
            return;
        WorkRequest request = _options.Request(network, mode with { Precision = WorkPrecision.F32 }, "choose");
        request = network.Size == NetworkSize.Small
            ? request with { Seconds = request.Seconds / 2, WarmUpSeconds = request.WarmUpSeconds / 2 }
            : request with { Batch = LargeTrialBatch, Seconds = 0, WarmUpSeconds = 0, DistinctBatches = 1 };
        WorkAnswer answer = worker.Ask(request);
        _channelsLast[Key(network, mode)] = answer.Error is not null || answer.ChannelsLast;
    }

    private static (WorkKind, bool) Key(BenchmarkNetwork network, WorkMode mode) =>
        (mode.Kind, network.Size == NetworkSize.Small && mode.Batch == 1);

    private WorkerProcess Start() =>
        WorkerProcess.StartPeer(_options.Python, _options.PeerScript, _options.Threads, _cancellation);
}

/// <summary>The peer's candidates for one mode; after the first round only the fastest one goes on.</summary>
internal sealed class PeerWorkers(IEnumerable<(WorkRequest Request, WorkerProcess Worker)> candidates) : IDisposable
{
    private List<(WorkRequest Request, WorkerProcess Worker)> _candidates = [.. candidates];

    /// <summary>How the fastest one runs.</summary>
    public string Form =>
        $"{(_candidates[0].Request.ChannelsLast ? "channels_last" : "contiguous")} "
        + $"{(_candidates[0].Request.Precision == WorkPrecision.F32 ? "f32" : "bf16")}";

    /// <summary>Has one round measured.</summary>
    public WorkAnswer Measure()
    {
        WorkAnswer[] answers = [.. _candidates.Select(c => c.Worker.Ask(c.Request))];
        int best = Enumerable.Range(0, answers.Length).MaxBy(i => answers[i].ImagesPerSecond);
        foreach ((_, WorkerProcess worker) in _candidates.Where((_, i) => i != best))
            worker.Dispose();
        _candidates = [_candidates[best]];
        return answers[best];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((_, WorkerProcess worker) in _candidates)
            worker.Dispose();
    }
}
