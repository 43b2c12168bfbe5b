namespace Microsoft.ML.CnnZoo.Graph;

/// <summary>An immutable TensorFlow graph: nodes in topological order, and the variables that they use.</summary>
public sealed class NetworkGraph
{
    private readonly Dictionary<string, NodeDef> _byName;

    internal NetworkGraph(IReadOnlyList<NodeDef> nodes, IReadOnlyList<VariableDefinition> variables)
    {
        Nodes = nodes;
        Variables = variables;
        _byName = nodes.ToDictionary(n => n.Name, StringComparer.Ordinal);
    }

    /// <summary>All nodes; a node comes after its inputs.</summary>
    public IReadOnlyList<NodeDef> Nodes { get; }

    /// <summary>Variables in order of creation. Their values are in a VariableStore.</summary>
    public IReadOnlyList<VariableDefinition> Variables { get; }

    /// <summary>The node with that name.</summary>
    /// <exception cref="KeyNotFoundException">No such node.</exception>
    public NodeDef this[string name] => Find(name)
        ?? throw new KeyNotFoundException($"The graph of {Nodes.Count} nodes has no node '{name}'.");

    /// <summary>The node with that name, or null.</summary>
    public NodeDef? Find(string name) => _byName.GetValueOrDefault(name);
}
