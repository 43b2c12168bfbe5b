using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Execution.Passes;

/// <summary>The readers of each tensor in a graph, for passes that fuse nodes.</summary>
internal sealed class GraphReaders
{
    private readonly Dictionary<NodeOutput, int> _counts;
    private readonly ILookup<NodeOutput, NodeDef> _readers;

    public GraphReaders(GraphRequest request)
    {
        _counts = request.CountReaders();
        _readers = request.Graph.Nodes.SelectMany(n => n.Inputs.Select(i => (Tensor: i, Reader: n)))
            .ToLookup(p => p.Tensor, p => p.Reader);
    }

    /// <summary>The nodes that read a tensor, once for each input.</summary>
    public IEnumerable<NodeDef> Of(NodeOutput tensor) => _readers[tensor];

    /// <summary>How many inputs and fetches read a tensor.</summary>
    public int Count(NodeOutput tensor) => _counts.GetValueOrDefault(tensor);

    /// <summary>The only node that reads a tensor that is not fetched, else null.</summary>
    public NodeDef? Sole(NodeOutput tensor) => Count(tensor) == 1 ? _readers[tensor].FirstOrDefault() : null;

    /// <summary>Whether any output other than 0 of a node is read.</summary>
    public bool ReadsMoreThanTheFirst(NodeDef node) =>
        Enumerable.Range(1, Math.Max(0, node.Outputs.Count - 1)).Any(port => Count(node.Output(port)) > 0);
}
