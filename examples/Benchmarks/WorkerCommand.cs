using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Benchmarks;

/// <summary>
/// <c>worker</c> and <c>onnx-worker</c>: one side in a process of its own, answering one line of JSON for each, as
/// peer.py does.
/// </summary>
/// <param name="version">The side's version.</param>
/// <param name="create">Prepares what a request asks for.</param>
internal sealed class WorkerCommand(Func<string?> version, Func<WorkRequest, Work> create)
{
    private Work? _work;

    /// <summary>Our side's verb.</summary>
    public static Command Ours() => Create("worker", "Our side", new WorkerCommand(
        () => FileVersionInfo.GetVersionInfo(typeof(WorkerCommand).Assembly.Location).ProductVersion,
        request => NetworkWork.Create(NetworkTable.Find(request.Network), request)));

    /// <summary>ONNX Runtime's verb.</summary>
    public static Command OnnxRuntime() => Create("onnx-worker", "ONNX Runtime", new WorkerCommand(
        () => OnnxRuntimeWork.Version, request => new OnnxRuntimeWork(request)));

    private static Command Create(string name, string side, WorkerCommand worker)
    {
        var command = new Command(name, $"{side}: measures on request; 'networks' starts it.") { Hidden = true };
        command.SetAction(_ => worker.Serve());
        return command;
    }

    /// <summary>The first measurement prepares the work and warms it up; later ones only measure again.</summary>
    private void Serve()
    {
        // An interruption is the driver's to handle.
        using PosixSignalRegistration interruption =
            PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => signal.Cancel = true);
        while (Console.In.ReadLine() is { } line)
            Console.Out.WriteLine(JsonSerializer.Serialize(Answer(line), BenchmarkJson.Line));
        _work?.Dispose();
    }

    private WorkAnswer Answer(string line)
    {
        try
        {
            WorkRequest request = JsonSerializer.Deserialize<WorkRequest>(line, BenchmarkJson.Line)!;
            return request.Command switch
            {
                "version" => new WorkAnswer { Version = version() },
                "measure" => Measure(request),
                _ => new WorkAnswer { Error = $"There is no command '{request.Command}'." },
            };
        }
#pragma warning disable CA1031 // the driver reports it and goes on with the next network
        catch (Exception e)
#pragma warning restore CA1031
        {
            Exception cause = e.GetBaseException();
            return new WorkAnswer { Error = $"{cause.GetType().Name}: {cause.Message}" };
        }
    }

    private WorkAnswer Measure(WorkRequest request)
    {
        if (_work is null)
        {
            _work = create(request);
            Speed(_work, request.WarmUpSeconds);
        }
        double speed = Speed(_work, request.Seconds);
        using var process = Process.GetCurrentProcess();
        return new WorkAnswer
        {
            ImagesPerSecond = speed, PeakBytes = process.PeakWorkingSet64, PlanBytes = _work.PlanBytes,
            Form = _work.Form,
        };
    }

    /// <summary>Images per second over at least that many seconds and one run.</summary>
    private static double Speed(Work work, double seconds)
    {
        var watch = Stopwatch.StartNew();
        long images = 0;
        do
            images += work.Run();
        while (watch.Elapsed.TotalSeconds < seconds);
        return images / watch.Elapsed.TotalSeconds;
    }
}
