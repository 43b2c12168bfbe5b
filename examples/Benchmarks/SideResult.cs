namespace Benchmarks;

/// <summary>What one side reached in one mode of a network.</summary>
/// <param name="Name">"ours" or a peer's name in <see cref="Goals"/>.</param>
/// <param name="Version">Its version; null where it is not known.</param>
/// <param name="Form">How it ran: our vector width, the peer's memory format.</param>
/// <param name="Rounds">Rounds measured.</param>
/// <param name="Median">Images per second, median of the rounds; null if it failed.</param>
/// <param name="Min">Images per second of the slowest round.</param>
/// <param name="Max">Images per second of the fastest round.</param>
/// <param name="PeakBytes">Peak of the process's memory.</param>
internal sealed record SideResult(
    string Name, string? Version, string? Form, int Rounds, double? Median, double? Min, double? Max, long? PeakBytes)
{
    /// <summary>Ours: memory of the plan besides the weights.</summary>
    public long? PlanBytes { get; init; }

    /// <summary>Ours: 10⁹ operations a second of convolutions and dense layers alone.</summary>
    public double? Gigaflops { get; init; }

    /// <summary>A peer's: our median to the peer's.</summary>
    public double? Ratio { get; init; }

    /// <summary>A peer's: the ratio to be reached.</summary>
    public double? Goal { get; init; }

    /// <summary>A peer's: whether the ratio was reached; null where there was nothing to compare.</summary>
    public bool? Reached { get; init; }

    /// <summary>A peer's: whether our memory is below the peer's, where that is a goal.</summary>
    public bool? MemoryReached { get; init; }

    /// <summary>What went wrong.</summary>
    public string? Error { get; init; }

    /// <summary>The result of a side's rounds; a round that failed makes it a failure.</summary>
    public static SideResult Of(string name, string? version, IReadOnlyList<WorkAnswer> rounds)
    {
        if (rounds.FirstOrDefault(round => round.Error is not null) is { Error: { } error })
            return new SideResult(name, version, null, 0, null, null, null, null) { Error = error };
        double[] speeds = [.. rounds.Select(round => round.ImagesPerSecond).Order()];
        long planBytes = rounds[^1].PlanBytes;
        return new SideResult(
            name, version, rounds[^1].Form, speeds.Length, Middle(speeds), speeds[0], speeds[^1],
            rounds.Max(round => round.PeakBytes)) { PlanBytes = planBytes == 0 ? null : planBytes };
    }

    /// <summary>A peer's result with ours set against it.</summary>
    public SideResult Beside(SideResult ours)
    {
        double? ratio = ours.Median / Median;
        double goal = Goals.EachRow(Name);
        return this with
        {
            PlanBytes = null,
            Ratio = ratio,
            Goal = goal,
            Reached = ratio is null ? null : ratio >= goal,
            MemoryReached = ratio is null || !Goals.LessMemory(Name) ? null : ours.PeakBytes < PeakBytes,
        };
    }

    /// <summary>The value in the middle, or the mean of the two there.</summary>
    private static double Middle(double[] sorted) => (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
}
