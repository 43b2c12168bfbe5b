using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Execution.Passes;

/// <summary>A graph with the tensors to compute and the nodes to run.</summary>
/// <param name="Graph">The graph.</param>
/// <param name="Fetches">Tensors to compute, in the caller's order.</param>
/// <param name="Targets">Stateful nodes to run.</param>
internal sealed record GraphRequest(NetworkGraph Graph, IReadOnlyList<NodeOutput> Fetches,
    IReadOnlyList<NodeDef> Targets)
{
    /// <summary>How many inputs of nodes, and fetches, read each tensor.</summary>
    internal Dictionary<NodeOutput, int> CountReaders()
    {
        var counts = new Dictionary<NodeOutput, int>();
        foreach (NodeOutput read in Graph.Nodes.SelectMany(n => n.Inputs).Concat(Fetches))
            counts[read] = counts.GetValueOrDefault(read) + 1;
        return counts;
    }
}

/// <summary>
/// A graph transformation before compilation. The result computes the same values under the same names.
/// </summary>
internal interface IGraphPass
{
    /// <summary>Short name for reports.</summary>
    string Name { get; }

    /// <summary>The rewritten graph.</summary>
    GraphRequest Apply(GraphRequest request);
}
