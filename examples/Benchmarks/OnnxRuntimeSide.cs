using Google.Protobuf;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Formats.Onnx;
using Microsoft.ML.CnnZoo.Training;

namespace Benchmarks;

/// <summary>ONNX Runtime: inference in float32, of the files that we write.</summary>
/// <param name="tool">This program, which also has ONNX Runtime's worker.</param>
/// <param name="options">What is measured.</param>
/// <param name="cancellation">Ends the workers.</param>
internal sealed class OnnxRuntimeSide(string tool, ComparisonOptions options, CancellationToken cancellation)
    : Side(Goals.OnnxRuntime), IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cnnzoo-onnx-");

    /// <inheritdoc/>
    public override bool Runs(WorkMode mode) => mode is { Kind: WorkKind.Inference, Precision: WorkPrecision.F32 };

    /// <inheritdoc/>
    public override string? Probe() => ProbeVersion(Start);

    /// <summary>Each network's file takes the place of the one before.</summary>
    public override SideRun Open(BenchmarkNetwork network, NetworkCost cost, WorkMode mode)
    {
        string path = Path.Combine(_folder.FullName, "network.onnx");
        Export(network, path);
        return new SideRun(this, options.Request(network, mode) with { Model = path }, Start());
    }

    /// <summary>Deletes the files.</summary>
    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>Writes a network that takes normalized images, as ours does when it is measured.</summary>
    private static void Export(BenchmarkNetwork network, string path)
    {
        ImageShape image = network.Architecture.DefaultInput;
        using var model = new CnnClassificationModel(network.Architecture, image, network.Classes,
            PixelNormalization.Identity(image.Channels), new VariableStore());
        VariableInitialization.Initialize(model.Weights, model.Graphs.Scoring().Graph.Variables, 1);
        string[] names = [.. Enumerable.Range(0, network.Classes).Select(c => $"{c}")];
        using FileStream stream = File.Create(path);
        OnnxWriter.Write(model, names, new OnnxExportOptions { NormalizesPixels = false }).WriteTo(stream);
    }

    private WorkerProcess Start() => WorkerProcess.StartTool(tool, "onnx-worker", options.Threads, cancellation);
}
