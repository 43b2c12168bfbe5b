using System.Globalization;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Graph;

/// <summary>
/// Converts protobuf messages to a graph: checks names, sorts nodes after their inputs, and adds them through the
/// builder, which checks schema and shapes.
/// </summary>
internal sealed class GraphDefReader
{
    // Attributes that newer TensorFlow versions write; these values are defaults and can be ignored.
    private static readonly HashSet<(string Op, string Attribute)> Ignored =
        [("MatMul", "grad_a"), ("MatMul", "grad_b"), ("VarHandleOp", "allowed_devices"), ("VarHandleOp", "debug_name")];

    private readonly Protos.GraphDef _proto;
    private readonly Dictionary<string, Protos.NodeDef> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NodeDef> _built = new(StringComparer.Ordinal);
    private readonly List<VariableDefinition> _variables = [];
    private readonly GraphBuilder _builder = new();

    public GraphDefReader(Protos.GraphDef proto)
    {
        _proto = proto;
        foreach (Protos.NodeDef node in proto.Node)
            if (node.Name.Length == 0 || !_byName.TryAdd(node.Name, node))
                throw new GraphException(node.Name.Length == 0 ? $"A node of op '{node.Op}' has no name."
                    : $"Two nodes are named '{node.Name}'.");
    }

    public NetworkGraph Read()
    {
        foreach (Protos.NodeDef node in _proto.Node)
            AddWithInputs(node);
        return new NetworkGraph([.. _builder.Nodes], _variables);
    }

    /// <summary>Adds a node after its inputs, without recursion: graphs may be deep.</summary>
    private void AddWithInputs(Protos.NodeDef root)
    {
        var path = new Stack<(Protos.NodeDef Node, int Next)>();
        var onPath = new HashSet<string>(StringComparer.Ordinal);
        if (!_built.ContainsKey(root.Name))
            path.Push((root, 0));
        while (path.TryPop(out (Protos.NodeDef Node, int Next) top))
        {
            onPath.Add(top.Node.Name);
            if (top.Next == top.Node.Input.Count)
            {
                Add(top.Node);
                onPath.Remove(top.Node.Name);
                continue;
            }
            path.Push((top.Node, top.Next + 1));
            string name = Parse(top.Node, top.Node.Input[top.Next]).Name;
            if (_built.ContainsKey(name))
                continue;
            if (!_byName.TryGetValue(name, out Protos.NodeDef? input))
                throw Error(top.Node, $"its input '{top.Node.Input[top.Next]}' does not exist");
            if (onPath.Contains(name))
                throw Error(top.Node, $"it depends on itself through '{name}'");
            path.Push((input, 0));
        }
    }

    private void Add(Protos.NodeDef proto)
    {
        var inputs = new List<NodeOutput>();
        var controls = new List<NodeDef>();
        foreach (string text in proto.Input)
        {
            (string name, int port) = Parse(proto, text);
            NodeDef node = _built[name];
            if (port < 0)
                controls.Add(node);
            else if (controls.Count > 0)
                throw Error(proto, $"the input '{text}' comes after a control input");
            else if (port >= node.Outputs.Count)
                throw Error(proto, $"'{name}' has {node.Outputs.Count} outputs, no output {port}");
            else
                inputs.Add(node.Output(port));
        }
        OpDefinition definition;
        try
        {
            definition = OpCatalog.Get(proto.Op);
        }
        catch (GraphException e)
        {
            throw Error(proto, e.Message.TrimEnd('.'));
        }
        SortedDictionary<string, AttributeValue> attributes = ReadAttributes(proto, definition);
        VariableDefinition? variable = proto.Op == "VarHandleOp" ? ReadVariable(proto, attributes) : null;
        _built.Add(proto.Name, _builder.Add(definition, proto.Name, [.. inputs], attributes, controls));
        if (variable is not null && _variables.All(v => v.Name != variable.Name))
            _variables.Add(variable);
    }

    private VariableDefinition ReadVariable(Protos.NodeDef proto, SortedDictionary<string, AttributeValue> attributes)
    {
        if (!attributes.TryGetValue("shared_name", out AttributeValue? shared)
            || shared is { Kind: AttributeKind.String, String.Length: 0 })
            attributes["shared_name"] = shared = AttributeValue.Of(proto.Name);
        if (shared.Kind != AttributeKind.String || !attributes.TryGetValue("dtype", out AttributeValue? type)
            || type.Kind != AttributeKind.Type
            || !attributes.TryGetValue("shape", out AttributeValue? shape) || shape.Kind != AttributeKind.Shape
                || !shape.Shape.IsFullyDefined)
            throw Error(proto, "a variable needs 'dtype' and a fully known 'shape'");
        var spec = new TensorSpec(type.Type, shape.Shape);
        VariableDefinition variable;
        try
        {
            _ = spec.ByteLength;
            variable = VariableAttributes.Take(shared.String, spec, attributes);
        }
        catch (Exception e) when (e is GraphException or OverflowException or ArgumentException)
        {
            throw Error(proto, e.Message.TrimEnd('.'));
        }
        VariableDefinition? known = _variables.Find(v => v.Name == variable.Name);
        return known is null || known.Spec == spec ? variable
            : throw Error(proto, $"the variable '{known.Name}' is {known.Spec} elsewhere and {spec} here");
    }

    private static SortedDictionary<string, AttributeValue> ReadAttributes(Protos.NodeDef proto,
        OpDefinition definition)
    {
        var attributes = new SortedDictionary<string, AttributeValue>(StringComparer.Ordinal);
        foreach ((string name, Protos.AttrValue value) in proto.Attr)
        {
            if (Ignored.Contains((proto.Op, name)))
                continue;
            AttributeSpec? spec = definition.Attributes.FirstOrDefault(a => a.Name == name);
            try
            {
                attributes[name] = AttributeProto.FromProto(value, spec?.Kind);
            }
            catch (GraphException) when (name.StartsWith('_') && spec is null)
            {
                // An annotation by another program in an unsupported form: the op does not depend on it.
            }
            catch (GraphException e)
            {
                throw Error(proto, $"the attribute '{name}' {e.Message}");
            }
        }
        return attributes;
    }

    /// <summary><c>name</c>, <c>name:port</c>, or <c>^name</c> (port -1).</summary>
    private static (string Name, int Port) Parse(Protos.NodeDef node, string text)
    {
        if (text.StartsWith('^'))
            return (text[1..], -1);
        int colon = text.LastIndexOf(':');
        if (colon < 0)
            return (text, 0);
        return int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port)
            ? (text[..colon], port)
            : throw Error(node, $"its input '{text}' is not of the form name:port");
    }

    private static GraphException Error(Protos.NodeDef node, string problem) =>
        new($"{node.Op} '{node.Name}': {problem}.");
}
