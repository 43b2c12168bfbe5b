using System.Diagnostics;

namespace Benchmarks;

/// <summary>Our side, or another build of it.</summary>
internal sealed class CnnZooSide : Side
{
    private readonly string _tool;
    private readonly ComparisonOptions _options;
    private readonly CancellationToken _cancellation;

    /// <param name="name">"ours" or <see cref="Goals.Baseline"/>.</param>
    /// <param name="tool">The build's Benchmarks.dll.</param>
    /// <param name="options">What is measured.</param>
    /// <param name="cancellation">Ends the workers.</param>
    public CnnZooSide(string name, string tool, ComparisonOptions options, CancellationToken cancellation) : base(name)
    {
        (_tool, _options, _cancellation) = (tool, options, cancellation);
        Version = FileVersionInfo.GetVersionInfo(tool).ProductVersion;
    }

    /// <inheritdoc/>
    public override bool Runs(WorkMode mode) => true;

    /// <inheritdoc/>
    public override SideRun Open(BenchmarkNetwork network, NetworkCost cost, WorkMode mode) => new(
        this, _options.Request(network, mode),
        WorkerProcess.StartTool(_tool, "worker", _options.Threads, _cancellation));
}
