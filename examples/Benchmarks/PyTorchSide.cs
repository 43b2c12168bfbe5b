namespace Benchmarks;

/// <summary>PyTorch, by peer.py.</summary>
/// <param name="python">The Python that has PyTorch; empty for none.</param>
/// <param name="script">peer.py.</param>
/// <param name="options">What is measured.</param>
/// <param name="cancellation">Ends the workers.</param>
internal sealed class PyTorchSide(
    string python, string script, ComparisonOptions options, CancellationToken cancellation)
    : Side(Goals.PyTorch)
{
    private readonly Dictionary<BenchmarkNetwork, string?> _errors = [];

    /// <inheritdoc/>
    public override bool Runs(WorkMode mode) => true;

    /// <inheritdoc/>
    public override string? Probe() =>
        python.Length == 0 ? "no Python with PyTorch and NumPy was found" : ProbeVersion(Start);

    /// <summary>
    /// The fastest of PyTorch's forms: two memory formats, and in bfloat16 both precisions. Each is tried for a round
    /// that does not count, in a process of its own.
    /// </summary>
    public override SideRun Open(BenchmarkNetwork network, NetworkCost cost, WorkMode mode)
    {
        if (Check(network, cost, mode) is { } error)
            return new SideRun(this, error);
        SideRun[] runs = [.. Forms(network, mode).Select(form => new SideRun(this, form, Start()))];
        if (runs.Length == 1)
            return runs[0];
        SideRun best = runs.MaxBy(run => run.Try())!;
        foreach (SideRun run in runs.Where(run => run != best))
            run.Dispose();
        return best;
    }

    /// <summary>
    /// Why PyTorch's network is not ours, asked once in a process that measures nothing; null if it is.
    /// </summary>
    private string? Check(BenchmarkNetwork network, NetworkCost cost, WorkMode mode)
    {
        if (_errors.TryGetValue(network, out string? error))
            return error;
        using WorkerProcess worker = Start();
        return _errors[network] = cost.DifferenceFrom(worker.Ask(options.Request(network, mode, "describe")));
    }

    private IEnumerable<WorkRequest> Forms(BenchmarkNetwork network, WorkMode mode)
    {
        bool[] channelsLast =
            options.Effort.ChoosesFormat || network.Size == NetworkSize.Small ? [true, false] : [true];
        WorkPrecision[] precisions =
            mode.Precision == WorkPrecision.F32 ? [WorkPrecision.F32] : [WorkPrecision.Bf16, WorkPrecision.F32];
        return from precision in precisions
               from format in channelsLast
               select options.Request(network, mode with { Precision = precision }) with { ChannelsLast = format };
    }

    private WorkerProcess Start() => WorkerProcess.StartPython(python, script, options.Threads, cancellation);
}
