using System.CommandLine;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary>
/// <c>cnnzoo summary</c>: an architecture layer by layer, with parameters, multiply-adds, activation memory and
/// receptive field.
/// </summary>
internal static class SummaryCommand
{
    private sealed record Field(int Size, int Stride, int Height, int Width, bool WholeImage);

    private sealed record Layer(
        string Name, string Kind, int[] OutputShape, long Parameters, long NonTrainable, long MultiplyAdds,
        long ActivationBytes, Field? ReceptiveField);

    private sealed record Summary(
        string Name, string Input, int Classes, long Parameters, long NonTrainable, long MultiplyAdds,
        long ActivationBytes, Field? ReceptiveField, IReadOnlyList<Layer> Layers);

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        Argument<string> architecture = ArchitectureArguments.Argument("ARCH");
        Option<int> classes = ArchitectureArguments.Classes();
        var json = new Option<bool>("--json")
        {
            Description = "Write one JSON value: name, parameters, nonTrainable, multiplyAdds, activationBytes, "
                + "receptiveField, layers[]",
        };
        var command = new Command(
            "summary", "Shows the layers of an architecture: parameters, multiply-adds and activation memory for one "
            + "image, receptive field.")
        {
            architecture, classes, json,
        };
        command.SetAction(parsed =>
        {
            CnnArchitecture chosen = CnnArchitectures.Find(parsed.GetRequiredValue(architecture));
            Summary summary =
                Summarize(chosen, ArchitectureArguments.ClassesOrPapers(chosen, parsed.GetValue(classes)));
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
        return new Summary(
            summary.Name, $"{summary.Input}", summary.Classes, summary.Parameters, summary.NonTrainable,
            summary.MultiplyAdds, summary.ActivationBytes, FieldOf(summary.ReceptiveField),
            [.. summary.Layers.Select(
                l => new Layer(
                    l.Name, l.Kind, l.OutputShape.Dimensions.ToArray(), l.Parameters, l.NonTrainable, l.MultiplyAdds,
                    l.ActivationBytes, FieldOf(l.ReceptiveField)))]);
    }

    private static Field? FieldOf(ReceptiveField? field) =>
        field is { } f ? new Field(f.Size, f.Stride, f.Height, f.Width, f.IsWholeImage) : null;

    private static void Print(Summary summary)
    {
        var table = new TextTable(
            ["layer", "kind", "output", "parameters", "multiply-adds", "activation bytes", "sees", "stride"], Words: 3);
        foreach (Layer l in summary.Layers)
            table.Add(
                l.Name, l.Kind, Shape(l.OutputShape), $"{l.Parameters:N0}", $"{l.MultiplyAdds:N0}",
                $"{l.ActivationBytes:N0}", Sees(l.ReceptiveField),
                l.ReceptiveField is { WholeImage: false } f ? $"{f.Stride}" : "");
        table.Write(markdown: false);
        string statistics = summary.NonTrainable > 0 ? $" and {summary.NonTrainable:N0} running statistics" : "";
        Console.WriteLine(
            $"{summary.Name}: image {summary.Input}, {summary.Classes:N0} classes, "
            + $"{summary.Parameters:N0} parameters{statistics}; for one image {summary.MultiplyAdds:N0} multiply-adds, "
            + $"{summary.ActivationBytes:N0} bytes of activations");
    }

    private static string Sees(Field? field) =>
        field is null ? "" : field.WholeImage ? "image" : $"{field.Height}x{field.Width}";

    private static string Shape(int[] dimensions) =>
        $"[{string.Join(',', dimensions.Select(d => d < 0 ? "N" : $"{d}"))}]";
}
