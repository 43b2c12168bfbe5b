using System.CommandLine;
using Microsoft.ML;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Data;

namespace CnnZoo.Cli;

/// <summary><c>cnnzoo predict</c>: the classes of single images.</summary>
internal static class PredictCommand
{
    private sealed record RankedClass(string Class, double Score);

    private sealed record ImagePrediction(string Image, IReadOnlyList<RankedClass>? Classes, bool Abstained, string? Error);

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        Option<string> model = ModelFile.Option();
        var import = new ImportArguments();
        var decisions = new DecisionArguments();
        Option<int> top = CommandOptions.Number("--top", "How many classes to show for an image", 1, 1, int.MaxValue);
        var json = new Option<bool>("--json")
        {
            Description = "Write one JSON array: image, classes[{class, score}], abstained, or error",
        };
        Option<BadImageChoice> badImages = BadImages.Option("predict the others and fail");
        var images = new Argument<string[]>("IMAGE")
        {
            Description = "Image files, and folders of images", Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command("predict", "Names the classes of images.") { model, top, badImages, json, images };
        import.AddTo(command);
        decisions.AddTo(command);
        command.SetAction(parsed => Run(
            parsed.GetRequiredValue(model), import.Read(parsed), network => decisions.Apply(parsed, network),
            List(parsed.GetRequiredValue(images)), parsed.GetValue(top), parsed.GetValue(badImages) == BadImageChoice.Skip,
            parsed.GetValue(json)));
        return command;
    }

    /// <summary>Predicts every image that can be read and reports the others.</summary>
    private static int Run(
        string modelPath, CnnImportOptions import, Action<CnnClassificationTransformer> decide, List<LabeledImage> images,
        int top, bool skip, bool json)
    {
        using var scorer = ImageScorer.Load(new MLContext(), modelPath, import);
        decide(scorer.Network);
        var predictions = new List<ImagePrediction>();
        foreach (ScoredImage scored in scorer.Score(images))
        {
            ImagePrediction prediction = Predict(scored, scorer.Classes, top, scorer.Network.Decision.AbstainBelow);
            predictions.Add(prediction);
            if (prediction.Error is not null)
                Console.Error.WriteLine($"cnnzoo: {prediction.Error}");
            else if (!json)
            {
                IEnumerable<string> ranked = prediction.Classes!.Select(c => $"{c.Class} {c.Score:P1}");
                Console.WriteLine($"{prediction.Image}: {(prediction.Abstained ? "no answer; " : "")}{string.Join(", ", ranked)}");
            }
        }
        if (json)
            JsonOutput.Write(predictions);
        int failed = predictions.Count(prediction => prediction.Error is not null);
        if (failed > 0 && predictions.Count > 1)
            Console.Error.WriteLine($"cnnzoo: {failed:N0} of {predictions.Count:N0} images left out.");
        return failed == 0 || (skip && failed < predictions.Count) ? ExitCode.Done : ExitCode.Failed;
    }

    /// <summary>The images of files and folders.</summary>
    public static List<LabeledImage> List(string[] paths)
    {
        var images = new List<LabeledImage>();
        var leftOut = new List<LeftOutFile>();
        foreach (string path in paths)
        {
            IReadOnlyList<string> files = Directory.Exists(path) ? new ImageFileSearch(leftOut).Search(path) : [path];
            if (files.Count == 0)
                throw new CommandException(
                    $"The folder '{path}' holds no images of type {ImageFileSearch.Extensions}.");
            images.AddRange(files.Select(file => new LabeledImage { ImagePath = file }));
        }
        if (leftOut.Count > 0)
            Console.Error.WriteLine($"cnnzoo: {ImageFolder.Describe(leftOut)}.");
        return images;
    }

    private static ImagePrediction Predict(ScoredImage scored, string[] classes, int top, double abstainBelow)
    {
        string path = scored.Image.ImagePath;
        if (scored.Scores is not { } scores)
            return new ImagePrediction(path, null, Abstained: false, BadImages.Sentence(path, scored.Problem!));
        IEnumerable<RankedClass> ranked = classes.Zip(scores, (name, score) => new RankedClass(name, score))
            .OrderByDescending(c => c.Score);
        return new ImagePrediction(path, [.. ranked.Take(top)], scores.Max() < abstainBelow, null);
    }
}
