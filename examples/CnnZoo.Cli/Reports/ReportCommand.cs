using System.CommandLine;
using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli.Reports;

/// <summary><c>cnnzoo report</c>: how good a model is, where it is wrong and whether its confidence can be trusted.</summary>
internal static class ReportCommand
{
    private const int PairImages = 6;

    private sealed record Inputs(string? Model, string? Data, string? Run, string? Scores, string? Labels, bool AreLogits,
        string? Title);

    private sealed record Outputs(string? Page, string? Json, string? Markdown);

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        Option<string?> model = File("--model", NetworkFile.Description), data = File("--data",
            "Folder with one folder of images per class, which were not trained on", "FOLDER"),
            run = File("--run", "Folder of the training, for its curves and settings [default: that of the model]", "FOLDER"),
            scores = File("--scores", "Instead of a model: CSV file with a row of probabilities for each image; its first row may name "
                + "the classes"), labels = File("--labels", "With --scores: file with a true class, or its number from 0, on each line");
        var logits = new Option<bool>("--logits") { Description = "With --scores: they become probabilities by softmax" };
        Option<string?> page = File("--out", "HTML file to write: one file, which loads nothing"),
            json = File("--json", "JSON file to write, with the same numbers"),
            markdown = File("--markdown", "Markdown file to write, with the same numbers"),
            title = File("--title", "Heading of the report", "TEXT");
        Option<BadImageChoice> badImages = BadImages.Option("fail at the first");
        var import = new ImportArguments();
        var decisions = new DecisionArguments();
        var command = new Command("report", "Writes a report on a model and a folder of images, or on scores alone: figures with "
            + "intervals, confusions, calibration, the worst mistakes with what the network looked at.")
        {
            model, data, run, scores, labels, logits, page, json, markdown, title, badImages,
        };
        import.AddTo(command);
        decisions.AddTo(command);
        command.Validators.Add(result =>
        {
            bool hasModel = result.GetValue(model) is not null && result.GetValue(data) is not null,
                hasScores = result.GetValue(scores) is not null && result.GetValue(labels) is not null;
            if (hasModel == hasScores)
                result.AddError("report needs --model and --data, or --scores and --labels.");
            if (result.GetValue(page) is null && result.GetValue(json) is null && result.GetValue(markdown) is null)
                result.AddError("report needs --out FILE.html, --json FILE or --markdown FILE: what is written.");
        });
        command.SetAction(parsed => Run(new Inputs(parsed.GetValue(model), parsed.GetValue(data), parsed.GetValue(run),
            parsed.GetValue(scores), parsed.GetValue(labels), parsed.GetValue(logits), parsed.GetValue(title)),
            new Outputs(parsed.GetValue(page), parsed.GetValue(json), parsed.GetValue(markdown)),
            new BadImages(parsed.GetValue(badImages)), import.Read(parsed), network => decisions.Apply(parsed, network)));
        return command;
    }

    private static void Run(Inputs inputs, Outputs outputs, BadImages bad, CnnImportOptions import,
        Action<CnnClassificationTransformer> decide)
    {
        foreach (string path in new[] { outputs.Page, outputs.Json, outputs.Markdown }.OfType<string>())
            OutputFile.Open(path);
        if (inputs.Scores is not null)
        {
            ClassificationReport judged = ScoresFile.Judge(inputs.Scores, inputs.Labels!, inputs.AreLogits);
            ReportData scores = ReportSource.Of(inputs.Title ?? Path.GetFileName(inputs.Scores), judged, row => $"row {row + 1}");
            Write(scores with { Run = [.. ModelMeasurement.Versions()] }, outputs, pictures: null);
            return;
        }
        string? run = RunFiles.Find(inputs.Run, inputs.Model!);
        using var scorer = ImageScorer.Load(new MLContext(), inputs.Model!, import);
        decide(scorer.Network);
        var watch = Stopwatch.StartNew();
        ScoredFolder scored = ScoredFolder.Score(scorer, inputs.Data!, bad);
        double perSecond = scored.Images.Count / watch.Elapsed.TotalSeconds;
        var report = ClassificationReport.Compute(scored.Scores, scored.Labels, scorer.Classes);
        string NameOf(int row) => scored.Images[row].ImagePath;
        string title = inputs.Title ?? $"{Path.GetFileName(Path.GetFullPath(inputs.Model!))} on {Path.GetFileName(
            Path.TrimEndingDirectorySeparator(Path.GetFullPath(inputs.Data!)))}";
        ReportData data = ReportSource.Of(title, report, NameOf, scorer.Network.Decision) with
        {
            Epochs = run is null ? [] : RunFiles.Epochs(run),
            Model = ModelMeasurement.Describe(scorer.Network.Model),
            Machine = ModelMeasurement.Measure(scorer.Network, NameOf(0), perSecond),
            Data = ModelMeasurement.Describe(inputs.Data!, scored, bad),
            Run = [.. run is null ? [] : RunFiles.Facts(run), .. ModelMeasurement.Versions()],
        };
        Write(data, outputs, outputs.Page is null ? null : Pictures(scorer.Network, report, NameOf));
    }

    private static ReportPictures Pictures(CnnClassificationTransformer network, ClassificationReport report,
        Func<int, string> nameOf)
    {
        var thumbnails = new Thumbnails(network);
        ILookup<(string, string), string> pairs = report.Worst(int.MaxValue, mistakesOnly: true)
            .ToLookup(r => (report.ClassNames[r.Label], report.ClassNames[r.Predicted]), r => nameOf(r.Row));
        return new(thumbnails.Of, thumbnails.HeatMap, pair => [.. pairs[(pair.Class, pair.TakenFor)].Take(PairImages)],
            CellImages.Write(report, nameOf, thumbnails));
    }

    private static void Write(ReportData data, Outputs outputs, ReportPictures? pictures)
    {
        foreach (string finding in data.Findings)
            Console.WriteLine(finding);
        Write(outputs.Page, () => ReportPage.Write(data, pictures));
        Write(outputs.Json, () => JsonOutput.Text(data));
        Write(outputs.Markdown, () => MarkdownReport.Write(data));
    }

    private static void Write(string? path, Func<string> text)
    {
        if (path is null)
            return;
        string content = text();
        OutputFile.Open(path).Write(temporary => System.IO.File.WriteAllText(temporary, content));
        Console.WriteLine($"Saved {path}, {new FileInfo(path).Length:N0} bytes");
    }

    private static Option<string?> File(string name, string description, string helpName = "FILE")
    {
        var option = new Option<string?>(name) { Description = description, HelpName = helpName };
        CommandOptions.RefuseEmpty(option, "a name");
        return option;
    }
}
