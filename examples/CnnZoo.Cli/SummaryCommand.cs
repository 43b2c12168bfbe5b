using System.CommandLine;
using Microsoft.ML.CnnZoo.Architectures;
using Spectre.Console;

namespace CnnZoo.Cli;

/// <summary><c>cnnzoo summary</c>: an architecture layer by layer, with parameters and multiply-adds.</summary>
internal static class SummaryCommand
{
    private sealed record Layer(string Name, string Kind, int[] OutputShape, long Parameters, long NonTrainable, long MultiplyAdds);

    private sealed record Summary(string Name, string Input, int Classes, long Parameters, long NonTrainable, long MultiplyAdds, IReadOnlyList<Layer> Layers);

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        Argument<string> architecture = ArchitectureNames.Argument("ARCH");
        Option<int> classes = CommandOptions.Number("--classes", "Number of classes; 0 for the paper's", 0, 0, 1_000_000);
        var json = new Option<bool>("--json") { Description = "Write one JSON value: name, parameters, nonTrainable, multiplyAdds, layers[]" };
        classes.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: "1" }])
                result.AddError("--classes takes at least 2 classes.");
        });
        var command = new Command("summary", "Shows the layers of an architecture, their parameters and multiply-adds for one image.") { architecture, classes, json };
        command.SetAction(parsed =>
        {
            CnnArchitecture chosen = CnnArchitectures.Find(parsed.GetRequiredValue(architecture));
            Summary summary = Summarize(chosen, parsed.GetValue(classes) is > 0 and int count ? count : ArchitectureNames.PaperClasses(chosen));
            if (parsed.GetValue(json))
                JsonOutput.Write(summary);
            else
                Print(summary);
        });
        return command;
    }

    private static Summary Summarize(CnnArchitecture architecture, int classes)
    {
        NetworkSummary summary = NetworkSummary.Of(architecture, classes);
        return new Summary(summary.Name, $"{summary.Input}", summary.Classes, summary.Parameters, summary.NonTrainable, summary.MultiplyAdds,
            [.. summary.Layers.Select(l => new Layer(l.Name, l.Kind, l.OutputShape.Dimensions.ToArray(), l.Parameters, l.NonTrainable, l.MultiplyAdds))]);
    }

    private static void Print(Summary summary)
    {
        string[] headers = ["layer", "kind", "output", "parameters", "multiply-adds"];
        string[][] rows = [.. summary.Layers.Select(l => new[] { l.Name, l.Kind, Shape(l.OutputShape), $"{l.Parameters:N0}", $"{l.MultiplyAdds:N0}" })];
        if (Console.IsOutputRedirected)
        {
            foreach (string[] row in (string[][])[headers, .. rows])
                Console.WriteLine($"{row[0],-24} {row[1],-22} {row[2],-16} {row[3],14} {row[4],16}");
        }
        else
        {
            Table table = new Table().AddColumns(headers);
            foreach (TableColumn number in table.Columns.Skip(3))
                number.RightAligned();
            foreach (string[] row in rows)
                table.AddRow(Array.ConvertAll(row, Markup.Escape));
            AnsiConsole.Write(table);
        }
        string statistics = summary.NonTrainable > 0 ? $" and {summary.NonTrainable:N0} running statistics" : "";
        Console.WriteLine($"{summary.Name}: image {summary.Input}, {summary.Classes:N0} classes, {summary.Parameters:N0} parameters{statistics}, {summary.MultiplyAdds:N0} multiply-adds for one image");
    }

    private static string Shape(int[] dimensions) => $"[{string.Join(',', dimensions.Select(d => d < 0 ? "N" : $"{d}"))}]";
}
