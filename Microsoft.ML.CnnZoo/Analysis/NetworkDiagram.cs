using System.Text;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Analysis;

/// <summary>
/// A diagram of a network, in Graphviz' DOT: a box per layer with its operations and the size of its result,
/// boxes of one scope in one frame.
/// </summary>
/// <remarks>
/// Biases, normalizations and activations stand in the box of the layer that they follow, unless something else reads
/// that layer's result too. Weights, shapes, gradients and running statistics are left out. Depends on the graph alone:
/// the same graph gives the same text.
/// </remarks>
internal static class NetworkDiagram
{
    /// <summary>Draws a network.</summary>
    /// <param name="architecture">The network.</param>
    /// <param name="classes">Number of classes, at least 2.</param>
    /// <param name="mode">Inference, or training: with dropout and auxiliary classifiers.</param>
    /// <returns>A <c>digraph</c>, lines ending in \n.</returns>
    public static string ToDot(CnnArchitecture architecture, int classes, GraphMode mode = GraphMode.Inference)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        (NetworkGraph graph, NetworkOutputs outputs) = architecture.BuildGraph(mode, classes);
        return ToDot(graph, [outputs.Scores, .. outputs.Auxiliary.Select(a => a.Logits)],
            $"{architecture.DisplayName}, {classes} classes");
    }

    /// <summary>Draws what lies between a graph's image (a placeholder of rank 4) and some of its tensors.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="outputs">Where the diagram ends.</param>
    /// <param name="title">Stands above it.</param>
    /// <returns>A <c>digraph</c>, lines ending in \n.</returns>
    public static string ToDot(NetworkGraph graph, IReadOnlyList<NodeOutput> outputs, string title)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(outputs);
        List<NodeDef> nodes = Between(graph, outputs);
        Dictionary<NodeDef, DiagramBox> boxes = Fill(nodes);
        var text = new StringBuilder();
        text.Append($"digraph {Quote(title)} {{\n  graph [label={Quote(title)}, labelloc=t, fontname=\"Helvetica\", ")
            .Append("fontsize=20, ranksep=0.3, nodesep=0.3];\n")
            .Append("  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"Helvetica\", fontsize=12, ")
            .Append("margin=\"0.12,0.06\"];\n  edge [arrowsize=0.6, color=\"#666666\"];\n");
        int clusters = 0;
        WriteBoxes(text, [.. boxes.Values.Distinct().OrderBy(b => b.Id)], depth: 0, ref clusters);
        foreach ((int from, int to) in nodes.SelectMany(n => n.Inputs.Where(i => boxes.ContainsKey(i.Node))
            .Select(i => (From: boxes[i.Node].Id, To: boxes[n].Id))).Where(e => e.From != e.To).Distinct())
            text.Append($"  n{from} -> n{to};\n");
        return text.Append("}\n").ToString();
    }

    /// <summary>The nodes that depend on the image and that an output depends on.</summary>
    private static List<NodeDef> Between(NetworkGraph graph, IReadOnlyList<NodeOutput> outputs)
    {
        IReadOnlyDictionary<NodeDef, ReceptiveField> dependent = ReceptiveField.Of(graph);
        var needed = new HashSet<NodeDef>();
        var open = new Stack<NodeDef>(outputs.Select(o => o.Node));
        while (open.TryPop(out NodeDef? node))
        {
            if (!dependent.ContainsKey(node) || !needed.Add(node))
                continue;
            foreach (NodeOutput input in node.Inputs)
                open.Push(input.Node);
        }
        return [.. graph.Nodes.Where(needed.Contains)];
    }

    /// <summary>
    /// Puts every node in a box. A box grows only behind nodes with one reader, so boxes never form a circle.
    /// </summary>
    private static Dictionary<NodeDef, DiagramBox> Fill(List<NodeDef> nodes)
    {
        Dictionary<NodeDef, int> readers = nodes.SelectMany(n => n.Inputs.Select(i => i.Node).Distinct())
            .CountBy(n => n).ToDictionary();
        var boxes = new Dictionary<NodeDef, DiagramBox>();
        int count = 0;
        foreach (NodeDef node in nodes)
        {
            List<NodeDef> inputs = [.. node.Inputs.Select(i => i.Node).Where(boxes.ContainsKey).Distinct()];
            boxes[node] = inputs is [NodeDef single] && readers[single] == 1 && boxes[single].TryAppend(node)
                ? boxes[single] : new DiagramBox(count++, node);
        }
        return boxes;
    }

    /// <summary>Boxes that share a scope at this depth stand in one frame.</summary>
    private static void WriteBoxes(StringBuilder text, List<DiagramBox> boxes, int depth, ref int clusters)
    {
        string indent = new(' ', 2 + (2 * depth));
        foreach (IGrouping<string, DiagramBox> scope in boxes.GroupBy(b => b.Path.Length > depth ? b.Path[depth] : "",
            StringComparer.Ordinal))
        {
            List<DiagramBox> inside = [.. scope];
            if (inside.Count == 1 || scope.Key.Length == 0)
            {
                foreach (DiagramBox box in inside)
                    WriteBox(text, indent, box, depth);
                continue;
            }
            text.Append($"{indent}subgraph cluster_{clusters++} {{\n{indent}  label={Quote(scope.Key)}; labeljust=l; fontsize=13; ")
                .Append($"style=\"rounded,filled\"; color=\"#bbbbbb\"; fillcolor=\"{(depth % 2 == 0 ? "#f7f7f7" : "#efefef")}\";\n");
            WriteBoxes(text, inside, depth + 1, ref clusters);
            text.Append($"{indent}}}\n");
        }
    }

    private static void WriteBox(StringBuilder text, string indent, DiagramBox box, int depth)
    {
        string name = string.Join('/', box.Path.Skip(depth));
        string[] lines = [.. new[] { name, box.Operations, box.Size }.Where(line => line.Length > 0)
            .Distinct(StringComparer.Ordinal)];
        text.Append($"{indent}n{box.Id} [label={Quote(string.Join('\n', lines))}, fillcolor=\"{box.Color}\"];\n");
    }

    private static string Quote(string text)
    {
        string escaped = text.Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return $"\"{escaped}\"";
    }
}
