using System.CommandLine;
using Microsoft.ML.CnnZoo.Analysis;

namespace CnnZoo.Cli;

/// <summary>
/// <c>cnnzoo savings</c>: what 1×1 bottlenecks and stacked 3×3 convolutions save, counted from graphs.
/// </summary>
internal static class SavingsCommand
{
    private sealed record Savings(IReadOnlyList<PartSaving> Inception, IReadOnlyList<PartSaving> Stacked);

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Write one JSON value: inception[], stacked[]" };
        var markdown = new Option<bool>("--markdown") { Description = "Write a Markdown table" };
        Option<int> channels =
            CommandOptions.Number("--channels", "Channels of the stacked convolutions", 256, 1, 4096);
        Option<int> size = CommandOptions.Number("--size", "Height and width of their image", 56, 1, 4096);
        var command = new Command(
            "savings",
            "Shows what inception's 1x1 convolutions save, and stacked 3x3 convolutions in place of 5x5 and 7x7.")
        {
            json, markdown, channels, size,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(json) && result.GetValue(markdown))
                result.AddError("--json and --markdown exclude each other.");
        });
        command.SetAction(parsed =>
        {
            var savings = new Savings(
                NetworkSavings.InceptionModules(),
                NetworkSavings.StackedConvolutions(parsed.GetValue(channels), parsed.GetValue(size)));
            if (parsed.GetValue(json))
                JsonOutput.Write(savings);
            else
                Print(savings, parsed.GetValue(markdown));
        });
        return command;
    }

    private static void Print(Savings savings, bool markdown)
    {
        var table = new TextTable(
            ["part", "before", "after", "parameters", "after", "saved", "multiply-adds", "after", "saved",
            "receptive field"], Words: 3);
        foreach (PartSaving part in savings.Inception.Concat(savings.Stacked))
        {
            (PartCost before, PartCost after) = (part.Costly, part.Lean);
            table.Add(
                part.Part, before.Form, after.Form, $"{before.Parameters:N0}", $"{after.Parameters:N0}",
                $"{part.ParametersSaved:P1}",
                $"{before.MultiplyAdds:N0}", $"{after.MultiplyAdds:N0}", $"{part.MultiplyAddsSaved:P1}",
                $"{after.ReceptiveField}");
        }
        table.Write(markdown);
    }
}
