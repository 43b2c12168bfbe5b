using Google.Protobuf;
using Google.Protobuf.Collections;
using Microsoft.ML.CnnZoo.Formats.TensorFlow.Checkpoints;
using Microsoft.ML.CnnZoo.Graph;
using GraphProtos = Microsoft.ML.CnnZoo.Graph.Protos;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Reading;

/// <summary>
/// Values of a graph's variables. Which tensor of the checkpoint belongs to which variable is what the nodes that
/// restore it say; else a tensor of the variable's name, or what the checkpoint's graph of objects says.
/// </summary>
internal sealed class VariableValues
{
    private readonly Checkpoint? _checkpoint;
    private readonly Dictionary<string, string> _sharedNames = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ConstantValue> _values = new(StringComparer.Ordinal);
    private readonly Lazy<Dictionary<string, string>> _keysByVariable;

    /// <param name="graph">The file's graph.</param>
    /// <param name="checkpoint">Null where there is none.</param>
    public VariableValues(GraphProtos.GraphDef graph, Checkpoint? checkpoint)
    {
        _checkpoint = checkpoint;
        _keysByVariable = new(() => checkpoint?.KeysByVariable() ?? []);
        Dictionary<string, GraphProtos.NodeDef> nodes = Frame.ByName(graph.Node);
        foreach (GraphProtos.NodeDef node in graph.Node)
            if (node.Op is "VarHandleOp" or "VariableV2" or "Variable")
                _sharedNames[node.Name] = node.Attr.TryGetValue("shared_name", out GraphProtos.AttrValue? shared)
                    && shared.S is { Length: > 0 } name ? name.ToStringUtf8() : node.Name;
        if (checkpoint is null)
            return;
        AddRestored(nodes, name => name);
        var functions = (graph.Library?.Function ?? []).Where(f => f.Signature is not null
            && f.NodeDef.Any(n => n.Op == "RestoreV2")).ToLookup(f => f.Signature.Name, StringComparer.Ordinal);
        foreach (GraphProtos.NodeDef call in graph.Node)
            if (call.Attr.TryGetValue("f", out GraphProtos.AttrValue? called) && called.Func is not null
                && functions[called.Func.Name].FirstOrDefault() is GraphProtos.FunctionDef restore)
                AddRestored(Frame.ByName(restore.NodeDef), argument => Passed(restore, call, argument));
    }

    /// <summary>The value of a variable.</summary>
    /// <param name="node">The node that holds it or makes its handle.</param>
    /// <exception cref="GraphException">There is no checkpoint, or nothing in it for the variable.</exception>
    public ConstantValue Read(string node)
    {
        if (_values.TryGetValue(node, out ConstantValue? value))
            return value;
        string name = _sharedNames.GetValueOrDefault(node, node);
        if (_checkpoint is null)
            throw new GraphException($"the variable '{name}' has no value: the graph is not frozen and comes without " +
                "a checkpoint");
        string key = _keys.TryGetValue(node, out string? restored) ? restored
            : _checkpoint.Contains(name) ? name
            : _keysByVariable.Value.TryGetValue(name, out string? listed) ? listed
            : throw new GraphException($"the checkpoint holds nothing for the variable '{name}'");
        value = SourceRules.Widen(_checkpoint.Read(key), name);
        _values.Add(node, value);
        return value;
    }

    /// <summary>Adds what nodes Assign(variable, RestoreV2:i) say.</summary>
    /// <param name="nodes">The nodes of the graph or of a function.</param>
    /// <param name="outer">The graph's node that a handle's name means; null for none.</param>
    private void AddRestored(Dictionary<string, GraphProtos.NodeDef> nodes, Func<string, string?> outer)
    {
        foreach (GraphProtos.NodeDef node in nodes.Values)
            if (node.Op is "Assign" or "AssignVariableOp" && node.Input.Count >= 2
                && Follow(nodes, node.Input[1]) is { } value
                && nodes.TryGetValue(value.Node, out GraphProtos.NodeDef? restore) && restore.Op == "RestoreV2"
                && restore.Input.Count >= 2 && Names(nodes, restore.Input[1]) is { } names && value.Index < names.Count
                && outer(Follow(nodes, node.Input[0]).Node) is string variable && _sharedNames.ContainsKey(variable))
                _keys[variable] = names[value.Index].ToStringUtf8();
    }

    private static TensorReference Follow(Dictionary<string, GraphProtos.NodeDef> nodes, string input)
    {
        var reference = TensorReference.Parse(input);
        for (int i = 0; i < nodes.Count && nodes.TryGetValue(reference.Node, out GraphProtos.NodeDef? node)
            && node.Op is "Identity" or "Cast" && node.Input.Count > 0; i++)
            reference = TensorReference.Parse(node.Input[0]);
        return reference;
    }

    private static RepeatedField<ByteString>? Names(Dictionary<string, GraphProtos.NodeDef> nodes, string input) =>
        nodes.TryGetValue(Follow(nodes, input).Node, out GraphProtos.NodeDef? node)
        && node.Attr.TryGetValue("value", out GraphProtos.AttrValue? value) ? value.Tensor?.StringVal : null;

    /// <summary>What a call passes for an argument of its function.</summary>
    private static string? Passed(GraphProtos.FunctionDef function, GraphProtos.NodeDef call, string argument)
    {
        for (int i = 0; i < function.Signature.InputArg.Count && i < call.Input.Count; i++)
            if (function.Signature.InputArg[i].Name == argument)
                return TensorReference.Parse(call.Input[i]).Node;
        return null;
    }
}
