using System.CommandLine;
using System.Diagnostics;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Runs;

namespace CnnZoo.Cli;

/// <summary><c>cnnzoo train</c>: a network for the images of a folder.</summary>
internal static class TrainCommand
{
    /// <summary>File of a run's switches.</summary>
    public const string RunFile = "train.json";

    private const string ModelFile = "model.zip";

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        var switches = new TrainSwitches();
        var command = new TrainingCommand("train",
            "Trains a network on a folder of images. Ctrl-C saves the best weights so far. "
            + "What is left open (auto) suits the network and the images.", switches.All);
        command.SetAction(parsed => Run(parsed, switches));
        return command;
    }

    /// <summary>A hidden verb that writes the schema of configuration files.</summary>
    public static Command CreateSchema()
    {
        var command = new Command("schema", "Writes the JSON schema of train's --config.") { Hidden = true };
        command.SetAction(_ => Console.Out.WriteLine(ConfigFile.Schema(new TrainSwitches().All)));
        return command;
    }

    private static void Run(ParseResult parsed, TrainSwitches switches)
    {
        using TrainingRequest request = TrainingRequest.Of(parsed, switches);
        using RunFolder? folder = request.Run is null || !Ranks.Writes ? null : OpenRun(request.Run, request.Options);
        string? run = folder?.Folder;
        string[] outputs = !Ranks.Writes ? []
            : [.. ((string?[])[request.Output, run is null ? null : Path.Combine(run, ModelFile)]).OfType<string>()];
        if (request is { Output: null, Run: null })
            throw new CommandException("--out FILE.zip or --run FOLDER is needed: where the model is written.",
                ExitCode.WrongUsage);
        OutputFile[] files = Array.ConvertAll(outputs, OutputFile.Open);
        using var interrupt = new InterruptSource();
        request.Options.CancellationToken = interrupt.Token;
        TrainingData data = TrainingData.Load(request, files);

        var watch = Stopwatch.StartNew();
        var training = new FolderTraining(request, data.Train, data.Validation, data.Bad);
        if (run is not null)
            ConfigFile.Write(Path.Combine(run, RunFile), parsed, switches.All.Where(s => s.Key is not ("run" or "resume")));
        using TrainedFolder trained = TrainingDisplay.Show(training.Fit);
        data.Bad.Report();
        Console.WriteLine(trained.Summary);
        foreach (OutputFile file in files)
            file.Write(trained.Save);
        Console.WriteLine($"Saved {string.Join(" and ", outputs)} after {watch.Elapsed.TotalSeconds:F1} s");
        if (run is not null)
            Console.WriteLine($"{run} holds: "
                + string.Join(", ", Directory.GetFileSystemEntries(run).Select(Path.GetFileName)
                    .Where(name => !name!.StartsWith('.')).Order(StringComparer.Ordinal))
                + (trained.Training.End == TrainingEnd.Canceled ? $". Go on with: cnnzoo resume {run}" : ""));
    }

    /// <summary>The run's folder: another one where it holds a run that is not to be gone on with.</summary>
    private static RunFolder OpenRun(string path, CnnClassificationTrainer.Options options)
    {
        RunFolder folder = options.OpenRun =
            RunFolder.Open(path, options.Resume, message => Console.Error.WriteLine($"cnnzoo: {message}"));
        options.RunFolder = folder.Folder;
        Directory.CreateDirectory(folder.Folder);
        return folder;
    }
}
