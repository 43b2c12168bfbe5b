using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli.Reports;

/// <summary>A report as Markdown: for pull requests and notes.</summary>
internal static partial class MarkdownReport
{
    /// <summary>The text.</summary>
    public static string Write(ReportData data)
    {
        var text = new StringBuilder();
        text.Append($"# {Escape(data.Title)}\n\n");
        foreach (string finding in data.Findings)
            text.Append($"- {Escape(finding)}\n");
        text.Append("\n| figure | value | 95 % interval |\n| --- | ---: | --- |\n");
        foreach (Figure figure in Figure.All(data.Classes.Count))
        {
            string range = data.Intervals.TryGetValue(figure.Key, out ConfidenceInterval interval)
                ? $"{figure.Show(interval.Low)} to {figure.Show(interval.High)}" : "";
            text.Append($"| {figure.Name} | {figure.Show(data.Metrics[figure.Key])} | {range} |\n");
        }
        text.Append("\n| class | images | precision | recall | F1 |\n| --- | ---: | ---: | ---: | ---: |\n");
        foreach (ClassFigures c in data.Classes)
            text.Append(CultureInfo.InvariantCulture, $"| {Escape(c.Name)} | {c.Support} | {Figure.Percent(c.Precision)} | ")
                .Append($"{Figure.Percent(c.Recall)} | {Figure.Percent(c.F1)} |\n");
        if (data.MostConfused.Count > 0)
            text.Append("\n| class | taken for | images | share |\n| --- | --- | ---: | ---: |\n");
        foreach (ConfusedClasses pair in data.MostConfused)
            text.Append(CultureInfo.InvariantCulture,
                $"| {Escape(pair.Class)} | {Escape(pair.TakenFor)} | {pair.Count} | {Figure.Percent(pair.Share)} |\n");
        foreach ((string heading, IReadOnlyList<Fact> facts) in (IReadOnlyList<(string, IReadOnlyList<Fact>)>)
            [("Model", Facts.Of(data.Model)), ("This machine", Facts.Of(data.Machine)), ("Images", data.Data), ("Run", data.Run)])
        {
            if (facts.Count == 0)
                continue;
            text.Append($"\n## {heading}\n\n");
            foreach (Fact fact in facts)
                text.Append($"- {fact.Name}: {Escape(fact.Value)}\n");
        }
        return text.ToString();
    }

    /// <summary>Text that means nothing in Markdown, nor in the HTML that it may hold.</summary>
    private static string Escape(string text) =>
        Marks().Replace(text.ReplaceLineEndings(" "), m => m.Value == "<" ? "&lt;" : m.Value == "&" ? "&amp;" : $"\\{m.Value}");

    [GeneratedRegex(@"[\\`*_{}\[\]|<&]")]
    private static partial Regex Marks();
}
