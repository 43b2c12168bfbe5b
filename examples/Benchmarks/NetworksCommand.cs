using System.CommandLine;

namespace Benchmarks;

/// <summary><c>networks</c>: whole networks on both sides. build/bench.sh calls it.</summary>
internal static class NetworksCommand
{
    private const int Rounds = 5, QuickRounds = 3;
    private const double Seconds = 2, QuickSeconds = 0.5;

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        var names = new Argument<string[]>("NETWORK") { Description = $"Networks to time; all of them by default: {string.Join(", ", NetworkTable.All.Select(n => n.Name))}", Arity = ArgumentArity.ZeroOrMore };
        var python = new Option<string>("--python") { Description = "The Python that has PyTorch; empty to time our side only", DefaultValueFactory = _ => "" };
        var peer = new Option<string>("--peer") { Description = "peer.py", DefaultValueFactory = _ => "" };
        var threads = new Option<int>("--threads") { Description = "Threads on both sides", DefaultValueFactory = _ => 2 };
        var quick = new Option<bool>("--quick") { Description = "Fewer and shorter rounds" };
        var json = new Option<string?>("--json") { Description = "File for the rows" };
        names.Validators.Add(result =>
        {
            foreach (string unknown in result.Tokens.Select(token => token.Value).Where(name => NetworkTable.Find(name) is null))
                result.AddError($"There is no network '{unknown}' in the table.");
        });
        var command = new Command("networks", "Times training and scoring of whole networks.") { names, python, peer, threads, quick, json };
        command.SetAction(parsed =>
        {
            bool isQuick = parsed.GetValue(quick);
            var options = new ComparisonOptions(
                parsed.GetValue(python)!, parsed.GetValue(peer)!, parsed.GetValue(threads), isQuick ? QuickRounds : Rounds, isQuick ? QuickSeconds : Seconds, parsed.GetValue(json));
            string[] chosen = parsed.GetValue(names) ?? [];
            IReadOnlyList<ComparisonRow> rows = new NetworkComparison(options).Run(chosen.Length == 0 ? NetworkTable.All : chosen.Select(name => NetworkTable.Find(name)!));
            return rows.Any(row => row.Error is not null) ? 1 : 0;
        });
        return command;
    }
}
