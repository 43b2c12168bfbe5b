using System.CommandLine;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary><c>cnnzoo calibrate</c>: a model whose probabilities are as sure as they are right.</summary>
internal static class CalibrateCommand
{
    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        Option<string> model = ModelFile.Option();
        Option<string> data = DataFolder.Option("Folder with one folder of images per class, which were not trained on");
        Option<OpenNumber<double>?> precision = CommandOptions.Number("--abstain-precision",
            "How often answers shall be right; images that are too uncertain get none [default: auto, always an answer]",
            1e-6, 1.0, ("auto", null));
        Option<BadImageChoice> badImages = BadImages.Option("fail at the first");
        Option<string> output = OutputFile.Option("Model file to write, for example calibrated.zip");
        var command = new Command("calibrate",
            "Fits a model's temperature, and a threshold for its answers, to images that it was not trained on.")
        {
            model, data, precision, badImages, output,
        };
        command.SetAction(parsed => Run(parsed.GetRequiredValue(model), parsed.GetRequiredValue(data),
            parsed.GetValue(precision)?.Value, new BadImages(parsed.GetValue(badImages)), parsed.GetRequiredValue(output)));
        return command;
    }

    private static void Run(string modelPath, string folder, double? precision, BadImages bad, string output)
    {
        var file = OutputFile.Open(output);
        var mlContext = new MLContext();
        using var scorer = ImageScorer.Load(mlContext, modelPath, new CnnImportOptions());
        scorer.Network.Decision = DecisionRule.None;
        ScoredFolder scored = ScoredFolder.Score(scorer, folder, bad);
        var rule = DecisionRule.FitTemperature(scored.Scores, scored.Labels);
        if (precision is { } wished)
            rule = rule.WithAbstention(wished, scored.Scores, scored.Labels);
        scorer.Network.Decision = rule;
        file.Write(scorer.Save);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Temperature {rule.Temperature:F4}, of {scored.Labels.Count} images"));
        if (precision is not null)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"No answer below a confidence of {rule.AbstainBelow:F4}"));
        Console.WriteLine($"Saved {output}");
    }
}
