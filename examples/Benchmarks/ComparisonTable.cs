using System.Globalization;
using Spectre.Console;

namespace Benchmarks;

/// <summary>Rows for people.</summary>
internal static class ComparisonTable
{
    private const double Mebi = 1 << 20;
    private const int WideEnough = 160;

    private static readonly string[] Headers = [
        "network", "mode", "ours, images/s", "PyTorch, images/s", "ratio", "goal", "", "memory ours / PyTorch, MiB",
        "GFLOP/s", "of peak"];

    /// <summary>One row, for the time until the table is there.</summary>
    public static string Line(ComparisonRow row)
    {
        string[] cells = Cells(row);
        string line = $"{cells[0],-15} {cells[1],-19} ours {cells[2],9}  PyTorch {cells[3],9}  "
            + $"ratio {cells[4],5} of {cells[5],4} {cells[6],-7} MiB {cells[7],15}  GFLOP/s {cells[8],5} {cells[9],5}  "
            + $"{row.PeerForm} {row.Error}";
        return line.TrimEnd();
    }

    /// <summary>All rows in a frame, with what went wrong below.</summary>
    public static void Print(IReadOnlyList<ComparisonRow> rows)
    {
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = WideEnough;
        Table table = new Table().AddColumns(Headers);
        for (int i = 2; i < Headers.Length; i++)
            table.Columns[i].RightAligned();
        foreach (ComparisonRow row in rows)
            table.AddRow(Cells(row));
        AnsiConsole.Write(table);
        foreach (ComparisonRow row in rows.Where(row => row.Error is not null))
            Console.WriteLine($"{row.Network} {row.Mode}: {row.Error}");
    }

    /// <summary>The rows as a table for BENCHMARKS.md.</summary>
    public static IEnumerable<string> Markdown(IReadOnlyList<ComparisonRow> rows)
    {
        yield return $"| {string.Join(" | ", Headers)} |";
        yield return $"| {string.Join(" | ", Headers.Select((_, i) => i < 2 ? "---" : "---:"))} |";
        foreach (ComparisonRow row in rows)
            yield return $"| {string.Join(" | ", Cells(row))} |";
    }

    private static string[] Cells(ComparisonRow row) =>
    [
        row.Network, row.Mode, Speed(row.Ours), Speed(row.Peer), Number(row.Ratio, "0.00"), Number(row.Goal, "0.0"),
        row.Reached switch { true => "reached", false => "missed", null => "" },
        $"{Number(row.OursMemory / Mebi, "N0")} / {Number(row.PeerMemory / Mebi, "N0")}",
        Number(row.OursGigaflops, "N0"), Number(row.OursShareOfPeak, "P0"),
    ];

    private static string Speed(double? speed) => Number(speed, speed < 100 ? "N1" : "N0");

    private static string Number(double? value, string format) =>
        value?.ToString(format, CultureInfo.InvariantCulture) ?? "-";
}
