using System.Globalization;

namespace Benchmarks;

/// <summary>Rows for people.</summary>
internal static class ComparisonTable
{
    private const double Mebi = 1 << 20;

    /// <summary>Column names of <see cref="Lines"/>.</summary>
    public static string Header =>
        Line("network", "mode", "side", "form", "images/s", "min..max", "ratio", "goal", "MiB ");

    /// <summary>One line of up to 120 columns for each side; an asterisk marks a peer that needs less memory.</summary>
    public static IEnumerable<string> Lines(ComparisonRow row)
    {
        foreach (SideResult side in row.Sides())
        {
            bool first = ReferenceEquals(side, row.Ours);
            string line = Line(
                first ? row.Network : "", first ? row.Mode : "", side.Name, side.Form ?? "", Speed(side.Median),
                Spread(side), Number(side.Ratio, "0.00"), $"{Number(side.Goal, "0.00")} {Verdict(side.Reached)}",
                Memory(side));
            yield return side.Error is { } error ? $"{line}  {error}" : line;
        }
    }

    /// <summary>The geometric means with their goals, and the lowest row of each.</summary>
    public static IEnumerable<string> Means(IEnumerable<ComparisonRow> rows) => GeometricMean.Of(rows).Select(mean =>
    {
        string precision = mean.Precision == WorkPrecision.F32 ? "" : " in bfloat16";
        string goal = mean.Goal is { } ratio ? $", goal {Number(ratio, "0.00")} {Verdict(mean.Ratio >= ratio)}" : "";
        return $"{mean.Kind}{precision} beside {mean.Peer}: geometric mean {Number(mean.Ratio, "0.00")} "
            + $"(rows: {mean.Rows}{goal}), lowest {Number(mean.LowestRatio, "0.00")}: "
            + $"{mean.Lowest.Network} {mean.Lowest.Mode}";
    });

    /// <summary>The rows as a table for BENCHMARKS.md.</summary>
    public static IEnumerable<string> Markdown(IReadOnlyList<ComparisonRow> rows)
    {
        string[] peers = [.. rows.SelectMany(row => row.Peers).Select(peer => peer.Name).Distinct()];
        string[] headers =
            ["network", "mode", "ours", .. peers.SelectMany(peer => (string[])[peer, "ratio"]), "memory, MiB"];
        yield return $"| {string.Join(" | ", headers)} |";
        yield return $"| {string.Join(" | ", headers.Select((_, i) => i < 2 ? "---" : "---:"))} |";
        foreach (ComparisonRow row in rows)
        {
            SideResult?[] others = [.. peers.Select(name => row.Peers.FirstOrDefault(peer => peer.Name == name))];
            string[] cells =
            [
                row.Network, row.Mode, SpeedAndSpread(row.Ours),
                .. others.SelectMany(peer => (string[])[SpeedAndSpread(peer), Number(peer?.Ratio, "0.00")]),
                string.Join(" / ", others.Prepend(row.Ours).Select(side => Number(side?.PeakBytes / Mebi, "N0"))),
            ];
            yield return $"| {string.Join(" | ", cells)} |";
        }
    }

    private static string Line(
        string network, string mode, string side, string form, string speed, string spread, string ratio, string goal,
        string memory) =>
        ($"{network,-21} {mode,-18} {side,-12} {form,-13} {speed,8} {spread,16} "
            + $"{ratio,5} {goal,-12} {memory,7}").TrimEnd();

    private static string Verdict(bool? reached) => reached switch { true => "reached", false => "missed", null => "" };

    private static string Memory(SideResult side) =>
        Number(side.PeakBytes / Mebi, "N0") + (side.MemoryReached == false ? "*" : " ");

    private static string SpeedAndSpread(SideResult? side) =>
        side?.Median is null ? "" : $"{Speed(side.Median)} ({Spread(side)})";

    private static string Spread(SideResult side) => side.Min is null ? "" : $"{Speed(side.Min)}..{Speed(side.Max)}";

    private static string Speed(double? speed) => Number(speed, speed < 100 ? "N1" : "N0");

    private static string Number(double? value, string format) =>
        value?.ToString(format, CultureInfo.InvariantCulture) ?? "";
}
