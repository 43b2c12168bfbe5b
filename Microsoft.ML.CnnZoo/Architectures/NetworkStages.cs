using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>
/// A network's stages and layers by name. A name stands for every node and variable whose name begins with it, up to a
/// slash, dot or underscore: <c>conv4</c> is conv4_1 to conv4_6, <c>conv4_2</c> one of these blocks, <c>conv4_2/a</c> a
/// layer of it.
/// </summary>
/// <param name="graph">The network as it scores.</param>
internal sealed class NetworkStages(NetworkGraph graph)
{
    private static readonly char[] Separators = ['/', '.'];

    /// <summary>The scopes at the top, or below the one that holds all others, in the order of the graph.</summary>
    public IReadOnlyList<string> Names { get; } = Top([.. graph.Variables.Select(v => Scopes(v.Name).ToArray())]);

    /// <summary>Whether there is a stage or layer of that name.</summary>
    public bool Has(string stage) => Nodes(stage).Any();

    /// <summary>The variables of a stage.</summary>
    public IReadOnlySet<string> Variables(string stage) => Nodes(stage).SelectMany(VariablesOf).ToHashSet(StringComparer.Ordinal);

    /// <summary>The variables of a stage and of everything that it is computed from.</summary>
    public IReadOnlySet<string> VariablesUpTo(string stage)
    {
        HashSet<NodeDef> nodes = [.. Nodes(stage)];
        foreach (NodeDef node in graph.Nodes.Reverse().Where(nodes.Contains))
            nodes.UnionWith(node.Inputs.Select(i => i.Node));
        return nodes.SelectMany(VariablesOf).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>The last node of a stage; null where there is no such stage.</summary>
    public NodeDef? Last(string stage) => Nodes(stage).LastOrDefault(n => n.Op != "Const");

    /// <summary>What a name that does not exist could have been: the most similar names first, then the stages.</summary>
    public string Choices(string unknown)
    {
        IReadOnlyList<string> near =
            ArchitectureNames.Near(unknown, graph.Variables.SelectMany(v => Scopes(v.Name))
                .Concat(graph.Nodes.Where(n => n.Op != "Const" && !n.IsSource).SelectMany(n => Scopes(n.Name))).Distinct());
        return $"the name of a stage or layer: {string.Join(", ", near.Concat(Names).Distinct())}";
    }

    private static string[] Top(string[][] scopes)
    {
        string[] names = [];
        for (int depth = 0; names.Length < 2 && scopes.Any(s => s.Length > depth); depth++)
            names = [.. scopes.Where(s => s.Length > depth).Select(s => s[depth]).Distinct()];
        return names;
    }

    private IEnumerable<NodeDef> Nodes(string stage) => graph.Nodes.Where(n => n.Op is not ("VarHandleOp" or "ReadVariableOp")
        && (IsPart(n.Name, stage) || VariablesOf(n).Any(v => IsPart(v, stage))));

    private static IEnumerable<string> VariablesOf(NodeDef node) => node.Inputs
        .Where(i => i.Node.Op == "ReadVariableOp").Select(i => i.Node.Inputs[0].Node.Name);

    private static bool IsPart(string name, string stage)
    {
        string full = name.TrimStart('/');
        return full.StartsWith(stage, StringComparison.OrdinalIgnoreCase)
            && (full.Length == stage.Length || full[stage.Length] is '/' or '.' or '_');
    }

    /// <summary>a/b/kernel → a, a/b.</summary>
    private static IEnumerable<string> Scopes(string variable)
    {
        string name = variable.TrimStart('/');
        for (int end = name.IndexOfAny(Separators); end >= 0; end = name.IndexOfAny(Separators, end + 1))
            yield return name[..end];
    }
}
