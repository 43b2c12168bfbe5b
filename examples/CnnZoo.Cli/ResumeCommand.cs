using System.CommandLine;

namespace CnnZoo.Cli;

/// <summary><c>cnnzoo resume</c>: goes on with a run that was interrupted.</summary>
internal static class ResumeCommand
{
    /// <summary>The verb with its options.</summary>
    /// <param name="run">Runs a command line.</param>
    public static Command Create(Func<string[], int> run)
    {
        var folder = new Argument<string>("RUN") { Description = "Folder of a run: what 'cnnzoo train --run' named" };
        var data = new Option<string?>("--data") { Description = "The images, where they have moved since", HelpName = "FOLDER" };
        var threads = new Option<string?>("--threads") { Description = "Threads [default: as the run was begun]", HelpName = "NUMBER" };
        var command = new Command("resume",
            "Goes on with a run of 'cnnzoo train --run' where it stopped, with the same settings and images; the weights in the "
            + "end are those of a training that was not interrupted.")
        {
            folder, data, threads,
        };
        command.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(folder), settings = Path.Combine(path, TrainCommand.RunFile);
            if (!File.Exists(settings))
                throw new CommandException($"'{path}' is no folder of 'cnnzoo train --run': it holds no {TrainCommand.RunFile}"
                    + (Near(path) is { } near ? $"; did you mean {near}?" : "."));
            return run(["train", $"--config={settings}", $"--run={path}", "--resume", .. Given("--data", parsed.GetValue(data)),
                .. Given("--threads", parsed.GetValue(threads))]);
        });
        return command;
    }

    private static string[] Given(string name, string? value) => value is null ? [] : [$"{name}={value}"];

    /// <summary>A folder of a run in the folder, or beside it.</summary>
    private static string? Near(string path)
    {
        string? parent = Path.GetDirectoryName(Path.GetFullPath(path));
        return ((string?[])[path, parent]).Where(Directory.Exists).SelectMany(f => Directory.GetDirectories(f!))
            .FirstOrDefault(f => File.Exists(Path.Combine(f, TrainCommand.RunFile)));
    }
}
