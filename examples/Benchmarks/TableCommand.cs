using System.CommandLine;

namespace Benchmarks;

/// <summary><c>table</c>: a file of rows as a table for BENCHMARKS.md.</summary>
internal static class TableCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "What 'networks --json FILE' wrote" };
        var command = new Command("table", "Writes measured rows as a Markdown table.") { file };
        command.SetAction(parsed =>
        {
            foreach (string line in ComparisonTable.Markdown(ComparisonRow.Read(parsed.GetRequiredValue(file))))
                Console.WriteLine(line);
        });
        return command;
    }
}
