using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Execution.Passes;

/// <summary>
/// Copies a graph node by node into a new one, so that a pass states only its changes. Shapes are inferred again.
/// </summary>
internal sealed class GraphRewriter(GraphRequest source)
{
    private readonly GraphBuilder _target = new();
    private readonly Dictionary<NodeOutput, NodeOutput> _outputs = [];
    private readonly Dictionary<NodeDef, NodeDef> _nodes = [];

    /// <summary>The new tensor that replaces an old one.</summary>
    public NodeOutput Map(NodeOutput old) => _outputs[old];

    /// <summary>Copies a node, with other attributes or inputs if given.</summary>
    public NodeDef Copy(NodeDef node, IEnumerable<KeyValuePair<string, AttributeValue>>? attributes = null,
        NodeOutput[]? inputs = null)
    {
        NodeDef copy = Add(node.Definition, node.Name, inputs ?? [.. node.Inputs.Select(Map)],
            attributes ?? node.Attributes,
            [.. node.ControlInputs.Where(_nodes.ContainsKey).Select(c => _nodes[c])]);
        Replace(node, copy);
        return copy;
    }

    /// <summary>Adds a node under a full name.</summary>
    public NodeDef Add(OpDefinition definition, string name, NodeOutput[] inputs,
        IEnumerable<KeyValuePair<string, AttributeValue>> attributes, IReadOnlyList<NodeDef>? controlInputs = null) =>
        _target.Add(definition, name, inputs, attributes, controlInputs ?? []);

    /// <summary>
    /// Replaces an old node by a new one, output by output; outputs that the new one lacks must not be read.
    /// </summary>
    public void Replace(NodeDef old, NodeDef replacement)
    {
        _nodes[old] = replacement;
        for (int port = 0; port < Math.Min(old.Outputs.Count, replacement.Outputs.Count); port++)
            _outputs[old.Output(port)] = replacement.Output(port);
    }

    /// <summary>Replaces an old tensor by a new one.</summary>
    public void Replace(NodeOutput old, NodeOutput replacement) => _outputs[old] = replacement;

    /// <summary>The new graph with its fetches and targets.</summary>
    public GraphRequest Finish() => new(new NetworkGraph(_target.Nodes, source.Graph.Variables),
        [.. source.Fetches.Select(Map)], [.. source.Targets.Select(t => _nodes[t])]);
}
