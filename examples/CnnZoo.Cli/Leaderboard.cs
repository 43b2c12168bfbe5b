using System.Globalization;
using System.Text;
using Microsoft.ML.CnnZoo;
using Spectre.Console;

namespace CnnZoo.Cli;

/// <summary>The candidates of an experiment as tables.</summary>
internal static class Leaderboard
{
    private static readonly string[] Headers = ["network", "settings", "accuracy", "loss", "epochs", "seconds", "outcome"];

    /// <summary>Writes it to standard output.</summary>
    public static void Write(IReadOnlyList<CnnExperimentEntry> entries)
    {
        var table = new TextTable(Headers, Words: 2, Remarks: 1);
        foreach (CnnExperimentEntry entry in entries)
            table.Add(Cells(entry));
        table.Write(markdown: false);
    }

    /// <summary>The framed table for a terminal.</summary>
    public static Table Framed(IReadOnlyList<CnnExperimentEntry> entries)
    {
        Table table = new Table().AddColumns(Headers);
        foreach (CnnExperimentEntry entry in entries)
            table.AddRow(Array.ConvertAll(Cells(entry), Markup.Escape));
        return table;
    }

    /// <summary>Comma-separated values with a line of names.</summary>
    public static string ToCsv(IReadOnlyList<CnnExperimentEntry> entries)
    {
        var text = new StringBuilder("rank,network,settings,validation_accuracy,validation_loss,epochs,seconds,outcome\n");
        for (int i = 0; i < entries.Count; i++)
        {
            CnnExperimentEntry e = entries[i];
            text.Append(CultureInfo.InvariantCulture, $"{i + 1},{Csv.Quote(e.Network)},{Csv.Quote(e.Settings)},{e.ValidationAccuracy:r},")
                .Append(CultureInfo.InvariantCulture, $"{e.ValidationLoss:r},{e.Epochs},{e.Time.TotalSeconds:F1},{Outcome(e)}\n");
        }
        return text.ToString();
    }

    private static string[] Cells(CnnExperimentEntry e) =>
    [
        e.Network, e.Settings, e.ValidationAccuracy?.ToString("F4", CultureInfo.InvariantCulture) ?? "",
        ConsoleProgress.Loss(e.ValidationLoss), $"{e.Epochs}",
        e.Time.TotalSeconds.ToString("F1", CultureInfo.InvariantCulture), Outcome(e),
    ];

    private static string Outcome(CnnExperimentEntry e) => e.Outcome switch
    {
        CnnExperimentOutcome.OutOfTime => "out of time",
        var other => other.ToString().ToLowerInvariant(),
    };
}
