using System.CommandLine;
using System.Globalization;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary>
/// <c>cnnzoo compare</c>: architectures side by side: age, depth, cost, published accuracy, and on request the time
/// that an image takes here.
/// </summary>
internal static class CompareCommand
{
    private sealed record Entry(
        string Name, string DisplayName, int Year, int Depth, string Input, string Preprocessing, int Classes,
        long Parameters, long NonTrainable, long MultiplyAdds, long ActivationBytes,
        int? ReceptiveField, string? DataSet, double? Top1Error, double? Top5Error, string? Protocol, string? Source,
        IReadOnlyList<PublishedAccuracy> Published,
        double? LatencyMilliseconds, long? PeakBytes, string Paper);

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        Argument<string[]> architectures = ArchitectureArguments.Several("ARCH");
        var json = new Option<bool>("--json") { Description = "Write one JSON array" };
        var markdown = new Option<bool>("--markdown") { Description = "Write a Markdown table" };
        var latency = new Option<bool>("--latency")
        {
            Description = "Measure the time for one image on this machine (median, with random weights)",
        };
        var command = new Command(
            "compare", "Compares architectures: year, depth, parameters, multiply-adds, published errors; "
            + "the whole zoo unless some are named.")
        {
            architectures, json, markdown, latency,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(json) && result.GetValue(markdown))
                result.AddError("--json and --markdown exclude each other.");
        });
        command.SetAction(parsed =>
        {
            string[] names = parsed.GetValue(architectures) ?? [];
            IEnumerable<CnnArchitecture> chosen = names.Length > 0 ? names.Select(CnnArchitectures.Find)
                : CnnArchitectures.All;
            bool measure = parsed.GetValue(latency);
            Entry[] entries = [.. chosen.Select(a => Describe(a, measure))];
            if (parsed.GetValue(json))
                JsonOutput.Write(entries);
            else
                Print(entries, measure, parsed.GetValue(markdown));
        });
        return command;
    }

    private static Entry Describe(CnnArchitecture architecture, bool measure)
    {
        int classes = ArchitectureArguments.PaperClasses(architecture);
        NetworkSummary summary = NetworkSummary.Of(architecture, classes);
        Publication paper = architecture.Paper;
        PublishedAccuracy? published = architecture.PublishedAccuracy is [var first, ..] ? first : null;
        Latency? latency = measure ? Latency.Measure(architecture, classes) : null;
        return new Entry(
            architecture.Name, architecture.DisplayName, paper.Year, architecture.Depth, $"{architecture.DefaultInput}",
            $"{architecture.Pixels}", classes, summary.Parameters,
            summary.NonTrainable, summary.MultiplyAdds, summary.ActivationBytes,
            summary.ReceptiveField?.Size, published?.DataSet, published?.Top1Error, published?.Top5Error,
            published?.Protocol, published?.Source, architecture.PublishedAccuracy,
            latency?.Milliseconds, latency?.PeakBytes, $"{paper.Authors} {paper.Year}, {paper.Title}, {paper.Url}");
    }

    private static void Print(Entry[] entries, bool measured, bool markdown)
    {
        string[] latencyHeader = measured ? ["ms/image"] : [];
        var table = new TextTable(
            ["name", "year", "depth", "parameters", "multiply-adds", "top-1 error", "top-5 error", .. latencyHeader,
            "protocol"], Words: 1, Remarks: 1);
        foreach (Entry e in entries)
        {
            string[] latency = measured ? [Number(e.LatencyMilliseconds)] : [];
            table.Add(
                [e.Name, $"{e.Year}", $"{e.Depth}", $"{e.Parameters:N0}", $"{e.MultiplyAdds:N0}", Number(e.Top1Error),
                Number(e.Top5Error), .. latency,
                e.Source is null ? "" : $"{e.DataSet}, {e.Protocol} ({e.Source})"]);
        }
        table.Write(markdown);
    }

    private static string Number(double? value) => value?.ToString("0.0##", CultureInfo.InvariantCulture) ?? "";
}
