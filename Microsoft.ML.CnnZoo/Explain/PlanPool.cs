using System.Collections.Concurrent;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo.Explain;

/// <summary>
/// Plans of the graphs that explain a network, for any number of threads: each rents one and returns it. Of so many
/// graphs at most are plans kept; others are compiled for each use.
/// </summary>
/// <param name="session">Compiles them.</param>
/// <param name="weights">The network's weights, which outlive the pool.</param>
internal sealed class PlanPool(Session session, VariableStore weights) : IDisposable
{
    private const int KeptGraphs = 8;
    private static readonly CompileOptions Options = new(); // float32: gradients in bfloat16 are too coarse
    private readonly ConcurrentDictionary<string, Kept> _graphs = new(StringComparer.Ordinal);

    /// <summary>Lends a plan.</summary>
    /// <param name="key">Tells graphs and batch sizes apart.</param>
    /// <param name="batchSize">Images that it takes.</param>
    /// <param name="build">Builds the graph, and names the layer that it is about.</param>
    /// <param name="use">Uses plan and layer.</param>
    public T Use<T>(string key, int batchSize, Func<(ClassificationGraph Graph, string Layer)> build,
        Func<Executable, string, T> use)
    {
        Kept kept = _graphs.TryGetValue(key, out Kept? known) ? known : Keep(key, build());
        if (!kept.Plans.TryTake(out Executable? plan))
            plan = session.Compile(kept.Graph.Graph, Feeds(kept.Graph, batchSize), kept.Graph.Fetches, [], weights, Options);
        try
        {
            return use(plan, kept.Layer);
        }
        finally
        {
            if (_graphs.TryGetValue(key, out Kept? now) && now == kept)
                kept.Plans.Add(plan);
            else
                plan.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Kept kept in _graphs.Values)
            while (kept.Plans.TryTake(out Executable? plan))
                plan.Dispose();
        _graphs.Clear();
    }

    /// <summary>Shapes of the graph's placeholders for a batch size.</summary>
    private static Dictionary<string, TensorShape> Feeds(ClassificationGraph graph, int batchSize) =>
        graph.Graph.Nodes.Where(n => n.Op == "Placeholder")
            .ToDictionary(n => n.Name, n => n.Outputs[0].Shape.With(0, batchSize), StringComparer.Ordinal);

    private Kept Keep(string key, (ClassificationGraph Graph, string Layer) built)
    {
        var kept = new Kept(built.Graph, built.Layer);
        return _graphs.Count < KeptGraphs ? _graphs.GetOrAdd(key, kept) : kept;
    }

    private sealed record Kept(ClassificationGraph Graph, string Layer)
    {
        public ConcurrentBag<Executable> Plans { get; } = [];
    }
}
