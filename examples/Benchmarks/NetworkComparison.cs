using System.Diagnostics;

namespace Benchmarks;

/// <summary>
/// Times networks on both sides in alternating rounds, so that whatever else the machine does hits both.
/// </summary>
internal sealed class NetworkComparison(ComparisonOptions options, CancellationToken cancellation)
{
    private const double PeakSeconds = 0.2;
    private readonly List<ComparisonRow> _rows = [];
    private double _peak;

    /// <summary>
    /// Runs the modes of the networks; prints and saves each row as it is there, and all of them at the end, which an
    /// interruption only brings nearer.
    /// </summary>
    public IReadOnlyList<ComparisonRow> Run(IEnumerable<BenchmarkNetwork> networks)
    {
        var watch = Stopwatch.StartNew();
        Save(); // a file of an earlier run must not be taken for this one's
        try
        {
            Console.WriteLine($"{options.Threads} threads; up to {options.Effort.Rounds} alternating rounds "
            + $"of {options.Effort.Seconds:0.#} s and more{(options.HasPeer ? "" : "; no peer here")}");
            foreach (BenchmarkNetwork network in networks.Where(n => options.ModesOf(n).Any()))
                Compare(network);
            Console.WriteLine($"Best convolution: {_peak:N0} GFLOP/s.");
        }
        catch (OperationCanceledException)
        {
            Console.WriteLine("Interrupted.");
        }
        ComparisonTable.Print(_rows);
        Console.WriteLine($"Took {watch.Elapsed:m\\:ss}.");
        return _rows;
    }

    private void Compare(BenchmarkNetwork network)
    {
        MeasurePeak();
        NetworkCost cost = NetworkCost.Of(network);
        PeerSide? peer = options.HasPeer ? PeerSide.Prepare(network, cost, options, cancellation) : null;
        cancellation.ThrowIfCancellationRequested();
        foreach (WorkMode mode in options.ModesOf(network))
        {
            ComparisonRow row = Measure(network, mode, peer);
            double? gigaflops = row.Ours is { } speed ? cost.Gigaflops(mode.Kind, speed) : null;
            _rows.Add(row with { OursGigaflops = gigaflops });
            for (int i = 0; i < _rows.Count; i++)
                _rows[i] = _rows[i] with { OursShareOfPeak = _rows[i].OursGigaflops / _peak };
            Console.WriteLine(ComparisonTable.Line(_rows[^1]));
            Save();
        }
    }

    private void Save()
    {
        if (options.JsonPath is { } path)
            ComparisonRow.Write(path, _rows);
    }

    /// <summary>Fresh processes for each row: the peak of memory is that of one network in one mode.</summary>
    private ComparisonRow Measure(BenchmarkNetwork network, WorkMode mode, PeerSide? peer)
    {
        WorkRequest request = options.Request(network, mode);
        using WorkerProcess worker = StartOurs();
        using PeerWorkers? peers = peer is { Error: null } ? peer.Open(network, mode) : null;
        List<WorkAnswer> ours = [], theirs = peer?.Error is { } error ? [new WorkAnswer { Error = error }] : [];
        var watch = Stopwatch.StartNew();
        for (int round = 0; round < options.Effort.Rounds; round++)
        {
            ours.Add(worker.Ask(request));
            if (peers is not null)
                theirs.Add(peers.Measure());
            cancellation.ThrowIfCancellationRequested();
            if (ours[^1].Error is not null || (peers is not null && theirs[^1].Error is not null))
                break;
            if (round == 0)
                watch.Restart(); // the first round has the preparations in it
            if (round + 1 >= options.Effort.MinimumRounds && watch.Elapsed.TotalSeconds > options.Effort.BudgetSeconds)
                break;
        }
        return ComparisonRow.Of(network, mode, ours, theirs) with { PeerForm = peers?.Form };
    }

    /// <summary>
    /// Anew for each network, since the machine may be busy with something else now and then: the best one counts for
    /// all.
    /// </summary>
    private void MeasurePeak()
    {
        using WorkerProcess worker = StartOurs();
        WorkAnswer answer = worker.Ask(
            new WorkRequest("peak", "", WorkKind.Inference, 1, WorkPrecision.F32, options.Threads, PeakSeconds, 0, 1));
        cancellation.ThrowIfCancellationRequested();
        _peak = answer.Error is null ? Math.Max(_peak, answer.Gigaflops)
            : throw new InvalidOperationException(answer.Error);
    }

    private WorkerProcess StartOurs() => WorkerProcess.StartOurs(options.Threads, cancellation);
}
