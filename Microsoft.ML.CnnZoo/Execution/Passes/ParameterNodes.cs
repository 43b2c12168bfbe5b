using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Execution.Passes;

/// <summary>Which nodes of a graph depend on variables and constants alone.</summary>
internal static class ParameterNodes
{
    /// <summary>
    /// Those nodes, the variables and constants among them; none in a graph that changes its variables.
    /// </summary>
    public static HashSet<NodeDef> Of(NetworkGraph graph)
    {
        var found = new HashSet<NodeDef>();
        if (graph.Nodes.Any(n => n.Definition.IsStateful && !n.IsSource && !n.IsView))
            return found;
        foreach (NodeDef node in graph.Nodes)
            if (node.Op is "VarHandleOp" or "Const"
                || (node.Inputs.Count > 0 && node.Inputs.All(i => found.Contains(i.Node))))
                found.Add(node);
        return found;
    }
}
