using System.CommandLine;
using CnnZoo.Cli;

namespace Benchmarks;

/// <summary><c>networks</c>: whole networks beside the peers. build/bench.sh calls it.</summary>
internal static class NetworksCommand
{
    private const int Failed = 1, Interrupted = 130;

    private static readonly Argument<string[]> Names = new("NETWORK")
    {
        Description =
            $"Networks to time; all of them by default: {string.Join(", ", NetworkTable.All.Select(n => n.Name))}",
            Arity = ArgumentArity.ZeroOrMore,
    };
    private static readonly Option<string> Python = new("--python")
    {
        Description = "The Python that has PyTorch; empty for none", DefaultValueFactory = _ => "",
    };
    private static readonly Option<string> Peer = new("--peer")
    {
        Description = "peer.py", DefaultValueFactory = _ => "",
    };
    private static readonly Option<FileInfo> Baseline = new("--baseline")
    {
        Description = "Benchmarks.dll of another build of this program, as one more peer",
    };
    private static readonly Option<int> Threads = new("--threads")
    {
        Description = "Threads on all sides", DefaultValueFactory = _ => Environment.ProcessorCount,
    };
    private static readonly Option<bool> Quick = new("--quick")
    {
        Description = "Fewer and shorter rounds: a look, not a figure",
    };
    private static readonly Option<string[]> Mode = new("--mode")
    {
        Description = "Only modes whose name has this in it: inference, b16, training …",
        AllowMultipleArgumentsPerToken = true,
    };
    private static readonly Option<string> Precision = new("--precision")
    {
        Description = "f32, bf16 or all", DefaultValueFactory = _ => "f32",
    };
    private static readonly Option<string?> Json = new("--json") { Description = "File for the rows" };
    private static readonly Option<string?> Markdown = new("--markdown")
    {
        Description = "File for the rows as a table for BENCHMARKS.md, with date and machine",
    };

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        Precision.AcceptOnlyFromAmong("f32", "bf16", "all");
        Names.Validators.Add(result =>
        {
            foreach (string name in result.Tokens.Select(token => token.Value))
                if (Problem(name) is { } problem)
                    result.AddError(problem);
        });
        Threads.Validators.Add(result =>
        {
            if (result.GetValue(Threads) < 1)
                result.AddError("--threads must be at least 1.");
        });
        Baseline.AcceptExistingOnly();
        var command = new Command("networks", "Times training and inference of whole networks.")
        {
            Names, Python, Peer, Baseline, Threads, Quick, Mode, Precision, Json, Markdown,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var options = new ComparisonOptions(
            parsed.GetValue(Threads), parsed.GetValue(Quick) ? Effort.Quick : Effort.Full,
            Precisions(parsed.GetValue(Precision)!), parsed.GetValue(Mode) ?? [], parsed.GetValue(Json));
        string[] names = parsed.GetValue(Names) ?? [];
        using var interruption = new InterruptSource();
        CancellationToken token = interruption.Token;
        string tool = typeof(NetworksCommand).Assembly.Location;
        var pytorch = new PyTorchSide(parsed.GetValue(Python)!, parsed.GetValue(Peer)!, options, token);
        using var onnxRuntime = new OnnxRuntimeSide(tool, options, token);
        List<Side> peers = [onnxRuntime, pytorch];
        if (parsed.GetValue(Baseline) is { } baseline)
            peers.Add(new CnnZooSide(Goals.Baseline, baseline.FullName, options, token));
        peers.RemoveAll(IsMissing);
        IReadOnlyList<ComparisonRow> rows = new NetworkComparison(
            new CnnZooSide("ours", tool, options, token), peers, options, token)
            .Run(names.Length == 0 ? NetworkTable.All : names.Select(NetworkTable.Find));
        if (parsed.GetValue(Markdown) is { } path)
            File.WriteAllLines(path, [MachineDescription.Line(options.Threads), "", .. ComparisonTable.Markdown(rows)]);
        bool failed = rows.SelectMany(row => row.Sides()).Any(side => side.Error is not null);
        return token.IsCancellationRequested ? Interrupted : failed ? Failed : 0;
    }

    private static bool IsMissing(Side side)
    {
        string? reason = side.Probe();
        if (reason is not null)
            Console.WriteLine($"{side.Name} is left out: {reason.Split('\n')[0]}");
        return reason is not null;
    }

    private static WorkPrecision[] Precisions(string choice) => choice switch
    {
        "f32" => [WorkPrecision.F32],
        "bf16" => [WorkPrecision.Bf16],
        _ => [WorkPrecision.F32, WorkPrecision.Bf16],
    };

    private static string? Problem(string name)
    {
        try
        {
            NetworkTable.Find(name);
            return null;
        }
        catch (ArgumentException e)
        {
            return e.Message;
        }
    }
}
