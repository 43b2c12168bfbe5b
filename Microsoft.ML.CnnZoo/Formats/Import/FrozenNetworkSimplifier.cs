using Microsoft.ML.CnnZoo.Execution.Passes;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Formats.Import;

/// <summary>
/// Takes out of a network from a file what only its exporter needed: nodes that no score depends on, identities, and
/// factors and sums per channel behind a convolution or dense layer (batch norms that an exporter has taken apart).
/// </summary>
internal static class FrozenNetworkSimplifier
{
    /// <summary>The simplified graph; its only fetch is the network's output.</summary>
    public static GraphRequest Simplify(FrozenNetwork network) =>
        FoldChains(RemoveIdentities(new GraphRequest(network.Graph, [network.Output.Tensor], [])));

    private static GraphRequest RemoveIdentities(GraphRequest request)
    {
        HashSet<NodeDef> needed = Prune.Needed(request);
        var rewriter = new GraphRewriter(request);
        foreach (NodeDef node in request.Graph.Nodes.Where(needed.Contains))
            if (node.Op is "Identity" or "StopGradient" && !node.Attributes.ContainsKey(FrozenNetwork.DropoutRate))
                rewriter.Replace(node.Output(), rewriter.Map(node.Inputs[0]));
            else
                rewriter.Copy(node);
        return rewriter.Finish();
    }

    private static GraphRequest FoldChains(GraphRequest request)
    {
        var readers = new GraphReaders(request);
        List<Chain> chains = [.. request.Graph.Nodes.Select(n => Chain.Find(n, readers)).OfType<Chain>()];
        Dictionary<NodeDef, Chain> ends = chains.ToDictionary(c => c.Last);
        HashSet<NodeDef> inner = [.. chains.SelectMany(c => c.Nodes.SkipLast(1).Prepend(c.Start))];
        var rewriter = new GraphRewriter(request);
        foreach (NodeDef node in request.Graph.Nodes.Where(n => !inner.Contains(n)))
            if (ends.TryGetValue(node, out Chain? chain))
                chain.Write(rewriter);
            else
                rewriter.Copy(node);
        // Constants that were folded are left without readers.
        GraphRequest folded = rewriter.Finish();
        return RemoveIdentities(folded);
    }

    /// <summary>A layer with constant weights and what is multiplied and added behind it, channel by channel.</summary>
    private sealed class Chain
    {
        private readonly float[] _factor;
        private readonly float[] _shift;
        private string? _shiftName;

        private Chain(NodeDef start, int channels)
        {
            Start = start;
            _factor = [.. Enumerable.Repeat(1f, channels)];
            _shift = new float[channels];
        }

        public NodeDef Start { get; }

        public List<NodeDef> Nodes { get; } = [];

        public NodeDef Last => Nodes[^1];

        public static Chain? Find(NodeDef start, GraphReaders readers)
        {
            if (start.Op is not ("Conv2D" or "DepthwiseConv2dNative" or "MatMul") || start.Inputs[1].Node.Op != "Const"
                || readers.Count(start.Inputs[1]) != 1
                || (start.Op == "MatMul" && (start.Attributes["transpose_b"].Bool || start.Attributes["transpose_a"].Bool)))
                return null;
            var chain = new Chain(start, start.Outputs[0].Shape[^1]);
            NodeOutput at = start.Output();
            bool changes = false;
            while (readers.Sole(at) is { } next && chain.Take(next, at, ref changes))
                at = next.Output();
            return changes ? chain : null;
        }

        /// <summary>Takes a node into the chain; what a BiasAdd alone adds is no change.</summary>
        private bool Take(NodeDef node, NodeOutput x, ref bool changes)
        {
            if (node.Op is not ("BiasAdd" or "AddV2" or "Add" or "Sub" or "Mul" or "RealDiv") || node.Inputs.Count != 2
                || !node.Outputs[0].Shape.Equals(x.Shape))
                return false;
            bool second = node.Inputs[0].Equals(x);
            NodeOutput other = node.Inputs[second ? 1 : 0];
            if (other.Node.Op != "Const" || other.Type != DataType.Float || (!second && node.Op is "Sub" or "RealDiv")
                || PerChannel(other, _factor.Length) is not { } values)
                return false;
            for (int c = 0; c < _factor.Length; c++)
                switch (node.Op)
                {
                    case "Mul" or "RealDiv":
                        float factor = node.Op == "Mul" ? values[c] : 1 / values[c];
                        _factor[c] *= factor;
                        _shift[c] *= factor;
                        break;
                    default:
                        _shift[c] += node.Op == "Sub" ? -values[c] : values[c];
                        break;
                }
            changes |= node.Op != "BiasAdd" || Nodes.Count > 0;
            if (node.Op is not ("Mul" or "RealDiv"))
                _shiftName ??= other.Node.Name;
            Nodes.Add(node);
            return true;
        }

        public void Write(GraphRewriter rewriter)
        {
            NodeDef filter = Start.Inputs[1].Node;
            TensorLiteral weights = filter.Attributes["value"].Tensor;
            float[] scaled = weights.Values<float>().ToArray();
            for (int i = 0; i < scaled.Length; i++) // the last dimensions are the channels: HWIO, [in,out], [kh,kw,C,m]
                scaled[i] *= _factor[i % _factor.Length];
            NodeDef folded = Constant(rewriter, $"{filter.Name}/folded", TensorLiteral.Of<float>(weights.Spec.Shape, scaled));
            NodeDef layer = rewriter.Add(Start.Definition, Start.Name,
                [rewriter.Map(Start.Inputs[0]), folded.Output()], Start.Attributes);
            if (_shiftName is null)
            {
                rewriter.Replace(Last.Output(), layer.Output());
                return;
            }
            NodeDef shift = Constant(rewriter, $"{_shiftName}/folded", TensorLiteral.Vector<float>(_shift));
            rewriter.Replace(Last, rewriter.Add(OpCatalog.Get("BiasAdd"), Last.Name, [layer.Output(), shift.Output()], []));
        }

        private static NodeDef Constant(GraphRewriter rewriter, string name, TensorLiteral value) =>
            rewriter.Add(OpCatalog.Get("Const"), name, [],
                [new("value", AttributeValue.Of(value)), new("dtype", AttributeValue.Of(value.Spec.Type))]);
    }

    /// <summary>A constant's value for each channel; null where it varies over other dimensions.</summary>
    internal static float[]? PerChannel(NodeOutput constant, int channels)
    {
        TensorLiteral value = constant.Node.Attributes["value"].Tensor;
        float[] values = value.Values<float>().ToArray();
        return values.Length == 1 ? [.. Enumerable.Repeat(values[0], channels)]
            : values.Length == channels && constant.Shape.Rank > 0 && constant.Shape[^1] == channels ? values : null;
    }
}
