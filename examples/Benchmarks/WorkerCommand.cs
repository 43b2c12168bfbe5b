using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;

namespace Benchmarks;

/// <summary><c>worker</c>: our side, answering one line of JSON for each, as peer.py does.</summary>
internal static class WorkerCommand
{
    private const double WarmUpSeconds = 1.5;

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var command = new Command("worker", "Measures on request; 'networks' starts it.") { Hidden = true };
        command.SetAction(_ => Serve());
        return command;
    }

    private static void Serve()
    {
        var prepared = new Dictionary<(string, string, int), NetworkWork>();
        while (Console.In.ReadLine() is { } line)
            Console.Out.WriteLine(JsonSerializer.Serialize(Answer(line, prepared), WorkAnswer.Json));
        foreach (NetworkWork work in prepared.Values)
            work.Dispose();
    }

    private static WorkAnswer Answer(string line, Dictionary<(string, string, int), NetworkWork> prepared)
    {
        try
        {
            WorkRequest request = JsonSerializer.Deserialize<WorkRequest>(line, WorkAnswer.Json)!;
            var key = (request.Network, request.Mode, request.Batch);
            if (!prepared.TryGetValue(key, out NetworkWork? work))
            {
                BenchmarkNetwork network = NetworkTable.Find(request.Network) ?? throw new ArgumentException($"There is no network '{request.Network}' in the table.");
                prepared[key] = work = NetworkWork.Create(network, request.Mode, request.Batch);
                Measure(work, WarmUpSeconds);
            }
            double speed = Measure(work, request.Seconds);
            using var process = Process.GetCurrentProcess();
            return new WorkAnswer(speed, process.PeakWorkingSet64, null);
        }
#pragma warning disable CA1031 // the driver reports it and goes on with the next network
        catch (Exception e)
#pragma warning restore CA1031
        {
            return new WorkAnswer(0, 0, $"{e.GetType().Name}: {e.Message}");
        }
    }

    /// <summary>Images per second over at least that many seconds.</summary>
    private static double Measure(NetworkWork work, double seconds)
    {
        var watch = Stopwatch.StartNew();
        long images = 0;
        while (watch.Elapsed.TotalSeconds < seconds)
            images += work.Run();
        return images / watch.Elapsed.TotalSeconds;
    }
}
