namespace Benchmarks;

/// <summary>How much is measured.</summary>
/// <param name="Rounds">Rounds of a mode at most.</param>
/// <param name="MinimumRounds">Rounds at least, however long they take.</param>
/// <param name="Seconds">Length of a side's turn in a round; one run takes longer in large networks.</param>
/// <param name="WarmUpSeconds">Before the first round.</param>
/// <param name="BudgetSeconds">No new round begins after that many seconds of a mode's rounds.</param>
/// <param name="ChoosesFormat">Whether the peer tries both memory formats on large networks too; else they run in
/// channels_last.</param>
internal sealed record Effort(
    int Rounds, int MinimumRounds, double Seconds, double WarmUpSeconds, double BudgetSeconds, bool ChoosesFormat)
{
    /// <summary>For figures.</summary>
    public static Effort Full { get; } =
        new(Rounds: 5, MinimumRounds: 2, Seconds: 1.5, WarmUpSeconds: 1, BudgetSeconds: 18, ChoosesFormat: true);

    /// <summary>For a look.</summary>
    public static Effort Quick { get; } =
        new(Rounds: 3, MinimumRounds: 1, Seconds: 0.4, WarmUpSeconds: 0.4, BudgetSeconds: 4, ChoosesFormat: false);
}

/// <summary>What a comparison needs to know.</summary>
/// <param name="Python">The Python that has PyTorch; empty for none.</param>
/// <param name="PeerScript">peer.py.</param>
/// <param name="Threads">Threads on both sides.</param>
/// <param name="Effort">How much is measured.</param>
/// <param name="Precisions">Numeric precision.</param>
/// <param name="Modes">Parts of the names of the modes to measure; empty for all.</param>
/// <param name="JsonPath">Where the rows go.</param>
internal sealed record ComparisonOptions(
    string Python, string PeerScript, int Threads, Effort Effort, IReadOnlyList<WorkPrecision> Precisions,
    IReadOnlyList<string> Modes, string? JsonPath)
{
    /// <summary>Whether there is a peer to compare with.</summary>
    public bool HasPeer => Python.Length > 0;

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
