using System.CommandLine;
using System.Globalization;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary><c>cnnzoo experiment</c>: finds network and settings for the images of a folder by itself.</summary>
internal static class ExperimentCommand
{
    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        Option<string> data = DataFolder.Option(
            "Folder with one folder of images per class, or with folders train, "
            + "val (ranks the candidates) and test (is not read) of this kind");
        Option<TimeSpan> time = Duration("--time", "How long it may take: 90s, 10m, 2h [default: 10m]", TimeSpan.FromMinutes(10));
        var output = new Option<string>("--out")
        {
            Description = "Folder for model.zip, leaderboard.csv and a program that uses the model",
            DefaultValueFactory = _ => "experiment",
        };
        CommandOptions.RefuseEmpty(output, "the name of a folder");
        var candidates = new CandidateArguments();
        Option<int> epochs = CommandOptions.Number(
            "--epochs", "Epochs of a full training; 0 for as many as suit the number of images", 0, 0, 100_000);
        Option<string> project = Project();
        Option<int> seed = CommandOptions.Number("--seed", "Seed of the trainings and of the split", 1, 0, int.MaxValue);
        Option<float> validation = CommandOptions.Number("--validation",
            "Fraction of the images that rank the candidates; a folder val replaces it", 0.1f, 0.001f, 0.9f);
        var resume = new Option<bool>("--resume") { Description = "Go on with the experiment in --out: what is done is not trained again" };
        Option<BadImageChoice> badImages = BadImages.Option("fail at the first");
        var command = new Command("experiment", "Finds the network and the settings that classify a folder's images best, within a "
            + "time limit. Ctrl-C saves the best so far.")
        {
            data, time, output,
        };
        candidates.AddTo(command);
        foreach (Option option in (Option[])[epochs, project, seed, validation, resume, badImages])
            command.Add(option);
        command.SetAction(parsed =>
        {
            string folder = parsed.GetRequiredValue(output);
            CnnExperimentOptions options = candidates.Apply(parsed, new()
            {
                Time = parsed.GetRequiredValue(time),
                Trainer = new() { Epochs = parsed.GetValue(epochs) is > 0 and int given ? given : null },
                Seed = parsed.GetValue(seed),
                ValidationSetFraction = parsed.GetValue(validation),
                Folder = Path.Combine(folder, "search"),
                Resume = parsed.GetValue(resume),
            });
            try
            {
                Run(parsed.GetRequiredValue(data), folder, parsed.GetRequiredValue(project), parsed.GetValue(badImages), options);
            }
            finally
            {
                foreach (CnnExperimentCandidate candidate in options.Candidates ?? [])
                    candidate.InitialWeights?.Dispose();
            }
        });
        return command;
    }

    private static void Run(string folder, string output, string project, BadImageChoice choice, CnnExperimentOptions options)
    {
        if (File.Exists(output))
            throw new CommandException($"'{output}' is a file: --out needs the name of a folder.");
        Directory.CreateDirectory(output);
        OutputFile model = OutputFile.Open(Path.Combine(output, "model.zip")),
            table = OutputFile.Open(Path.Combine(output, "leaderboard.csv"));
        using var interrupt = new InterruptSource();
        (ImageFolder images, ImageFolder? held) = DataFolder.LoadForTraining(folder);
        if (images.Classes.Count < 2)
            throw new CommandException(
                $"The folder '{images.Folder}' holds one class only, '{images.Classes[0]}': a classifier needs two or more.");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{images.Images.Count:N0} images of {images.Classes.Count} classes; {options.Time} at most"));
        var bad = new BadImages(choice);
        List<LabeledImage> training = DataFolder.Readable(images, bad);
        List<LabeledImage>? validation = held is null ? null : DataFolder.Readable(held, bad);
        options = options with { CancellationToken = interrupt.Token };
        var experiment = new FolderExperiment(options, training, validation, bad);
        using FoundModel found = ExperimentDisplay.Show(experiment.Execute);
        bad.Report();
        Leaderboard.Write(found.Leaderboard);
        if (interrupt.Token.IsCancellationRequested)
            Console.WriteLine("Interrupted: the best so far is kept; --resume goes on.");
        model.Write(found.Save);
        table.Write(path => File.WriteAllText(path, Leaderboard.ToCsv(found.Leaderboard)));
        string consumption = Path.Combine(output, project);
        ConsumptionProject.Write(consumption, project, Path.Combine(output, "model.zip"), ConsumptionProject.ToolVersion);
        Console.WriteLine($"Saved {Path.Combine(output, "model.zip")} and leaderboard.csv; "
            + $"'dotnet run --project {consumption} -- IMAGE...' classifies, with --web it serves");
    }

    private static Option<TimeSpan> Duration(string name, string description, TimeSpan defaultValue) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        DefaultValueFactory = _ => defaultValue,
        CustomParser = result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            double unit = text.Length == 0 ? 0 : text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, _ => 0 };
            if (unit > 0 && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture, out double value) && value > 0 && value * unit <= 30 * 24 * 3600)
                return TimeSpan.FromSeconds(value * unit);
            result.AddError($"{name} needs a number with s, m or h behind it, such as 90s, 10m or 2h, not '{text}'.");
            return defaultValue;
        },
    };

    private static Option<string> Project()
    {
        var option = new Option<string>("--project")
        {
            Description = "Name of the program's project, a folder in --out; where it exists, its model is replaced and nothing else",
            HelpName = "NAME",
            DefaultValueFactory = _ => "Consume",
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ } token] && !ConsumptionProject.IsName(token.Value))
                result.AddError($"--project needs a name of letters, digits, dots and underscores, not '{token.Value}'.");
        });
        return option;
    }
}
