using GraphProtos = Microsoft.ML.CnnZoo.Graph.Protos;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Reading;

/// <summary>Finds the outputs of a graph that does not name them: what no other node reads.</summary>
internal static class GraphOutputs
{
    private const int MostCandidates = 32;

    private static readonly HashSet<string> NeverOutputs =
    [
        "Const", "NoOp", "Assert", "Placeholder", "PlaceholderV2", "PlaceholderWithDefault", "VarHandleOp",
        "VariableV2", "Variable", "Assign", "AssignVariableOp", "AssignSub", "AssignAdd", "AssignSubVariableOp",
        "SaveV2", "RestoreV2", "MergeV2Checkpoints", "ShardedFilename", "Print", "PrintV2", "MergeSummary",
        "ScalarSummary", "HistogramSummary", "ImageSummary",
    ];

    // Ops after the scores that only pick or count.
    private static readonly HashSet<string> Pickers = ["ArgMax", "TopK", "TopKV2", "InTopK", "InTopKV2", "Equal"];

    /// <summary>The outputs, the one that depends on the most nodes first: heads beside the main one end earlier.
    /// </summary>
    public static IReadOnlyList<string> Find(GraphProtos.GraphDef graph)
    {
        Dictionary<string, GraphProtos.NodeDef> nodes = Frame.ByName(graph.Node);
        HashSet<string> read = [.. graph.Node.SelectMany(Inputs)];
        string[] candidates = [.. graph.Node.Where(n => !read.Contains(n.Name) && !NeverOutputs.Contains(n.Op))
            .Select(n => BeforePickers(nodes, n)).OfType<string>().Distinct().TakeLast(MostCandidates)];
        var counted = candidates.Select(c => (Name: c, Ancestors: Ancestors(nodes, c)))
            .Where(c => c.Ancestors.Any(a => SourceRules.IsInput(nodes[a]))).ToArray();
        if (counted.Length == 0)
            throw new Graph.GraphException("the graph has no output that depends on an input");
        return [.. counted.Reverse().OrderByDescending(c => c.Ancestors.Count).Select(c => c.Name)];
    }

    private static string? BeforePickers(Dictionary<string, GraphProtos.NodeDef> nodes, GraphProtos.NodeDef node)
    {
        for (int i = 0; i < nodes.Count && Pickers.Contains(node.Op); i++)
            if (Inputs(node) is not [string input, ..] || !nodes.TryGetValue(input, out node!))
                return null;
        return node.Name;
    }

    private static HashSet<string> Ancestors(Dictionary<string, GraphProtos.NodeDef> nodes, string name)
    {
        var found = new HashSet<string>(StringComparer.Ordinal) { name };
        var open = new Stack<string>([name]);
        while (open.TryPop(out string? next))
            foreach (string input in Inputs(nodes[next]))
                if (nodes.ContainsKey(input) && found.Add(input))
                    open.Push(input);
        return found;
    }

    private static List<string> Inputs(GraphProtos.NodeDef node) =>
        [.. node.Input.Select(TensorReference.Parse).Where(i => !i.IsControl).Select(i => i.Node)];
}
