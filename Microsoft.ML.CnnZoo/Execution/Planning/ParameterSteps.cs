using Microsoft.ML.CnnZoo.Execution.Passes;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Execution.Planning;

/// <summary>
/// A value computed from variables and constants alone; its version increases whenever it is recomputed.
/// </summary>
internal sealed class ParameterValue : IVersioned
{
    public long Version { get; private set; }

    public void Touch() => Version++;
}

/// <summary>
/// The steps of a plan that depend on variables and constants alone (filters into which a batch norm was folded): they
/// run before the first run and again only when a variable has changed. In a plan that changes variables itself there
/// are none.
/// </summary>
internal sealed class ParameterSteps
{
    private readonly Dictionary<NodeDef, ParameterValue> _values = [];

    public ParameterSteps(NetworkGraph graph)
    {
        HashSet<NodeDef> nodes = ParameterNodes.Of(graph);
        foreach (NodeDef node in nodes.Where(n => !n.IsSource && !n.IsView))
            _values.Add(node, new ParameterValue());
        Handles = [.. _values.Keys.SelectMany(n => n.Inputs).Select(i => Schedule.Root(i).Node)
            .Where(n => n.Op == "VarHandleOp").Distinct()];
    }

    /// <summary>The variables that they read, by their handles.</summary>
    public IReadOnlyList<NodeDef> Handles { get; } = [];

    /// <summary>The value of a parameter step; null for other steps.</summary>
    public ParameterValue? Find(NodeDef node) => _values.GetValueOrDefault(node);
}
