using System.Text.Json;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli.Reports;

/// <summary>
/// The images behind the cells of a confusion matrix, as the page's script reads them: mistakes before right ones, the
/// most wrong first, no more than a page can carry.
/// </summary>
internal static class CellImages
{
    private const int MostOfCell = 12, MostOfRightCell = 4, MostOfAll = 400;

    private sealed record Shown(string Src, string Text);

    /// <summary>A JSON object without any character that means something in HTML: cell "row,column" → its images.</summary>
    public static string Write(ClassificationReport report, Func<int, string> nameOf, Thumbnails thumbnails)
    {
        int left = MostOfAll;
        var cells = new Dictionary<string, Shown[]>();
        foreach (IGrouping<(int Label, int Predicted), JudgedRow> cell in report.Rows.GroupBy(r => (r.Label, r.Predicted))
            .OrderBy(c => c.Key.Label == c.Key.Predicted).ThenByDescending(c => c.Count()))
        {
            int most = Math.Min(left, cell.Key.Label == cell.Key.Predicted ? MostOfRightCell : MostOfCell);
            Shown[] shown = [.. cell.OrderBy(r => r.LabelProbability).Take(most).Select(r => new Shown(
                thumbnails.Of(nameOf(r.Row)), $"{Path.GetFileName(nameOf(r.Row))}: {report.ClassNames[r.Predicted]} "
                    + Figure.Percent(r.Confidence)))];
            left -= shown.Length;
            cells[$"{cell.Key.Label},{cell.Key.Predicted}"] = shown;
        }
        return JsonSerializer.Serialize(cells, JsonSerializerOptions.Web); // which escapes <, > and &
    }
}
