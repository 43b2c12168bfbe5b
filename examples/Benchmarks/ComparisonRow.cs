using System.Text.Json;

namespace Benchmarks;

/// <summary>One mode of a network on all sides.</summary>
/// <param name="Network">Name in <see cref="NetworkTable"/>.</param>
/// <param name="Mode">What was timed, <see cref="WorkMode.Name"/>.</param>
/// <param name="Kind">What was done.</param>
/// <param name="Precision">Numeric precision.</param>
/// <param name="Machine">Where and when, <see cref="MachineDescription"/>.</param>
/// <param name="Ours">Our side.</param>
/// <param name="Peers">The others, each with its ratio.</param>
internal sealed record ComparisonRow(
    string Network, string Mode, WorkKind Kind, WorkPrecision Precision, string Machine, SideResult Ours,
    IReadOnlyList<SideResult> Peers)
{
    /// <summary>All sides, ours first.</summary>
    public IEnumerable<SideResult> Sides() => [Ours, .. Peers];

    /// <summary>Writes rows to a file.</summary>
    public static void Write(string path, IReadOnlyList<ComparisonRow> rows) =>
        File.WriteAllText(path, JsonSerializer.Serialize(rows, BenchmarkJson.Indented));

    /// <summary>Reads rows from a file.</summary>
    public static IReadOnlyList<ComparisonRow> Read(string path) =>
        JsonSerializer.Deserialize<ComparisonRow[]>(File.ReadAllText(path), BenchmarkJson.Indented)!;
}
