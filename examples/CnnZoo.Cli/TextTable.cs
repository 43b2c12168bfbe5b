using Spectre.Console;

namespace CnnZoo.Cli;

/// <summary>Rows for people: framed on a terminal, aligned columns elsewhere, Markdown on request.</summary>
/// <param name="Headers">Names of the columns.</param>
/// <param name="Words">How many of the first columns are words, aligned left.</param>
/// <param name="Remarks">How many of the last columns are words; those between are numbers, aligned right.</param>
internal sealed record TextTable(string[] Headers, int Words, int Remarks = 0)
{
    private readonly List<string[]> _rows = [];

    /// <summary>Adds a row.</summary>
    public void Add(params string[] row) => _rows.Add(row);

    /// <summary>Writes the table to standard output.</summary>
    public void Write(bool markdown)
    {
        if (markdown)
            WriteMarkdown();
        else if (Console.IsOutputRedirected)
            WriteColumns();
        else
            WriteFramed();
    }

    private bool IsNumber(int column) => column >= Words && column < Headers.Length - Remarks;

    private void WriteMarkdown()
    {
        string[][] lines = [
            Headers, [.. Headers.Select((_, i) => IsNumber(i) ? "---:" : "---")],
            .. _rows.Select(row => Array.ConvertAll(row, cell => cell.Replace("|", "\\|", StringComparison.Ordinal)))];
        foreach (string[] line in lines)
            Console.WriteLine($"| {string.Join(" | ", line)} |");
    }

    private void WriteColumns()
    {
        int[] widths =
            [.. Headers.Select((header, i) => _rows.Select(row => row[i].Length).Append(header.Length).Max())];
        foreach (string[] row in (string[][])[Headers, .. _rows])
            Console.WriteLine(
                string.Join(
                    "  ", row.Select((cell, i) => IsNumber(i) ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i])))
                    .TrimEnd());
    }

    private void WriteFramed()
    {
        Table table = new Table().AddColumns(Array.ConvertAll(Headers, Markup.Escape));
        for (int i = 0; i < Headers.Length; i++)
        {
            if (IsNumber(i))
                table.Columns[i].RightAligned();
        }
        foreach (string[] row in _rows)
            table.AddRow(Array.ConvertAll(row, Markup.Escape));
        AnsiConsole.Write(table);
    }
}
