using System.Text.Json;

namespace Benchmarks;

/// <summary>One line of the result. Speeds are images per second, memory is the process's peak in bytes; the ratio is ours to the peer's.</summary>
internal sealed record ComparisonRow(
    string Network, string Mode, double? Ours, double? Peer, double? Ratio, double Goal, long? OursMemory, long? PeerMemory, string? Error = null)
{
    /// <summary>Whether the goal was reached; null where there was nothing to compare.</summary>
    public bool? Reached => Ratio is { } ratio ? ratio >= Goal : null;
}

/// <summary>What a comparison needs to know.</summary>
internal sealed record ComparisonOptions(string Python, string PeerScript, int Threads, int Rounds, double Seconds, string? JsonPath)
{
    /// <summary>Whether there is a peer to compare with.</summary>
    public bool HasPeer => Python.Length > 0;
}

/// <summary>Times networks on both sides in alternating rounds, so that whatever else the machine does hits both, and keeps the best round of each.</summary>
internal sealed class NetworkComparison(ComparisonOptions options)
{
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Runs all modes of the networks, prints a table as it goes, and writes the rows as JSON where asked to.</summary>
    public IReadOnlyList<ComparisonRow> Run(IEnumerable<BenchmarkNetwork> networks)
    {
        Console.WriteLine($"{options.Threads} threads, {options.Rounds} alternating rounds of {options.Seconds:0.#} s, best round of each side{(options.HasPeer ? "" : "; no peer here")}");
        Console.WriteLine($"{"network",-16} {"mode",-9} {"ours img/s",12} {"peer img/s",12} {"ratio",7} {"goal",6} {"ours MiB",9} {"peer MiB",9}");
        var rows = new List<ComparisonRow>();
        foreach (BenchmarkNetwork network in networks)
        {
            foreach ((string mode, double goal) in network.Goals)
            {
                rows.Add(Compare(network, mode, goal));
                Print(rows[^1]);
            }
        }
        if (options.JsonPath is { } path)
            File.WriteAllText(path, JsonSerializer.Serialize(rows, Indented));
        return rows;
    }

    /// <summary>Fresh processes for each row: the peak of memory is that of one network in one mode.</summary>
    private ComparisonRow Compare(BenchmarkNetwork network, string mode, double goal)
    {
        var request = new WorkRequest(network.Name, mode, network.Batch, options.Threads, options.Seconds);
        using WorkerProcess ours = WorkerProcess.StartOurs(options.Threads);
        using WorkerProcess? peer = options.HasPeer ? WorkerProcess.StartPeer(options.Python, options.PeerScript, options.Threads) : null;
        WorkAnswer? bestOurs = null, bestPeer = null;
        for (int round = 0; round < options.Rounds; round++)
        {
            bestOurs = Better(bestOurs, ours.Measure(request));
            bestPeer = peer is null ? null : Better(bestPeer, peer.Measure(request));
        }
        double? ratio = bestOurs?.Error is null && bestPeer is { Error: null } ? bestOurs!.ImagesPerSecond / bestPeer.ImagesPerSecond : null;
        return new ComparisonRow(
            network.Name, mode, Speed(bestOurs), Speed(bestPeer), ratio, goal, Memory(bestOurs), Memory(bestPeer), bestOurs?.Error ?? bestPeer?.Error);
    }

    private static WorkAnswer Better(WorkAnswer? best, WorkAnswer answer) =>
        answer.Error is not null || best is null || (best.Error is null && answer.ImagesPerSecond > best.ImagesPerSecond) ? answer : best with { PeakBytes = answer.PeakBytes };

    private static double? Speed(WorkAnswer? answer) => answer is { Error: null } ? answer.ImagesPerSecond : null;

    private static long? Memory(WorkAnswer? answer) => answer is { Error: null } ? answer.PeakBytes : null;

    private static void Print(ComparisonRow row)
    {
        const double Mebi = 1 << 20;
        Console.WriteLine(
            $"{row.Network,-16} {row.Mode,-9} {row.Ours,12:N0} {row.Peer,12:N0} {row.Ratio,7:0.00} {row.Goal,6:0.00} {row.OursMemory / Mebi,9:N0} {row.PeerMemory / Mebi,9:N0} "
            + (row.Error ?? row.Reached switch { true => "reached", false => "MISSED", null => "" }));
    }
}
