using System.CommandLine;
using System.Text.Json;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary>The ranks that mpirun or srun started, this process among them.</summary>
internal static class Ranks
{
    /// <summary>Verbs that several ranks share.</summary>
    private static readonly string[] Verbs = ["train", "resume", "predict", "features"];

    /// <summary>The ranks; null for a process that was started by itself.</summary>
    public static DistributedTraining? Launched { get; private set; }

    /// <summary>Whether this process writes files and results: of several ranks, the first.</summary>
    public static bool Writes => Launched is not { Rank: > 0 };

    /// <summary>Joins the ranks, where there are any; only the first is heard.</summary>
    public static void Join()
    {
        if (!DistributedTraining.IsLaunched)
            return;
        Launched = DistributedTraining.Mpi();
        if (!Writes)
            Console.SetOut(TextWriter.Null);
    }

    /// <summary>Runs a command: what goes wrong on one rank ends it on all.</summary>
    public static int Run(Func<int> run) => Launched is null ? run() : Launched.Group.Together(run);

    /// <summary>Refuses verbs that each rank would do as a whole.</summary>
    public static void Check(Command command)
    {
        if (Launched is { Ranks: > 1 } && !Verbs.Contains(command.Name))
            throw new CommandException($"'{command.Name}' is not shared by several processes: start it without mpirun.",
                ExitCode.WrongUsage);
    }

    /// <summary>What to say of a failure; null where another rank says it.</summary>
    public static string? Prefix(Exception cause) => Launched is not { Ranks: > 1 } ranks ? ""
        : cause is not RankFailedException ? $"rank {ranks.Rank}: " : Writes ? "" : null;

    /// <summary>This rank's blocks of a list: every n-th.</summary>
    /// <param name="all">The list.</param>
    /// <param name="block">Items of a block: those that are computed together by one process are by one rank.</param>
    public static IReadOnlyList<T> Own<T>(IReadOnlyList<T> all, int block) => Launched is not { } ranks ? all
        : [.. all.Where((_, i) => i / block % ranks.Ranks == ranks.Rank)];

    /// <summary>What all ranks made of their blocks, in the order of the list.</summary>
    /// <param name="own">One result for each of this rank's items.</param>
    /// <param name="count">Items of the list.</param>
    /// <param name="block">As for <see cref="Own"/>.</param>
    public static List<T> InOrder<T>(List<T> own, int count, int block)
    {
        if (Launched is not { } ranks)
            return own;
        Queue<T>[] all = [.. ranks.Group.GatherBytes(JsonSerializer.SerializeToUtf8Bytes(own))
            .Select(bytes => new Queue<T>(JsonSerializer.Deserialize<List<T>>(bytes)!))];
        return [.. Enumerable.Range(0, count).Select(i => all[i / block % ranks.Ranks].Dequeue())];
    }
}
