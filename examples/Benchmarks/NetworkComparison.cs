using System.Diagnostics;

namespace Benchmarks;

/// <summary>
/// Times networks on all sides in alternating rounds, so that whatever else the machine does hits all.
/// </summary>
/// <param name="ours">Our side.</param>
/// <param name="peers">The others.</param>
/// <param name="options">What is measured.</param>
/// <param name="cancellation">Ends the comparison.</param>
internal sealed class NetworkComparison(
    Side ours, IReadOnlyList<Side> peers, ComparisonOptions options, CancellationToken cancellation)
{
    private readonly string _machine = MachineDescription.Line(options.Threads);
    private readonly List<ComparisonRow> _rows = [];

    /// <summary>
    /// Runs the modes of the networks; prints and saves each row as it is there, and the means at the end, which an
    /// interruption only brings nearer.
    /// </summary>
    public IReadOnlyList<ComparisonRow> Run(IEnumerable<BenchmarkNetwork> networks)
    {
        var watch = Stopwatch.StartNew();
        Save(); // a file of an earlier run must not be taken for this one's
        Console.WriteLine(_machine);
        foreach (Side side in peers.Prepend(ours))
            Console.WriteLine($"{side.Name} {side.Version}");
        Console.WriteLine(
            $"Up to {options.Effort.Rounds} alternating rounds of {options.Effort.Seconds:0.#} s and more; "
            + "an asterisk marks a peer that needs less memory than we do.");
        Console.WriteLine(ComparisonTable.Header);
        try
        {
            foreach (BenchmarkNetwork network in networks.Where(n => options.ModesOf(n).Any()))
                Compare(network);
        }
        catch (OperationCanceledException)
        {
            Console.WriteLine("Interrupted.");
        }
        foreach (string line in ComparisonTable.Means(_rows))
            Console.WriteLine(line);
        Console.WriteLine($"Took {watch.Elapsed:m\\:ss}.");
        return _rows;
    }

    private void Compare(BenchmarkNetwork network)
    {
        NetworkCost cost = NetworkCost.Of(network);
        foreach (WorkMode mode in options.ModesOf(network))
        {
            _rows.Add(Measure(network, cost, mode));
            foreach (string line in ComparisonTable.Lines(_rows[^1]))
                Console.WriteLine(line);
            Save();
        }
    }

    private void Save()
    {
        if (options.JsonPath is { } path)
            ComparisonRow.Write(path, _rows);
    }

    /// <summary>Fresh processes for each row: the peak of memory is that of one network in one mode.</summary>
    private ComparisonRow Measure(BenchmarkNetwork network, NetworkCost cost, WorkMode mode)
    {
        SideRun[] runs =
            [.. peers.Where(peer => peer.Runs(mode)).Prepend(ours).Select(side => side.Open(network, cost, mode))];
        try
        {
            MeasureRounds(runs);
            SideResult result = runs[0].Result;
            return new ComparisonRow(
                network.Name, mode.Name, mode.Kind, mode.Precision, _machine,
                result with { Gigaflops = result.Median is { } speed ? cost.Gigaflops(mode.Kind, speed) : null },
                [.. runs.Skip(1).Select(run => run.Result.Beside(result))]);
        }
        finally
        {
            foreach (SideRun run in runs)
                run.Dispose();
        }
    }

    /// <summary>Every second round goes backwards, so that no side always follows the same one.</summary>
    private void MeasureRounds(SideRun[] runs)
    {
        var watch = Stopwatch.StartNew();
        for (int round = 0; round < options.Effort.Rounds; round++)
        {
            foreach (SideRun run in round % 2 == 0 ? runs : Enumerable.Reverse(runs))
            {
                run.Measure();
                cancellation.ThrowIfCancellationRequested();
            }
            if (round == 0)
                watch.Restart(); // the first round has the preparations in it
            if (round + 1 >= options.Effort.MinimumRounds
                && watch.Elapsed.TotalSeconds > options.Effort.BudgetSeconds * runs.Length)
                break;
        }
    }
}
