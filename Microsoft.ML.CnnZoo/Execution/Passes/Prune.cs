using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Execution.Passes;

/// <summary>Prunes nodes that no fetch or target depends on.</summary>
internal sealed class Prune : IGraphPass
{
    public string Name => "prune";

    public GraphRequest Apply(GraphRequest request)
    {
        HashSet<NodeDef> needed = Needed(request);
        var rewriter = new GraphRewriter(request);
        foreach (NodeDef node in request.Graph.Nodes.Where(needed.Contains))
            rewriter.Copy(node);
        return rewriter.Finish();
    }

    /// <summary>The nodes that a fetch or target depends on.</summary>
    public static HashSet<NodeDef> Needed(GraphRequest request)
    {
        var needed = new HashSet<NodeDef>(request.Fetches.Select(f => f.Node).Concat(request.Targets));
        for (int i = request.Graph.Nodes.Count - 1; i >= 0; i--)
        {
            NodeDef node = request.Graph.Nodes[i];
            if (!needed.Contains(node))
                continue;
            needed.UnionWith(node.Inputs.Select(input => input.Node));
            needed.UnionWith(node.ControlInputs);
        }
        return needed;
    }
}
