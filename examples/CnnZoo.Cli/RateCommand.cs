using System.CommandLine;
using System.Globalization;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary><c>cnnzoo lr</c>: looks for a learning rate.</summary>
internal static class RateCommand
{
    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        var switches = new TrainSwitches();
        Option<string> output = OutputFile.Option("SVG file of the loss over the rate");
        output.Required = false;
        var command = new TrainingCommand("lr",
            "Looks for a learning rate: trains for up to 150 steps with a rate that rises until the loss explodes.",
            [.. switches.All.Where(s => s.Group is not (TrainSwitches.Schedule or TrainSwitches.Output))]);
        command.Add(output);
        command.SetAction(parsed =>
        {
            using TrainingRequest request = TrainingRequest.Of(parsed, switches);
            Run(request, parsed.GetValue(output));
        });
        return command;
    }

    private static void Run(TrainingRequest request, string? output)
    {
        OutputFile[] files = output is null ? [] : [OutputFile.Open(output)];
        using var interrupt = new InterruptSource();
        request.Options.CancellationToken = interrupt.Token;
        TrainingData data = TrainingData.Load(request, files);
        LearningRateSearch search = new FolderTraining(request, data.Train, data.Validation, data.Bad).FindLearningRate();
        data.Bad.Report();
        foreach (OutputFile file in files)
            file.Write(search.SavePlot);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Learning rate {search.SuggestedRate:g3}: train with --optimizer {TrainSwitches.NameOf(search.Optimizer)} "
            + $"--lr {search.SuggestedRate:g3}. A tenth of the rate with the lowest loss is {search.TenthOfMinimum:g3}."));
        if (output is not null)
            Console.WriteLine($"Saved {output}");
    }
}
