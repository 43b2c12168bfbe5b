namespace Benchmarks;

/// <summary>How much is measured.</summary>
/// <param name="Rounds">Rounds of a mode at most.</param>
/// <param name="MinimumRounds">Rounds at least, however long they take.</param>
/// <param name="Seconds">Length of a side's turn in a round; one run takes longer in large networks.</param>
/// <param name="WarmUpSeconds">Before the first round.</param>
/// <param name="BudgetSeconds">No new round begins after that many seconds of a mode's rounds for each side.</param>
/// <param name="ChoosesFormat">Whether PyTorch tries both memory formats on large networks too; else they run in
/// channels_last.</param>
internal sealed record Effort(
    int Rounds, int MinimumRounds, double Seconds, double WarmUpSeconds, double BudgetSeconds, bool ChoosesFormat)
{
    /// <summary>For figures.</summary>
    public static Effort Full { get; } =
        new(Rounds: 5, MinimumRounds: 3, Seconds: 1.5, WarmUpSeconds: 1, BudgetSeconds: 8, ChoosesFormat: true);

    /// <summary>For a look.</summary>
    public static Effort Quick { get; } =
        new(Rounds: 3, MinimumRounds: 1, Seconds: 0.4, WarmUpSeconds: 0.4, BudgetSeconds: 1.5, ChoosesFormat: false);
}

/// <summary>What a comparison needs to know.</summary>
/// <param name="Threads">Threads on all sides.</param>
/// <param name="Effort">How much is measured.</param>
/// <param name="Precisions">Numeric precision.</param>
/// <param name="Modes">Parts of the names of the modes to measure; empty for all.</param>
/// <param name="JsonPath">Where the rows go.</param>
internal sealed record ComparisonOptions(
    int Threads, Effort Effort, IReadOnlyList<WorkPrecision> Precisions, IReadOnlyList<string> Modes, string? JsonPath)
{
    /// <summary>The modes to measure of a network.</summary>
    public IEnumerable<WorkMode> ModesOf(BenchmarkNetwork network) =>
        Precisions.SelectMany(network.Modes)
            .Where(mode =>
                Modes.Count == 0 || Modes.Any(part => mode.Name.Contains(part, StringComparison.OrdinalIgnoreCase)));

    /// <summary>A request for a mode.</summary>
    public WorkRequest Request(BenchmarkNetwork network, WorkMode mode, string command = "measure") =>
        new(command, network.Name, mode.Kind, mode.Batch, mode.Precision, Threads, Effort.Seconds, Effort.WarmUpSeconds,
            network.DistinctBatches);
}
