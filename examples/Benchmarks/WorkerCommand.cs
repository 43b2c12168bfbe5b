using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Benchmarks;

/// <summary><c>worker</c>: our side, answering one line of JSON for each, as peer.py does.</summary>
internal static class WorkerCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var command = new Command("worker", "Measures on request; 'networks' starts it.") { Hidden = true };
        command.SetAction(_ => Serve());
        return command;
    }

    /// <summary>The first measurement prepares the work and warms it up; later ones only measure again.</summary>
    private static void Serve()
    {
        // An interruption is the driver's to handle.
        using PosixSignalRegistration interruption =
            PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => signal.Cancel = true);
        NetworkWork? work = null;
        while (Console.In.ReadLine() is { } line)
            Console.Out.WriteLine(JsonSerializer.Serialize(Answer(line, ref work), BenchmarkJson.Line));
        work?.Dispose();
    }

    private static WorkAnswer Answer(string line, ref NetworkWork? work)
    {
        try
        {
            WorkRequest request = JsonSerializer.Deserialize<WorkRequest>(line, BenchmarkJson.Line)!;
            if (request.Command == "peak")
                return new WorkAnswer { Gigaflops = ConvolutionPeak.Measure(request.Seconds) };
            if (work is null)
            {
                work = NetworkWork.Create(NetworkTable.Find(request.Network), request);
                Measure(work, request.WarmUpSeconds);
            }
            double speed = Measure(work, request.Seconds);
            using var process = Process.GetCurrentProcess();
            return new WorkAnswer
                { ImagesPerSecond = speed, PeakBytes = process.PeakWorkingSet64, PlanBytes = work.PlanBytes };
        }
#pragma warning disable CA1031 // the driver reports it and goes on with the next network
        catch (Exception e)
#pragma warning restore CA1031
        {
            return new WorkAnswer { Error = $"{e.GetType().Name}: {e.Message}" };
        }
    }

    /// <summary>Images per second over at least that many seconds and one run.</summary>
    private static double Measure(NetworkWork work, double seconds)
    {
        var watch = Stopwatch.StartNew();
        long images = 0;
        do
            images += work.Run();
        while (watch.Elapsed.TotalSeconds < seconds);
        return images / watch.Elapsed.TotalSeconds;
    }
}
