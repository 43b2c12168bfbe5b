using System.Text.RegularExpressions;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Writing;

/// <summary>
/// Names of nodes that TensorFlow accepts: as they are, except those of imported networks with other characters than
/// letters, digits and <c>_.-/</c>, which become underscores; and those begin with a letter, a digit or a dot.
/// </summary>
internal sealed partial class TensorFlowNames
{
    private readonly Dictionary<NodeDef, string> _names = [];

    /// <summary>Names the nodes of a graph.</summary>
    public TensorFlowNames(NetworkGraph graph)
    {
        var taken = graph.Nodes.Select(n => n.Name).ToHashSet(StringComparer.Ordinal);
        foreach (NodeDef node in graph.Nodes)
        {
            string legal = Illegal().Replace(node.Name, "_").TrimStart('_', '-', '/');
            legal = legal.Length == 0 ? "node" : legal;
            string name = legal;
            for (int n = 1; name != node.Name && !taken.Add(name); n++)
                name = $"{legal}_{n}";
            _names.Add(node, name);
        }
    }

    /// <summary>The name of a node.</summary>
    public string Of(NodeDef node) => _names[node];

    /// <summary>The name of a tensor; the port is left out when it is 0.</summary>
    public string Of(NodeOutput tensor) => tensor.Port == 0 ? Of(tensor.Node) : $"{Of(tensor.Node)}:{tensor.Port}";

    [GeneratedRegex("[^A-Za-z0-9_.\\-/]")]
    private static partial Regex Illegal();
}
