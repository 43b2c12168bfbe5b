namespace Benchmarks;

/// <summary>Writes ONNX files.</summary>
internal interface IOnnxExporter
{
    /// <summary>Whether it can: null, or the reason why not.</summary>
    string? Probe();

    /// <summary>Writes a network that turns batches of a mode's size into class probabilities.</summary>
    /// <returns>What the network is, to be compared with ours, or the error.</returns>
    WorkAnswer Export(BenchmarkNetwork network, WorkMode mode, string path);
}

/// <summary>ONNX Runtime: inference in float32.</summary>
/// <param name="tool">This program, which also has ONNX Runtime's worker.</param>
/// <param name="exporter">What writes its files.</param>
/// <param name="options">What is measured.</param>
/// <param name="cancellation">Ends the workers.</param>
internal sealed class OnnxRuntimeSide(
    string tool, IOnnxExporter exporter, ComparisonOptions options, CancellationToken cancellation)
    : Side(Goals.OnnxRuntime), IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cnnzoo-onnx-");

    /// <inheritdoc/>
    public override bool Runs(WorkMode mode) => mode is { Kind: WorkKind.Inference, Precision: WorkPrecision.F32 };

    /// <inheritdoc/>
    public override string? Probe() =>
        exporter.Probe() is { } reason ? $"nothing exports its networks: {reason}" : ProbeVersion(Start);

    /// <summary>Each mode's file takes the place of the one before.</summary>
    public override SideRun Open(BenchmarkNetwork network, NetworkCost cost, WorkMode mode)
    {
        string path = Path.Combine(_folder.FullName, "network.onnx");
        return cost.DifferenceFrom(exporter.Export(network, mode, path)) is { } error
            ? new SideRun(this, error)
            : new SideRun(this, options.Request(network, mode) with { Model = path }, Start());
    }

    /// <summary>Deletes the files.</summary>
    public void Dispose() => _folder.Delete(recursive: true);

    private WorkerProcess Start() => WorkerProcess.StartTool(tool, "onnx-worker", options.Threads, cancellation);
}
