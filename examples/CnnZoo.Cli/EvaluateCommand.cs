using System.CommandLine;
using Microsoft.ML;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.Data;
using Spectre.Console;

namespace CnnZoo.Cli;

/// <summary><c>cnnzoo evaluate</c>: a model's metrics on a folder of images.</summary>
internal static class EvaluateCommand
{
    private sealed record ClassMetrics(string Name, int Images, double Precision, double Recall, double LogLoss);

    private sealed record SkippedImage(string Image, string Error);

    private sealed record Evaluation(
        int Images, double MicroAccuracy, double MacroAccuracy, double LogLoss, double LogLossReduction,
        IReadOnlyList<ClassMetrics> Classes,
        IReadOnlyList<IReadOnlyList<double>> Confusion, IReadOnlyList<string> UnknownClasses,
        IReadOnlyList<SkippedImage> Skipped)
    {
        public double AbstainBelow { get; init; }
        public int Answered { get; init; }
        public double AnsweredAccuracy { get; init; }
    }

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        Option<string> model = ModelFile.Option();
        var import = new ImportArguments();
        var decisions = new DecisionArguments();
        Option<string> data = DataFolder.Option("Folder with one folder of images per class");
        Option<BadImageChoice> badImages = BadImages.Option("fail at the first");
        var json = new Option<bool>("--json")
        {
            Description = "Write one JSON value: metrics, classes, confusion[actual][predicted], skipped, answered; "
                + "undefined numbers are null",
        };
        var command = new Command("evaluate", "Measures a model on a folder of images.")
        {
            model, data, badImages, json,
        };
        import.AddTo(command);
        decisions.AddTo(command);
        command.SetAction(parsed =>
            Run(parsed.GetRequiredValue(model), import.Read(parsed), network => decisions.Apply(parsed, network),
                parsed.GetRequiredValue(data), new BadImages(parsed.GetValue(badImages)), parsed.GetValue(json)));
        return command;
    }

    private static void Run(string modelPath, CnnImportOptions import, Action<CnnClassificationTransformer> decide,
        string folder, BadImages bad, bool json)
    {
        var mlContext = new MLContext();
        using var scorer = ImageScorer.Load(mlContext, modelPath, import);
        decide(scorer.Network);
        ScoredFolder scored = ScoredFolder.Score(scorer, folder, bad);
        ScoredRow[] rows = [.. scored.Scores.Zip(scored.Labels, ScoredRow.Of)];
        MulticlassClassificationMetrics metrics =
            mlContext.MulticlassClassification.Evaluate(ScoredRow.ToView(mlContext, rows, scorer.Classes));
        double threshold = scorer.Network.Decision.AbstainBelow;
        ScoredRow[] answered = Array.FindAll(rows, row => row.Score.Max() >= threshold);
        Evaluation evaluation = Summarize(metrics, rows, scorer.Classes, scored.UnknownClasses, bad) with
        {
            AbstainBelow = threshold, Answered = answered.Length,
            AnsweredAccuracy = answered.Length == 0 ? double.NaN
                : (double)answered.Count(row => row.Label == row.PredictedLabel) / answered.Length,
        };
        if (json)
            JsonOutput.Write(evaluation);
        else
            Print(evaluation, metrics.ConfusionMatrix);
    }

    private static Evaluation Summarize(
        MulticlassClassificationMetrics metrics, ScoredRow[] rows, string[] classes, IReadOnlyList<string> unknown,
        BadImages bad)
    {
        Dictionary<uint, int> counts = rows.CountBy(row => row.Label).ToDictionary();
        ConfusionMatrix confusion = metrics.ConfusionMatrix;
        ClassMetrics[] perClass = [.. classes.Select((name, i) => new ClassMetrics(
            name, counts.GetValueOrDefault((uint)i), confusion.PerClassPrecision[i], confusion.PerClassRecall[i],
            metrics.PerClassLogLoss[i]))];
        return new Evaluation(
            rows.Length, metrics.MicroAccuracy, metrics.MacroAccuracy, metrics.LogLoss, metrics.LogLossReduction,
            perClass, confusion.Counts,
            unknown, [.. bad.Skipped.Select(image => new SkippedImage(image.Path, image.Reason))]);
    }

    private static void Print(Evaluation evaluation, ConfusionMatrix confusion)
    {
        Console.WriteLine($"Images           {evaluation.Images}");
        Console.WriteLine($"MicroAccuracy    {evaluation.MicroAccuracy:F4}");
        Console.WriteLine($"MacroAccuracy    {evaluation.MacroAccuracy:F4}");
        Console.WriteLine($"LogLoss          {evaluation.LogLoss:F4}");
        Console.WriteLine($"LogLossReduction {evaluation.LogLossReduction:F4}");
        if (evaluation.AbstainBelow > 0)
            Console.WriteLine($"Answered         {evaluation.Answered}, right {evaluation.AnsweredAccuracy:F4}, "
                + $"with a confidence of {evaluation.AbstainBelow:F4} or more");
        if (!Console.IsOutputRedirected)
        {
            Table table = new Table().AddColumns("class", "images", "precision", "recall", "log-loss");
            foreach (ClassMetrics row in evaluation.Classes)
                table.AddRow(
                    Markup.Escape(row.Name), $"{row.Images}", $"{row.Precision:F4}", $"{row.Recall:F4}",
                    $"{row.LogLoss:F4}");
            AnsiConsole.Write(table);
        }
        Console.WriteLine(confusion.GetFormattedConfusionTable());
    }
}
