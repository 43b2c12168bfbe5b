using System.CommandLine;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Data;

namespace CnnZoo.Cli;

/// <summary><c>cnnzoo predict</c>: the classes of single images.</summary>
internal static class PredictCommand
{
    private sealed record RankedClass(string Class, double Score);

    private sealed record ImagePrediction(string Image, IReadOnlyList<RankedClass>? Classes, bool Abstained, string? Error);

    private sealed record Settings(string Model, CnnImportOptions Import, Action<CnnClassificationTransformer> Decide, int Top,
        bool Skips, bool Json, string? Output);

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
        var data = new Option<string?>("--data") { Description = "A folder of images", HelpName = "FOLDER" };
        var output = new Option<string?>("--out")
        {
            Description = "Write a table, .csv, with the image, its classes and their scores, instead of lines", HelpName = "FILE",
        };
        CommandOptions.RefuseEmpty(output, "the name of a file");
        var images = new Argument<string[]>("IMAGE")
        {
            Description = "Image files, and folders of images", Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command("predict", "Names the classes of images. Started by mpirun, each process has a part of them.")
        {
            model, data, output, top, badImages, json, images,
        };
        import.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(data) is null && result.GetValue(images) is not { Length: > 0 })
                result.AddError("Images are needed: files, folders, or --data FOLDER.");
        });
        decisions.AddTo(command);
        command.SetAction(parsed => Run(new(parsed.GetRequiredValue(model), import.Read(parsed),
            network => decisions.Apply(parsed, network), parsed.GetValue(top),
            parsed.GetValue(badImages) == BadImageChoice.Skip, parsed.GetValue(json), parsed.GetValue(output)),
            List([.. ((string?[])[parsed.GetValue(data)]).OfType<string>(), .. parsed.GetValue(images) ?? []])));
        return command;
    }

    /// <summary>Predicts every image that can be read and reports the others.</summary>
    private static int Run(Settings settings, List<LabeledImage> images)
    {
        (string? output, bool json, int top) = (settings.Output, settings.Json, settings.Top);
        bool areShownAtOnce = Ranks.Launched is null && !json && output is null;
        OutputFile? file = output is null || !Ranks.Writes ? null : OutputFile.Open(output);
        file?.RefuseInputs(images.Select(i => i.ImagePath));
        using var scorer = ImageScorer.Load(new MLContext(), settings.Model, settings.Import);
        settings.Decide(scorer.Network);
        int block = scorer.Network.Scorer.RowsPerBatch;
        var predictions = new List<ImagePrediction>();
        foreach (ScoredImage scored in scorer.Score(Ranks.Own(images, block)))
        {
            ImagePrediction prediction = Predict(scored, scorer.Classes, top, scorer.Network.Decision.AbstainBelow);
            predictions.Add(prediction);
            if (areShownAtOnce)
                Report(prediction);
        }
        predictions = Ranks.InOrder(predictions, images.Count, block);
        if (!areShownAtOnce)
            predictions.ForEach(p => Report(p, errorsOnly: json || output is not null));
        if (json)
            JsonOutput.Write(predictions);
        file?.Write(path => WriteTable(path, predictions));
        int failed = predictions.Count(prediction => prediction.Error is not null);
        if (failed > 0 && predictions.Count > 1 && Ranks.Writes)
            Console.Error.WriteLine($"cnnzoo: {failed:N0} of {predictions.Count:N0} images left out.");
        return failed == 0 || (settings.Skips && failed < predictions.Count) ? ExitCode.Done : ExitCode.Failed;
    }

    private static void Report(ImagePrediction prediction, bool errorsOnly = false)
    {
        if (prediction.Error is { } error && Ranks.Writes)
            Console.Error.WriteLine($"cnnzoo: {error}");
        if (prediction.Error is not null || errorsOnly)
            return;
        IEnumerable<string> ranked = prediction.Classes!.Select(c => $"{c.Class} {c.Score:P1}");
        Console.WriteLine($"{prediction.Image}: {(prediction.Abstained ? "no answer; " : "")}{string.Join(", ", ranked)}");
    }

    /// <summary>One row for each image that could be read, in the order of the images.</summary>
    private static void WriteTable(string path, List<ImagePrediction> predictions)
    {
        static string Text(string value) => $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
        using var writer = new StreamWriter(path);
        int columns = predictions.Max(p => p.Classes?.Count ?? 0);
        writer.WriteLine("image" + string.Concat(Enumerable.Range(1, columns)
            .Select(i => i == 1 ? ",class,score" : $",class{i},score{i}")));
        foreach (ImagePrediction prediction in predictions.Where(p => p.Classes is not null))
            writer.WriteLine(Text(prediction.Image) + string.Concat(prediction.Classes!.Select(c =>
                string.Create(CultureInfo.InvariantCulture, $",{Text(c.Class)},{c.Score:f6}"))));
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
