using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Execution.Planning;

/// <summary>
/// The order of a plan's steps: the graph's own, except that a variable is updated after all steps that read it, and
/// then at once, so that its gradient's memory is freed early.
/// </summary>
internal static class Schedule
{
    /// <summary>The nodes that need a kernel, in the order in which they run.</summary>
    public static IReadOnlyList<NodeDef> Order(NetworkGraph graph)
    {
        NodeDef[] steps = [.. graph.Nodes.Where(n => !n.IsView && !n.IsSource)];
        Dictionary<NodeDef, List<NodeDef>> successors = steps.ToDictionary(n => n, _ => new List<NodeDef>());
        Dictionary<NodeDef, int> waiting = steps.ToDictionary(n => n, _ => 0);
        void Edge(NodeDef before, NodeDef after)
        {
            if (before == after || !successors.TryGetValue(before, out List<NodeDef>? list))
                return;
            list.Add(after);
            waiting[after]++;
        }
        foreach (NodeDef node in steps)
            foreach (NodeDef producer in node.Inputs.Select(i => Root(i).Node)
                .Concat(node.ControlInputs.Select(SkipViews)).Distinct())
                Edge(producer, node);
        foreach ((NodeDef reader, NodeDef writer) in ReadersBeforeWriters(steps))
            Edge(reader, writer);
        return Kahn(steps, successors, waiting);
    }

    /// <summary>The tensor whose memory a tensor shares.</summary>
    public static NodeOutput Root(NodeOutput tensor)
    {
        while (tensor.Node.IsView)
            tensor = tensor.Node.Inputs[0];
        return tensor;
    }

    private static NodeDef SkipViews(NodeDef node)
    {
        while (node.IsView)
            node = node.Inputs[0].Node;
        return node;
    }

    private static IEnumerable<(NodeDef Reader, NodeDef Writer)> ReadersBeforeWriters(NodeDef[] steps)
    {
        ILookup<NodeDef, NodeDef> users = steps.SelectMany(s => s.Inputs.Select(i => (Handle: Root(i).Node, User: s)))
            .Where(p => p.Handle.Op == "VarHandleOp").Distinct().ToLookup(p => p.Handle, p => p.User);
        foreach (IGrouping<NodeDef, NodeDef> handle in users)
        {
            NodeDef[] writers = [.. handle.Where(u => Writes(u, handle.Key))];
            foreach (NodeDef writer in writers)
                foreach (NodeDef reader in handle.Where(u => !writers.Contains(u)))
                    yield return (reader, writer);
            for (int i = 1; i < writers.Length; i++)
                yield return (writers[i - 1], writers[i]);
        }
    }

    private static bool Writes(NodeDef user, NodeDef handle) => user.Definition.IsStateful
        && user.Inputs.Any(i => i.Node == handle && i.Type == DataType.Resource);

    private static List<NodeDef> Kahn(NodeDef[] steps, Dictionary<NodeDef, List<NodeDef>> successors,
        Dictionary<NodeDef, int> waiting)
    {
        // Stateful nodes first, then the graph's order: deterministic.
        var ready = new PriorityQueue<NodeDef, (int, int)>();
        static (int, int) Priority(NodeDef n) => (n.Definition.IsStateful ? 0 : 1, n.Index);
        foreach (NodeDef node in steps.Where(n => waiting[n] == 0))
            ready.Enqueue(node, Priority(node));
        var order = new List<NodeDef>(steps.Length);
        while (ready.TryDequeue(out NodeDef? node, out _))
        {
            order.Add(node);
            foreach (NodeDef next in successors[node])
                if (--waiting[next] == 0)
                    ready.Enqueue(next, Priority(next));
        }
        if (order.Count != steps.Length)
            throw new GraphException($"The graph cannot be ordered: {string.Join(", ", steps.Except(order).Take(5))} " +
                "depend on one another (a variable is read after a step that must follow its update).");
        return order;
    }
}
