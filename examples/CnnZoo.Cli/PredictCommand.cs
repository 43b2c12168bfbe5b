using System.CommandLine;
using Microsoft.ML;

namespace CnnZoo.Cli;

/// <summary><c>cnnzoo predict</c>: the classes of single images.</summary>
internal static class PredictCommand
{
    private sealed class Scores
    {
        public float[] Score { get; set; } = [];
    }

    private sealed record RankedClass(string Class, double Score);

    private sealed record ImagePrediction(string Image, IReadOnlyList<RankedClass>? Classes, string? Error);

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        var model = new Option<string>("--model") { Description = "Model file, made by 'cnnzoo train'", Required = true };
        var top = new Option<int>("--top") { Description = "How many classes to show for an image", DefaultValueFactory = _ => 1 };
        var json = new Option<bool>("--json") { Description = "Write one JSON array: image, classes[{class, score}] or error" };
        var images = new Argument<string[]>("IMAGE") { Description = "Image files", Arity = ArgumentArity.OneOrMore };
        top.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
                result.AddError("--top must be at least 1.");
        });
        var command = new Command("predict", "Names the class of images.") { model, top, json, images };
        command.SetAction(parsed => Run(parsed.GetRequiredValue(model), parsed.GetRequiredValue(images), parsed.GetValue(top), parsed.GetValue(json)));
        return command;
    }

    /// <summary>Predicts every image that can be read; the others are reported, and make the exit code 1.</summary>
    private static int Run(string modelPath, string[] images, int top, bool json)
    {
        var mlContext = new MLContext();
        ITransformer model = ModelFile.Load(mlContext, modelPath);
        using PredictionEngine<LabeledImage, Scores> engine = mlContext.Model.CreatePredictionEngine<LabeledImage, Scores>(model);
        string[] classes = ScoredImages.ClassNames(engine.OutputSchema);
        ImagePrediction[] predictions = [.. images.Select(image => Predict(engine, classes, image, top))];

        foreach (ImagePrediction failed in predictions.Where(prediction => prediction.Error is not null))
            Console.Error.WriteLine($"cnnzoo: {failed.Error}");
        if (json)
            JsonOutput.Write(predictions);
        else
            Print(predictions);
        return predictions.Any(prediction => prediction.Error is not null) ? 1 : 0;
    }

    private static ImagePrediction Predict(PredictionEngine<LabeledImage, Scores> engine, string[] classes, string image, int top)
    {
        if (!File.Exists(image))
            return new ImagePrediction(image, null, $"The image '{image}' does not exist.");
        try
        {
            Scores scores = engine.Predict(new LabeledImage { Path = Path.GetFullPath(image) });
            return new ImagePrediction(image, [.. ScoredImages.Ranked(classes, scores.Score).Take(top).Select(pair => new RankedClass(pair.Class, pair.Score))], null);
        }
        catch (Exception e) when (e is ArgumentException or IOException or InvalidOperationException or UnauthorizedAccessException)
        {
            return new ImagePrediction(image, null, $"The image '{image}' cannot be used: {(e.InnerException ?? e).Message}");
        }
    }

    private static void Print(IEnumerable<ImagePrediction> predictions)
    {
        foreach (ImagePrediction prediction in predictions)
        {
            if (prediction.Classes is { } ranked)
                Console.WriteLine($"{prediction.Image}: {string.Join(", ", ranked.Select(c => $"{c.Class} {c.Score:P1}"))}");
        }
    }
}
