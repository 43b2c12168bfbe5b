using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;

namespace CnnZoo.Cli;

/// <summary>The command line: exit code 0 for success, 1 for a failure (one line on standard error), 2 for a wrong command line.</summary>
internal static class Program
{
    private const int Failure = 1;
    private const int WrongUsage = 2;

    private static int Main(string[] args)
    {
        var root = new RootCommand("Trains classic convolutional networks on folders of images, uses them, and compares them.")
        {
            TrainCommand.Create(), EvaluateCommand.Create(), PredictCommand.Create(), SummaryCommand.Create(), ListCommand.Create(),
            CompareCommand.Create(), SavingsCommand.Create(), GraphCommand.Create(),
        };
        ParseResult parsed = root.Parse(args);
        if (parsed.Action is ParseErrorAction)
        {
            string verb = parsed.CommandResult.Command == root ? "" : parsed.CommandResult.Command.Name + " ";
            // What was not understood says more than what is missing because of it.
            string problem = parsed.UnmatchedTokens.Count > 0 ? parsed.Errors[^1].Message : parsed.Errors[0].Message;
            Console.Error.WriteLine($"cnnzoo: {OneLine(problem)} (cnnzoo {verb}--help shows the usage)");
            return WrongUsage;
        }
        try
        {
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
#pragma warning disable CA1031 // whoever typed a command is shown a line, not a stack trace
        catch (Exception e)
#pragma warning restore CA1031
        {
            Console.Error.WriteLine($"cnnzoo: {OneLine(Cause(e).Message)}");
            return Failure;
        }
    }

    /// <summary>The exception that says most: wrappers of reflection and of threads say nothing themselves.</summary>
    private static Exception Cause(Exception e) => e switch
    {
        TargetInvocationException { InnerException: { } inner } => Cause(inner),
        AggregateException { InnerExceptions: [{ } inner, ..] } => Cause(inner),
        _ => e,
    };

    private static string OneLine(string message) => string.Join(' ', message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
}
