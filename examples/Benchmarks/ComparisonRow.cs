using System.Text.Json;
using System.Text.Json.Serialization;

namespace Benchmarks;

/// <summary>One line of the result.</summary>
/// <param name="Network">Name in <see cref="NetworkTable"/>.</param>
/// <param name="Mode">What was timed, <see cref="WorkMode.Name"/>.</param>
/// <param name="Ours">Images per second of our best round; null if it failed.</param>
/// <param name="Peer">Likewise of the peer's.</param>
/// <param name="Ratio">Ours to the peer's: the median over the rounds, each round's two measurements being neighbors in
/// time.</param>
/// <param name="Goal">The ratio to be reached.</param>
/// <param name="OursMemory">Peak of our process in bytes.</param>
/// <param name="PeerMemory">Peak of the peer's process in bytes.</param>
internal sealed record ComparisonRow(
    string Network, string Mode, double? Ours, double? Peer, double? Ratio, double Goal, long? OursMemory,
    long? PeerMemory)
{
    /// <summary>Rounds measured.</summary>
    public int Rounds { get; init; }

    /// <summary>Memory of our plan besides the weights, in bytes.</summary>
    public long? OursPlan { get; init; }

    /// <summary>10⁹ operations a second of our best round: convolutions and dense layers only.</summary>
    public double? OursGigaflops { get; init; }

    /// <summary>The same as a share of the machine's best convolution.</summary>
    public double? OursShareOfPeak { get; init; }

    /// <summary>How the peer ran: memory format and precision.</summary>
    public string? PeerForm { get; init; }

    /// <summary>What went wrong.</summary>
    public string? Error { get; init; }

    /// <summary>Whether the goal was reached; null where there was nothing to compare.</summary>
    [JsonIgnore]
    public bool? Reached => Ratio is { } ratio ? ratio >= Goal : null;

    /// <summary>The row of a mode from its rounds.</summary>
    /// <param name="network">The network.</param>
    /// <param name="mode">The mode.</param>
    /// <param name="ours">Our answers, round by round.</param>
    /// <param name="peer">The peer's; none where there is no peer.</param>
    public static ComparisonRow Of(
        BenchmarkNetwork network, WorkMode mode, IReadOnlyList<WorkAnswer> ours, IReadOnlyList<WorkAnswer> peer)
    {
        string? error = ours.Select(a => a.Error is null ? null : $"ours: {a.Error}")
            .Concat(peer.Select(a => a.Error is null ? null : $"peer: {a.Error}")).FirstOrDefault(e => e is not null);
        double? ourBest = Best(ours), peerBest = Best(peer);
        double? ratio = ourBest is null || peerBest is null ? null
            : Median([.. ours.Zip(peer, (o, p) => o.ImagesPerSecond / p.ImagesPerSecond)]);
        return new ComparisonRow(
            network.Name, mode.Name, ourBest, peerBest, ratio, network.Goal(mode), Memory(ours), Memory(peer))
        {
            Rounds = ours.Count,
            OursPlan = ourBest is null || ours[^1].PlanBytes == 0 ? null : ours[^1].PlanBytes,
            Error = error,
        };
    }

    /// <summary>The middle value, or the mean of the two in the middle.</summary>
    public static double Median(IReadOnlyList<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>Writes rows to a file.</summary>
    public static void Write(string path, IReadOnlyList<ComparisonRow> rows) =>
        File.WriteAllText(path, JsonSerializer.Serialize(rows, BenchmarkJson.Indented));

    /// <summary>Reads rows from a file.</summary>
    public static IReadOnlyList<ComparisonRow> Read(string path) =>
        JsonSerializer.Deserialize<ComparisonRow[]>(File.ReadAllText(path), BenchmarkJson.Indented)!;

    private static double? Best(IReadOnlyList<WorkAnswer> answers) =>
        answers.Count == 0 || answers.Any(a => a.Error is not null) ? null : answers.Max(a => a.ImagesPerSecond);

    private static long? Memory(IReadOnlyList<WorkAnswer> answers) =>
        Best(answers) is null ? null : answers.Max(a => a.PeakBytes);
}
