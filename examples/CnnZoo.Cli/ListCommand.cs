using System.CommandLine;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Architectures;
using Spectre.Console;

namespace CnnZoo.Cli;

/// <summary><c>cnnzoo list</c>: the architectures.</summary>
internal static class ListCommand
{
    private sealed record Entry(string Name, string DisplayName, int Year, int Depth, string Input, long Parameters, long MultiplyAdds, string Paper);

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Write one JSON array" };
        var command = new Command("list", "Lists the architectures, oldest first.") { json };
        command.SetAction(parsed =>
        {
            Entry[] entries = [.. CnnArchitectures.All.Select(Describe)];
            if (parsed.GetValue(json))
                JsonOutput.Write(entries);
            else
                Print(entries);
        });
        return command;
    }

    private static Entry Describe(CnnArchitecture architecture)
    {
        NetworkSummary summary = NetworkSummary.Of(architecture, ArchitectureNames.PaperClasses(architecture));
        Publication paper = architecture.Paper;
        return new Entry(architecture.Name, architecture.DisplayName, paper.Year, architecture.Depth, $"{architecture.DefaultInput}",
            summary.Parameters, summary.MultiplyAdds, $"{paper.Authors} {paper.Year}, {paper.Title}, {paper.Url}");
    }

    private static void Print(Entry[] entries)
    {
        if (Console.IsOutputRedirected)
        {
            foreach (Entry e in entries)
                Console.WriteLine($"{e.Name,-28} {e.DisplayName,-48} {e.Year,4} {e.Depth,4} layers  {e.Input,-11} {e.Parameters,13:N0} parameters {e.MultiplyAdds,16:N0} multiply-adds");
            return;
        }
        Table table = new Table().AddColumns("name", "network", "year", "layers", "image", "parameters", "multiply-adds");
        foreach (TableColumn number in table.Columns.Skip(5))
            number.RightAligned();
        foreach (Entry e in entries)
            table.AddRow(e.Name, Markup.Escape(e.DisplayName), $"{e.Year}", $"{e.Depth}", e.Input, $"{e.Parameters:N0}", $"{e.MultiplyAdds:N0}");
        AnsiConsole.Write(table);
    }
}
