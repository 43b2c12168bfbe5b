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
        IReadOnlyList<SkippedImage> Skipped);

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        Option<string> model = ModelFile.Option();
        var import = new ImportArguments();
        Option<string> data = DataFolder.Option("Folder with one folder of images per class");
        Option<BadImageChoice> badImages = BadImages.Option("fail at the first");
        var json = new Option<bool>("--json")
        {
            Description = "Write one JSON value: metrics, classes, confusion[actual][predicted], skipped; "
                + "undefined numbers are null",
        };
        var command = new Command("evaluate", "Measures a model on a folder of images.")
        {
            model, data, badImages, json,
        };
        import.AddTo(command);
        command.SetAction(parsed =>
            Run(parsed.GetRequiredValue(model), import.Read(parsed), parsed.GetRequiredValue(data),
                new BadImages(parsed.GetValue(badImages)), parsed.GetValue(json)));
        return command;
    }

    private static void Run(string modelPath, CnnImportOptions import, string folder, BadImages bad, bool json)
    {
        var mlContext = new MLContext();
        using var scorer = ImageScorer.Load(mlContext, modelPath, import);
        ImageFolder images = DataFolder.Load(folder);
        string[] unknown = [.. images.Classes.Except(scorer.Classes)];
        if (unknown.Length == images.Classes.Count)
            throw new CommandException(
                $"None of the folders in '{folder}' is named like one of the model's classes "
                + $"({string.Join(", ", scorer.Classes)}).");
        if (unknown.Length > 0)
            Console.Error.WriteLine(
                $"cnnzoo: the model does not know the classes {string.Join(", ", unknown)}: "
                + "their images are left out.");

        var rows = new List<ScoredRow>();
        foreach (ScoredImage scored in scorer.Score([.. images.Images.Where(image => !unknown.Contains(image.Label))]))
        {
            if (scored.Scores is { } scores)
                rows.Add(ScoredRow.Of(scores, Array.IndexOf(scorer.Classes, scored.Image.Label)));
            else
                bad.Add(scored.Image.ImagePath, scored.Problem!);
        }
        bad.Report();
        if (rows.Count == 0)
            throw new CommandException($"None of the images in '{folder}' can be used.");

        MulticlassClassificationMetrics metrics =
            mlContext.MulticlassClassification.Evaluate(ScoredRow.ToView(mlContext, rows, scorer.Classes));
        Evaluation evaluation = Summarize(metrics, rows, scorer.Classes, unknown, bad);
        if (json)
            JsonOutput.Write(evaluation);
        else
            Print(evaluation, metrics.ConfusionMatrix);
    }

    private static Evaluation Summarize(
        MulticlassClassificationMetrics metrics, List<ScoredRow> rows, string[] classes, string[] unknown,
        BadImages bad)
    {
        Dictionary<uint, int> counts = rows.CountBy(row => row.Label).ToDictionary();
        ConfusionMatrix confusion = metrics.ConfusionMatrix;
        ClassMetrics[] perClass = [.. classes.Select((name, i) => new ClassMetrics(
            name, counts.GetValueOrDefault((uint)i), confusion.PerClassPrecision[i], confusion.PerClassRecall[i],
            metrics.PerClassLogLoss[i]))];
        return new Evaluation(
            rows.Count, metrics.MicroAccuracy, metrics.MacroAccuracy, metrics.LogLoss, metrics.LogLossReduction,
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
