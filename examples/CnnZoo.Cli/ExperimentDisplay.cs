using System.Globalization;
using Microsoft.ML.CnnZoo;
using Spectre.Console;

namespace CnnZoo.Cli;

/// <summary>Shows an experiment: the leaderboard as it changes on a terminal, a line per training elsewhere.</summary>
internal static class ExperimentDisplay
{
    /// <summary>Runs the experiment under the display that fits standard output.</summary>
    public static T Show<T>(Func<Action<CnnExperimentProgress>, T> execute) => Console.IsOutputRedirected
        ? execute(WriteLine)
        : AnsiConsole.Live(new Text("reading images")).AutoClear(true).Start(context => execute(progress =>
        {
            context.UpdateTarget(new Rows(new Text(Describe(progress)), Leaderboard.Framed(progress.Leaderboard)));
            context.Refresh();
        }));

    private static void WriteLine(CnnExperimentProgress progress)
    {
        if (progress.Finished is not { } entry)
            return;
        string result = entry.ValidationAccuracy is null ? "" : string.Create(CultureInfo.InvariantCulture,
            $"validation accuracy {entry.ValidationAccuracy:F4} loss {ConsoleProgress.Loss(entry.ValidationLoss)}, ");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{ConsoleProgress.Clock(progress.Elapsed)}  rung {progress.Rung}/{progress.Rungs}  {entry.Candidate}: {result}"
            + $"{entry.Epochs} of {progress.Epochs} epochs{(entry.Outcome == CnnExperimentOutcome.Trained ? "" : $", {entry.Outcome}")}"));
    }

    private static string Describe(CnnExperimentProgress progress)
    {
        string epoch = progress.Epoch is { } e ? $"epoch {e.Epoch}/{progress.Epochs}" : $"{progress.Epochs} epochs";
        return $"{ConsoleProgress.Clock(progress.Elapsed)}  rung {progress.Rung}/{progress.Rungs}  {progress.Candidate}  {epoch}";
    }
}
