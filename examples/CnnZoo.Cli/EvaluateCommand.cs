using System.CommandLine;
using Microsoft.ML;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.Data;
using Spectre.Console;

namespace CnnZoo.Cli;

/// <summary><c>cnnzoo evaluate</c>: a model's metrics on a folder of images.</summary>
internal static class EvaluateCommand
{
    private sealed record ClassMetrics(string Name, int Images, double Precision, double Recall, double LogLoss);

    private sealed record Evaluation(
        int Images, double MicroAccuracy, double MacroAccuracy, double LogLoss, double LogLossReduction, IReadOnlyList<ClassMetrics> Classes,
        IReadOnlyList<IReadOnlyList<double>> Confusion, IReadOnlyList<string> UnknownClasses);

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        var model = new Option<string>("--model") { Description = "Model file, made by 'cnnzoo train'", Required = true };
        var data = new Option<string>("--data") { Description = "Folder with one folder of images per class", Required = true };
        var json = new Option<bool>("--json") { Description = "Write one JSON value: metrics, classes, confusion[actual][predicted]" };
        var command = new Command("evaluate", "Measures a model on a folder of images.") { model, data, json };
        command.SetAction(parsed => Run(parsed.GetRequiredValue(model), parsed.GetRequiredValue(data), parsed.GetValue(json)));
        return command;
    }

    private static void Run(string modelPath, string folder, bool json)
    {
        var mlContext = new MLContext();
        ITransformer model = ModelFile.Load(mlContext, modelPath);
        ImageFolder images = ImageFolder.Read(folder);
        IDataView scored = model.Transform(mlContext.Data.LoadFromEnumerable(images.Images));
        string[] classes = ScoredImages.ClassNames(scored.Schema);

        string[] unknown = [.. images.Classes.Except(classes)];
        if (unknown.Length == images.Classes.Count)
            throw new CommandException($"None of the folders in '{folder}' is named like one of the model's classes ({string.Join(", ", classes)}).");
        if (unknown.Length > 0)
            Console.Error.WriteLine($"cnnzoo: the model does not know the classes {string.Join(", ", unknown)}: their images are left out.");

        MulticlassClassificationMetrics metrics = mlContext.MulticlassClassification.Evaluate(scored);
        Evaluation evaluation = Summarize(metrics, images, classes, unknown);
        if (json)
            JsonOutput.Write(evaluation);
        else
            Print(evaluation, metrics.ConfusionMatrix);
    }

    private static Evaluation Summarize(MulticlassClassificationMetrics metrics, ImageFolder images, string[] classes, string[] unknown)
    {
        Dictionary<string, int> counts = images.Images.CountBy(image => image.Label).ToDictionary();
        ConfusionMatrix confusion = metrics.ConfusionMatrix;
        ClassMetrics[] perClass = [.. classes.Select((name, i) => new ClassMetrics(
            name, counts.GetValueOrDefault(name), confusion.PerClassPrecision[i], confusion.PerClassRecall[i], metrics.PerClassLogLoss[i]))];
        return new Evaluation(
            perClass.Sum(c => c.Images), metrics.MicroAccuracy, metrics.MacroAccuracy, metrics.LogLoss, metrics.LogLossReduction, perClass, confusion.Counts, unknown);
    }

    private static void Print(Evaluation evaluation, ConfusionMatrix confusion)
    {
        Console.WriteLine($"Images           {evaluation.Images}");
        Console.WriteLine($"MicroAccuracy    {evaluation.MicroAccuracy:F4}");
        Console.WriteLine($"MacroAccuracy    {evaluation.MacroAccuracy:F4}");
        Console.WriteLine($"LogLoss          {evaluation.LogLoss:F4}");
        Console.WriteLine($"LogLossReduction {evaluation.LogLossReduction:F4}");
        if (Console.IsOutputRedirected)
        {
            Console.WriteLine(confusion.GetFormattedConfusionTable());
            return;
        }
        Table table = new Table().AddColumns("class", "images", "precision", "recall", "log-loss");
        foreach (ClassMetrics row in evaluation.Classes)
            table.AddRow(Markup.Escape(row.Name), $"{row.Images}", $"{row.Precision:F4}", $"{row.Recall:F4}", $"{row.LogLoss:F4}");
        AnsiConsole.Write(table);
        Console.WriteLine(confusion.GetFormattedConfusionTable());
    }
}
