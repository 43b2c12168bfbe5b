using Microsoft.ML.CnnZoo.Graph;
using GraphProtos = Microsoft.ML.CnnZoo.Graph.Protos;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Reading;

/// <summary>The nodes of the file's graph, or of one call of a function, with what they evaluate to.</summary>
internal sealed class Frame
{
    private const int GreatestDepth = 64;

    private readonly Dictionary<string, Value> _arguments = new(StringComparer.Ordinal);

    /// <summary>The graph itself.</summary>
    public Frame(IEnumerable<GraphProtos.NodeDef> nodes) => Nodes = ByName(nodes);

    /// <summary>A call.</summary>
    /// <param name="function">The function called.</param>
    /// <param name="nodes">Its nodes by name.</param>
    /// <param name="call">The calling node's name.</param>
    /// <param name="caller">The calling frame.</param>
    /// <param name="arguments">Values of the function's arguments.</param>
    public Frame(GraphProtos.FunctionDef function, Dictionary<string, GraphProtos.NodeDef> nodes, string call,
        Frame caller, IReadOnlyList<Value> arguments)
    {
        (Function, Nodes, Caller, Prefix) = (function, nodes, caller, $"{caller.Prefix}{call}/");
        string name = function.Signature.Name;
        int depth = 0;
        for (Frame? frame = caller; frame is not null; frame = frame.Caller, depth++)
            if (frame.Function == function)
                throw new GraphException($"the function '{name}' calls itself");
        if (depth > GreatestDepth)
            throw new GraphException($"functions call each other more than {GreatestDepth} deep");
        if (function.Signature.InputArg.Count != arguments.Count)
            throw new GraphException($"the function '{name}' has {function.Signature.InputArg.Count} arguments, " +
                $"received {arguments.Count}");
        for (int i = 0; i < arguments.Count; i++)
            _arguments[function.Signature.InputArg[i].Name] = arguments[i];
    }

    public GraphProtos.FunctionDef? Function { get; }
    public Frame? Caller { get; }
    public Dictionary<string, GraphProtos.NodeDef> Nodes { get; }

    /// <summary>Names of the calling nodes, each with a slash.</summary>
    public string Prefix { get; } = "";

    /// <summary>Outputs of the nodes evaluated so far.</summary>
    public Dictionary<string, Value[]> Values { get; } = new(StringComparer.Ordinal);

    /// <summary>Nodes being evaluated.</summary>
    public HashSet<string> Open { get; } = new(StringComparer.Ordinal);

    public Value? Argument(string name) => _arguments.GetValueOrDefault(name);

    /// <summary>Nodes by name.</summary>
    /// <exception cref="GraphException">A node has no name, or two have the same.</exception>
    public static Dictionary<string, GraphProtos.NodeDef> ByName(IEnumerable<GraphProtos.NodeDef> nodes)
    {
        var byName = new Dictionary<string, GraphProtos.NodeDef>(StringComparer.Ordinal);
        foreach (GraphProtos.NodeDef node in nodes)
            if (node.Name.Length == 0 || !byName.TryAdd(node.Name, node))
                throw new GraphException(node.Name.Length == 0 ? $"A node of op '{node.Op}' has no name."
                    : $"Two nodes are named '{node.Name}'.");
        return byName;
    }
}
