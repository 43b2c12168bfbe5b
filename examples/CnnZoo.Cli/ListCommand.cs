using System.CommandLine;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary><c>cnnzoo list</c>: the architectures.</summary>
internal static class ListCommand
{
    private sealed record Entry(
        string Name, string DisplayName, IReadOnlyList<string> Aliases, int Year, int Depth, string Input,
        long Parameters, long MultiplyAdds,
        string Paper);

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Write one JSON array" };
        var command = new Command(
            "list", "Lists the architectures, oldest first: every name, display name and alias is understood.")
        {
            json,
        };
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
        NetworkSummary summary = NetworkSummary.Of(architecture, ArchitectureArguments.PaperClasses(architecture));
        Publication paper = architecture.Paper;
        return new Entry(
            architecture.Name, architecture.DisplayName, architecture.Aliases, paper.Year,
            architecture.Depth,
            $"{architecture.DefaultInput}", summary.Parameters, summary.MultiplyAdds,
            $"{paper.Authors} {paper.Year}, {paper.Title}, {paper.Url}");
    }

    private static void Print(Entry[] entries)
    {
        var table = new TextTable(
            ["name", "network", "year", "layers", "image", "parameters", "multiply-adds", "aliases"], Words: 2,
            Remarks: 1);
        foreach (Entry e in entries)
            table.Add(
                e.Name, e.DisplayName, $"{e.Year}", $"{e.Depth}", e.Input, $"{e.Parameters:N0}", $"{e.MultiplyAdds:N0}",
                string.Join(", ", e.Aliases));
        table.Write(markdown: false);
    }
}
