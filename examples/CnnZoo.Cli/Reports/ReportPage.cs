using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using HandlebarsDotNet;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli.Reports;

/// <summary>Pictures of a report's images; none where there are only scores.</summary>
/// <param name="Of">A small picture of an image, as data URI.</param>
/// <param name="HeatMap">Where the network looked when it took the image for a class; null where it cannot say.</param>
/// <param name="OfPair">Images of a class that were taken for another.</param>
/// <param name="Cells">The images of the confusion matrix, as JSON.</param>
internal sealed record ReportPictures(Func<string, string> Of, Func<string, string, string?> HeatMap,
    Func<ConfusedClasses, IReadOnlyList<string>> OfPair, string Cells);

/// <summary>
/// A report as one HTML file. What the page is given is escaped by the template, except charts and images, which are
/// made here; its policy lets no script run but its own, and nothing be loaded.
/// </summary>
internal static class ReportPage
{
    private const int MostMatrixClasses = 30, SmallMatrix = 14, MostStages = 24;
    private static readonly string[] Companions = ["BatchNormalization", "ReLU", "ZeroPadding2D"];
    private static readonly string[] HeadlineKeys =
        ["accuracy", "macroF1", "macroAuc", "logLoss", "brierScore", "expectedCalibrationError"];

    /// <summary>The page.</summary>
    public static string Write(ReportData data, ReportPictures? pictures)
    {
        string script = Read("page.js");
        PageFigure[] figures = [.. Figure.All(data.Classes.Count).Select(f => Show(f, data))];
        var page = new
        {
            data.Title, data.Findings, Script = script, Style = Read("page.css"),
            ScriptHash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script))),
            Subtitle = Subtitle(data), Images = data.Images.ToString("N0", CultureInfo.InvariantCulture),
            Figures = figures, Headline = HeadlineKeys.Select(key => figures.First(f => f.Key == key)).ToArray(),
            Matrix = Matrix(data), Classes = Classes(data),
            Reliability = Charts.Reliability(data.ReliabilityBins),
            RiskCoverage = Charts.RiskCoverage(data.RiskCoverage, data.Decision), Decision = Decision(data.Decision),
            Loss = data.Epochs.Count > 0 ? Charts.Loss(data.Epochs) : null,
            Accuracy = data.Epochs.Count > 0 ? Charts.Accuracy(data.Epochs) : null,
            HasValidation = data.Epochs.Any(e => e.ValidationLoss is not null),
            Mistakes = Mistakes(data, pictures), Pairs = Pairs(data, pictures),
            Stages = Stages(data.Model), LayerCount = data.Model?.Layers.Count, Layers = Layers(data.Model),
            Groups = Groups(data), HasImages = pictures is not null, Cells = pictures?.Cells ?? "",
        };
        return Handlebars.Create(new HandlebarsConfiguration { ThrowOnUnresolvedBindingExpression = true })
            .Compile(Read("page.hbs"))(page);
    }

    private sealed record PageFigure(string Key, string Name, string Hint, string Value, string Text, string Range);

    private static PageFigure Show(Figure figure, ReportData data)
    {
        double value = data.Metrics[figure.Key];
        string range = data.Intervals.TryGetValue(figure.Key, out ConfidenceInterval interval)
            ? $"{figure.Show(interval.Low).TrimEnd('%', '\u00A0')} – {figure.Show(interval.High)}" : "";
        return new(figure.Key, figure.Name, figure.Hint, Figure.Exact(value), figure.Show(value), range);
    }

    private static object[] Classes(ReportData data) =>
    [
        .. data.Classes.Select(c => new
        {
            c.Name, Support = c.Support.ToString(CultureInfo.InvariantCulture), Precision = Figure.Percent(c.Precision),
            Recall = Figure.Percent(c.Recall), F1 = Figure.Percent(c.F1), Auc = Figure.Number(c.Auc), Width = Css(100 * c.F1),
        }),
    ];

    private static string? Decision(DecisionFacts? decision) => decision is not { AbstainBelow: > 0 } ? null
        : $"Below a confidence of {Figure.Percent(decision.AbstainBelow)} the model gives no answer (dot): "
            + $"{Figure.Percent(decision.Coverage)} answered, {Figure.Percent(decision.AnsweredAccuracy)} of that right.";

    private static object[] Mistakes(ReportData data, ReportPictures? pictures) =>
    [
        .. data.WorstMistakes.Select(m => new
        {
            m.Image, m.Class, m.TakenFor, Confidence = Figure.Percent(m.Confidence), Src = pictures?.Of(m.Image),
            Heat = pictures?.HeatMap(m.Image, m.TakenFor),
        }),
    ];

    private static object[] Pairs(ReportData data, ReportPictures? pictures) =>
    [
        .. data.MostConfused.Select(p => new
        {
            p.Class, p.TakenFor, p.Count, Share = Figure.Percent(p.Share),
            Images = (pictures?.OfPair(p) ?? []).Select(i => new { Name = Path.GetFileName(i), Src = pictures!.Of(i) }).ToArray(),
        }),
    ];

    private static object[] Layers(ModelFacts? model) =>
    [
        .. (model?.Layers ?? []).Select(l => new
        {
            l.Name, l.Kind, l.Output, Parameters = Facts.Count(l.Parameters), MultiplyAdds = Facts.Count(l.MultiplyAdds),
        }),
    ];

    private static object[] Groups(ReportData data) =>
    [
        .. new[]
        {
            new { Name = "Model", Facts = Facts.Of(data.Model) }, new { Name = "This machine", Facts = Facts.Of(data.Machine) },
            new { Name = "Images", Facts = data.Data }, new { Name = "Run", Facts = data.Run },
        }.Where(g => g.Facts.Count > 0),
    ];

    private static string Subtitle(ReportData data) => string.Join(" · ", new[]
    {
        data.Model?.DisplayName, $"{data.Images.ToString("N0", CultureInfo.InvariantCulture)} images",
        $"{data.Classes.Count} classes", data.Created.ToString("d MMMM yyyy, HH:mm", CultureInfo.InvariantCulture),
    }.OfType<string>());

    /// <summary>The confusion matrix; of many classes those that are confused most.</summary>
    private static object Matrix(ReportData data)
    {
        int count = data.Classes.Count;
        int[] shown = [.. Enumerable.Range(0, count).OrderByDescending(c => data.Classes[c].Support + data.Classes[c].Predicted
            - (2 * data.Classes[c].Correct)).Take(MostMatrixClasses).Order()];
        return new
        {
            IsSmall = shown.Length > SmallMatrix,
            Note = count > shown.Length ? $" Of {count} classes, the {shown.Length} that are confused most." : "",
            Names = shown.Select(c => data.Classes[c].Name).ToArray(),
            Rows = shown.Select(r => new
            {
                data.Classes[r].Name, Cells = shown.Select(c => Cell(data, r, c)).ToArray(),
            }).ToArray(),
        };
    }

    private static object Cell(ReportData data, int label, int predicted)
    {
        int count = data.Confusion[label][predicted];
        ClassFigures row = data.Classes[label];
        double share = row.Support == 0 ? 0 : (double)count / row.Support;
        bool isRight = label == predicted;
        double ink = isRight ? share : Math.Min(1, 2 * share); // confusions are rarer, and what one looks for
        return new
        {
            Count = count, Share = Css(ink), Key = $"{label},{predicted}",
            Kind = (isRight ? "right" : "wrong") + (ink > 0.92 ? " strong" : ink > 0.5 ? " medium" : ""),
            Hint = isRight ? $"{row.Name}: {count} of {row.Support} right ({Figure.Percent(share)})"
                : $"{row.Name} taken for {data.Classes[predicted].Name}: {count} of {row.Support} ({Figure.Percent(share)})",
        };
    }

    /// <summary>Layers that follow each other and whose names begin alike.</summary>
    private static object[] Stages(ModelFacts? model)
    {
        if (model is null)
            return [];
        var stages = new List<List<LayerFacts>>();
        foreach (LayerFacts layer in model.Layers)
        {
            if (stages.Count == 0 || Stage(stages[^1][0]) != Stage(layer))
                stages.Add([]);
            stages[^1].Add(layer);
        }
        double all = Math.Max(1, model.MultiplyAdds);
        return [.. stages.Take(MostStages).Select(s => new
        {
            Name = s.Count == 1 ? s[0].Name : Stage(s[0]), Output = s[^1].Output,
            Kinds = string.Join(", ", s.Where(l => s.Count == 1 || !Companions.Contains(l.Kind)).CountBy(l => l.Kind)
                .Select(k => k.Value > 1 ? $"{k.Value}\u00A0×\u00A0{k.Key}" : k.Key)),
            Width = Css(100 * s.Sum(l => (double)l.MultiplyAdds) / all),
        })];

        static string Stage(LayerFacts layer) => layer.Name.Split('/', '_')[0];
    }

    private static string Css(double value) => Math.Round(value, 3).ToString(CultureInfo.InvariantCulture);

    private static string Read(string name)
    {
        using Stream stream = typeof(ReportPage).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
