using BenchmarkDotNet.Attributes;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Training;

namespace Benchmarks;

/// <summary>
/// Single kernels: <c>Benchmarks kernels</c> for all cases, <c>Benchmarks kernels --case TEXT</c> for
/// those with that in their name.
/// </summary>
public class KernelBenchmarks : IDisposable
{
    private readonly VariableStore _variables = new();
    private Executable? _plan;

    /// <summary>What runs.</summary>
    [ParamsSource(nameof(Cases))]
    public KernelCase? Case { get; set; }

    /// <summary>What the names of the cases must have in them.</summary>
    internal static string Chosen { get; set; } = "";

    /// <summary>The values of <see cref="Case"/>.</summary>
    public static IEnumerable<KernelCase> Cases =>
        KernelCase.All.Where(c => c.ToString().Contains(Chosen, StringComparison.OrdinalIgnoreCase));

    /// <summary>Compiles a plan of the one op and fills its inputs.</summary>
    [GlobalSetup]
    public void Prepare()
    {
        (NetworkGraph graph, NodeOutput y) = Case!.ToGraph();
        VariableInitialization.Initialize(_variables, graph.Variables, seed: 1);
        _plan = new Session(KernelSet.Shared)
            .Compile(graph, new Dictionary<string, TensorShape>(), [y], [], _variables);
        var random = new Random(1);
        foreach (string feed in _plan.Feeds)
            foreach (ref float value in _plan.Feed<float>(feed))
                value = random.NextSingle() - 0.5f;
    }

    /// <summary>One run.</summary>
    [Benchmark]
    public void Run() => _plan!.Run();

    /// <inheritdoc/>
    [GlobalCleanup]
    public void Dispose()
    {
        _plan?.Dispose();
        _variables.Dispose();
        GC.SuppressFinalize(this);
    }
}
