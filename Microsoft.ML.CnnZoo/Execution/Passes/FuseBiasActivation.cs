using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Execution.Passes;

/// <summary>
/// A convolution or MatMul, BiasAdd, the sum with a tensor of the same shape (a residual block's shortcut) and an
/// activation become one <c>_FusedConv2D</c>, <c>_FusedDepthwiseConv2dNative</c> or <c>_FusedMatMul</c>, named and
/// attributed as TensorFlow's own remapper does, wherever no other node reads the tensors between them.
/// Also valid in training: the gradients of these activations read their output.
/// </summary>
internal sealed class FuseBiasActivation : IGraphPass
{
    private static readonly HashSet<string> Activations = ["Relu", "Relu6", "Tanh", "Sigmoid"];

    private static readonly Dictionary<string, string> FusedNames = new()
    {
        ["Conv2D"] = "_FusedConv2D", ["DepthwiseConv2dNative"] = "_FusedDepthwiseConv2dNative",
        ["MatMul"] = "_FusedMatMul",
    };

    public string Name => "fuse bias, sum and activation";

    public GraphRequest Apply(GraphRequest request)
    {
        var readers = new GraphReaders(request);
        var chains = new Dictionary<NodeDef, Chain>(); // by last node
        var inner = new HashSet<NodeDef>();
        // In reverse order, so that of two convolutions that are added the later one is fused with the sum: the other
        // is its side tensor, already computed.
        foreach (NodeDef node in request.Graph.Nodes.Reverse().Where(n => FusedNames.ContainsKey(n.Op)))
        {
            if (Match(node, readers, inner) is not Chain chain)
                continue;
            chains.Add(chain.Last, chain);
            inner.UnionWith(new[] { chain.Root, chain.Bias, chain.Sum, chain.Activation }.OfType<NodeDef>());
        }
        var rewriter = new GraphRewriter(request);
        foreach (NodeDef node in request.Graph.Nodes)
        {
            if (chains.TryGetValue(node, out Chain? chain))
                rewriter.Replace(node, Fuse(rewriter, chain));
            else if (!inner.Contains(node))
                rewriter.Copy(node);
        }
        return rewriter.Finish();
    }

    private static Chain? Match(NodeDef root, GraphReaders readers, HashSet<NodeDef> taken)
    {
        if (readers.Sole(root.Output()) is not { Op: "BiasAdd" } bias || bias.Inputs[0].Node != root)
            return null;
        NodeDef? sum = root.Op != "DepthwiseConv2dNative" && readers.Sole(bias.Output()) is { Op: "AddV2" } s
            && s.Inputs.All(i => i.Shape.Equals(bias.Outputs[0].Shape)) && !taken.Contains(s)
            ? s : null;
        NodeDef last = sum ?? bias;
        NodeDef? activation = readers.Sole(last.Output()) is NodeDef a && Activations.Contains(a.Op) ? a : null;
        return new Chain(root, bias, sum, activation);
    }

    private static NodeDef Fuse(GraphRewriter rewriter, Chain chain)
    {
        OpDefinition fused = OpCatalog.Get(FusedNames[chain.Root.Op]);
        List<NodeOutput> inputs = [chain.Root.Inputs[0], chain.Root.Inputs[1], chain.Bias.Inputs[1]];
        List<string> ops = ["BiasAdd"];
        if (chain.Sum is NodeDef sum)
        {
            inputs.Add(sum.Inputs[sum.Inputs[0].Node == chain.Bias ? 1 : 0]);
            ops.Add("Add");
        }
        if (chain.Activation is NodeDef activation)
            ops.Add(activation.Op);
        var attributes = new Dictionary<string, AttributeValue>
        {
            ["num_args"] = AttributeValue.Of(inputs.Count - 2),
            ["fused_ops"] = AttributeValue.OfStrings([.. ops]),
        };
        foreach ((string name, AttributeValue value) in chain.Root.Attributes)
            if (fused.Attributes.Any(a => a.Name == name))
                attributes[name] = value;
        return rewriter.Add(fused, chain.Last.Name, [.. inputs.Select(rewriter.Map)], attributes);
    }

    private sealed record Chain(NodeDef Root, NodeDef Bias, NodeDef? Sum, NodeDef? Activation)
    {
        public NodeDef Last => Activation ?? Sum ?? Bias;
    }
}
