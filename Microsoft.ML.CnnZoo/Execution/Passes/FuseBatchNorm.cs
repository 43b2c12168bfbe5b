using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Execution.Passes;

/// <summary>
/// Batch norm, the sum with a residual block's shortcut and ReLU become one <c>_FusedBatchNormEx</c>, and ReluGrad with
/// the batch norm's gradient one <c>_FusedBatchNormGradEx</c>, as TensorFlow's remapper names them: each saves passes
/// over memory, which dominate the cost of these ops.
/// </summary>
internal sealed class FuseBatchNorm : IGraphPass
{
    public string Name => "fuse batch norm and activation";

    public GraphRequest Apply(GraphRequest request)
    {
        var readers = new GraphReaders(request);
        var forward = new Dictionary<NodeDef, Forward>(); // by batch norm
        var inner = new HashSet<NodeDef>();
        // In reverse order, so that of two batch norms that are added the later one is fused with the sum.
        foreach (NodeDef norm in request.Graph.Nodes.Reverse().Where(n => n.Op == "FusedBatchNormV3"))
        {
            if (MatchForward(norm, readers, inner) is not Forward match)
                continue;
            forward.Add(norm, match);
            inner.Add(match.Relu);
            if (match.Sum is not null)
                inner.Add(match.Sum);
        }
        var backward = new Dictionary<NodeDef, Backward>(); // by ReluGrad
        foreach ((NodeDef norm, Forward match) in forward)
            if (MatchBackward(norm, match, readers) is (NodeDef reluGradient, NodeDef gradient))
                backward.Add(reluGradient, new Backward(norm, gradient, HasSide: match.Sum is not null));
        inner.UnionWith(backward.Values.Select(b => b.Gradient));
        return new Rewriting(request, forward, backward, inner).Run();
    }

    private static Forward? MatchForward(NodeDef norm, GraphReaders readers, HashSet<NodeDef> taken)
    {
        NodeDef? next = readers.Sole(norm.Output());
        if (next?.Op == "Relu")
            return new Forward(null, default, next);
        return next?.Op == "AddV2" && !taken.Contains(next)
            && next.Inputs.All(i => i.Shape.Equals(norm.Outputs[0].Shape))
            && readers.Sole(next.Output()) is { Op: "Relu" } relu
            ? new Forward(next, next.Inputs[next.Inputs[0].Node == norm ? 1 : 0], relu) : null;
    }

    /// <summary>
    /// The ReluGrad of a fused forward step and the batch norm's gradient that reads it. Without a side tensor no other
    /// node may read the tensor between them.
    /// </summary>
    private static (NodeDef ReluGradient, NodeDef Gradient)? MatchBackward(NodeDef norm, Forward match,
        GraphReaders readers)
    {
        NodeDef[] reluGradients = [.. readers.Of(match.Relu.Output())
            .Where(n => n.Op == "ReluGrad" && n.Inputs[1] == match.Relu.Output())];
        if (reluGradients.Length != 1)
            return null;
        NodeOutput masked = reluGradients[0].Output();
        NodeDef? gradient = readers.Of(masked).FirstOrDefault(n => n.Op == "FusedBatchNormGradV3"
            && n.Inputs[0] == masked && n.Inputs[1] == norm.Inputs[0] && n.Inputs[2] == norm.Inputs[1]);
        return gradient is not null && readers.Count(masked) > 1 == match.Sum is not null
            ? (reluGradients[0], gradient) : null;
    }

    private sealed record Forward(NodeDef? Sum, NodeOutput Side, NodeDef Relu);

    private sealed record Backward(NodeDef Norm, NodeDef Gradient, bool HasSide);

    /// <summary>
    /// Copies the graph with each fused step in the place of its batch norm; the inputs it needs (the side tensor) are
    /// copied before it.
    /// </summary>
    private sealed class Rewriting(GraphRequest request, Dictionary<NodeDef, Forward> forward,
        Dictionary<NodeDef, Backward> backward, HashSet<NodeDef> inner)
    {
        private readonly GraphRewriter _rewriter = new(request);
        private readonly HashSet<NodeDef> _visited = [];

        public GraphRequest Run()
        {
            foreach (NodeDef node in request.Graph.Nodes)
                Visit(node);
            return _rewriter.Finish();
        }

        private void Visit(NodeDef node)
        {
            if (!_visited.Add(node))
                return;
            foreach (NodeOutput input in node.Inputs)
                Visit(input.Node);
            foreach (NodeDef control in node.ControlInputs)
                Visit(control);
            if (forward.TryGetValue(node, out Forward? match))
                Fuse(node, match);
            else if (backward.TryGetValue(node, out Backward? gradient))
                FuseGradient(node, gradient);
            else if (!inner.Contains(node))
                _rewriter.Copy(node);
        }

        private void Fuse(NodeDef norm, Forward match)
        {
            List<NodeOutput> inputs = [.. norm.Inputs];
            if (match.Sum is not null)
            {
                Visit(match.Side.Node);
                inputs.Add(match.Side);
            }
            NodeDef fused = _rewriter.Add(OpCatalog.Get("_FusedBatchNormEx"), norm.Name,
                [.. inputs.Select(_rewriter.Map)], Attributes(norm, match.Sum is not null));
            _rewriter.Replace(norm, fused);
            _rewriter.Replace(match.Relu, fused);
        }

        private void FuseGradient(NodeDef reluGradient, Backward match)
        {
            (NodeDef norm, NodeDef gradient, bool hasSide) = match;
            NodeOutput[] inputs = [reluGradient.Inputs[0], .. gradient.Inputs.Skip(1), norm.Inputs[2],
                reluGradient.Inputs[1]];
            foreach (NodeOutput input in inputs)
                Visit(input.Node);
            NodeDef fused = _rewriter.Add(OpCatalog.Get("_FusedBatchNormGradEx"), gradient.Name,
                [.. inputs.Select(_rewriter.Map)], Attributes(gradient, hasSide));
            _rewriter.Replace(gradient, fused);
            if (hasSide)
                _rewriter.Replace(reluGradient.Output(), fused.Output(5));
        }

        private static Dictionary<string, AttributeValue> Attributes(NodeDef node, bool hasSide) => new(node.Attributes)
        {
            ["num_side_inputs"] = AttributeValue.Of(hasSide ? 1L : 0L),
            ["activation_mode"] = AttributeValue.Of("Relu"),
        };
    }
}
