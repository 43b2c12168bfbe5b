namespace Microsoft.ML.CnnZoo.Graph;

/// <summary>Converts graphs to protobuf messages.</summary>
internal static class GraphDefWriter
{
    /// <summary>A version of TensorFlow's graph format in which all ops of the catalog exist (2.9 and later).</summary>
    private const int ProducerVersion = 1087;

    public static Protos.GraphDef ToProto(NetworkGraph graph)
    {
        var proto = new Protos.GraphDef { Versions = new() { Producer = ProducerVersion } };
        Dictionary<string, VariableDefinition> variables =
            graph.Variables.ToDictionary(v => v.Name, StringComparer.Ordinal);
        foreach (NodeDef node in graph.Nodes)
        {
            var entry = new Protos.NodeDef { Name = node.Name, Op = node.Op };
            entry.Input.AddRange(node.Inputs.Select(i => i.ToString()));
            entry.Input.AddRange(node.ControlInputs.Select(c => $"^{c.Name}"));
            foreach ((string name, AttributeValue value) in node.Attributes)
                entry.Attr.Add(name, AttributeProto.ToProto(value));
            if (node.Op == "VarHandleOp"
                && variables.TryGetValue(node.Attributes["shared_name"].String, out VariableDefinition? variable))
                foreach ((string name, AttributeValue value) in VariableAttributes.Of(variable))
                    entry.Attr.Add(name, AttributeProto.ToProto(value));
            proto.Node.Add(entry);
        }
        return proto;
    }
}
