using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Reflection;
using CnnZoo.Cli.Reports;
using Microsoft.ML.CnnZoo.Architectures;

namespace CnnZoo.Cli;

/// <summary>The command line. A failure is one line on standard error and an <see cref="ExitCode"/>.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        Console.SetError(new SwitchWriter(Console.Error));
        try
        {
            Ranks.Join();
            return Ranks.Run(() => Run(args));
        }
#pragma warning disable CA1031 // whoever typed a command is shown a line, not a stack trace
        catch (Exception e)
#pragma warning restore CA1031
        {
            Exception cause = Cause(e);
            string message = cause is OperationCanceledException ? "Interrupted."
                : CommandOptions.WithoutParameter(cause.Message);
            if (Ranks.Prefix(cause) is { } prefix)
                Console.Error.WriteLine($"cnnzoo: {prefix}{OneLine(message)}");
            return cause switch
            {
                CommandException known => known.ExitCode,
                OperationCanceledException => ExitCode.Interrupted,
                _ => ExitCode.Failed,
            };
        }
    }

    private static int Run(string[] args)
    {
        var root = new RootCommand(
            "Trains classic convolutional networks on folders of images, uses them, and compares them. "
            + "Exit codes: 0 done, 1 failed, 2 wrong command line, 130 interrupted before there was anything to save.")
        {
            TrainCommand.Create(), ExperimentCommand.Create(), ResumeCommand.Create(Run), RateCommand.Create(), PreviewCommand.Create(),
            CheckCommand.Create(), EvaluateCommand.Create(), ReportCommand.Create(), CalibrateCommand.Create(),
            PredictCommand.Create(),
            ExplainCommand.Create(), FeaturesCommand.Create(), ExportCommand.Create(),
            RunCommand.Create(), WeightsCommand.Create(), ListCommand.Create(), SummaryCommand.Create(),
            CompareCommand.Create(), SavingsCommand.Create(), GraphCommand.Create(), TrainCommand.CreateSchema(),
        };
        ParseResult parsed = root.Parse(args);
        Ranks.Check(parsed.CommandResult.Command);
        if (parsed.CommandResult.Command is TrainingCommand training)
        {
            if (parsed.Action is HelpAction)
            {
                training.WriteHelp(Console.Out);
                return ExitCode.Done;
            }
            if (training.Configured(parsed) is [_, ..] configured)
                parsed = root.Parse([.. args, .. configured]);
        }
        if (parsed.Action is not ParseErrorAction)
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        string verb = parsed.CommandResult.Command == root ? "" : parsed.CommandResult.Command.Name + " ";
        Console.Error.WriteLine($"cnnzoo: {OneLine(Problem(parsed))} (cnnzoo {verb}--help shows the usage)");
        return ExitCode.WrongUsage;
    }

    /// <summary>What was not understood says more than what is missing because of it.</summary>
    private static string Problem(ParseResult parsed)
    {
        if (parsed.UnmatchedTokens is not [{ } token, ..])
            return parsed.Errors[0].Message;
        Command command = parsed.CommandResult.Command;
        IEnumerable<string> known = token.StartsWith('-') ? command.Options.Select(o => o.Name)
            : command.Subcommands.Select(c => c.Name);
        string[] near = [.. ArchitectureNames.Near(token, known).Take(1)];
        return $"'{token}' is not understood{(near.Length > 0 ? $": did you mean {near[0]}?" : ".")}";
    }

    /// <summary>The exception that says most: wrappers of reflection and of threads say nothing themselves.</summary>
    private static Exception Cause(Exception e) => e switch
    {
        TargetInvocationException { InnerException: { } inner } => Cause(inner),
        AggregateException { InnerExceptions: [{ } inner, ..] } => Cause(inner),
        _ => e,
    };

    private static string OneLine(string message) =>
        string.Join(' ', message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
}
