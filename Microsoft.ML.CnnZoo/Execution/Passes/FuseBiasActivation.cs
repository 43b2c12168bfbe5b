using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Execution.Passes;

/// <summary>
/// Conv2D or MatMul, BiasAdd and an activation become one <c>_FusedConv2D</c> or <c>_FusedMatMul</c>, named and attributed as TensorFlow's own
/// remapper does, wherever nobody else reads what lies between. Legal in training too: the gradients of these activations read their output.
/// </summary>
internal sealed class FuseBiasActivation : IGraphPass
{
    private static readonly HashSet<string> Activations = ["Relu", "Relu6", "Tanh", "Sigmoid"];

    public string Name => "fuse bias and activation";

    public GraphRequest Apply(GraphRequest request)
    {
        Dictionary<NodeOutput, int> readers = request.CountReaders();
        ILookup<NodeDef, NodeDef> consumers = request.Graph.Nodes.SelectMany(n => n.Inputs.Select(i => (i.Node, Consumer: n))).ToLookup(p => p.Node, p => p.Consumer);
        var chains = new Dictionary<NodeDef, Chain>(); // by last node
        var inner = new HashSet<NodeDef>();
        foreach (NodeDef node in request.Graph.Nodes.Where(n => n.Op is "Conv2D" or "MatMul"))
        {
            if (Next(node, consumers, readers) is not { Op: "BiasAdd" } bias || bias.Inputs[0].Node != node)
                continue;
            NodeDef? activation = Next(bias, consumers, readers) is NodeDef a && Activations.Contains(a.Op) ? a : null;
            chains.Add(activation ?? bias, new Chain(node, bias, activation));
            inner.Add(node);
            if (activation is not null)
                inner.Add(bias);
        }
        var rewriter = new GraphRewriter(request);
        foreach (NodeDef node in request.Graph.Nodes.Where(n => !inner.Contains(n)))
        {
            if (chains.TryGetValue(node, out Chain? chain))
                rewriter.Replace(node, Fuse(rewriter, node, chain));
            else
                rewriter.Copy(node);
        }
        return rewriter.Finish();
    }

    /// <summary>The only reader of a node's only output, or null.</summary>
    private static NodeDef? Next(NodeDef node, ILookup<NodeDef, NodeDef> consumers, Dictionary<NodeOutput, int> readers) =>
        readers.GetValueOrDefault(node.Output()) == 1 ? consumers[node].FirstOrDefault() : null;

    private static NodeDef Fuse(GraphRewriter rewriter, NodeDef last, Chain chain)
    {
        OpDefinition fused = OpCatalog.Get(chain.Root.Op == "Conv2D" ? "_FusedConv2D" : "_FusedMatMul");
        var attributes = new Dictionary<string, AttributeValue>
        {
            ["num_args"] = AttributeValue.Of(1),
            ["fused_ops"] = AttributeValue.OfStrings([.. chain.Activation is null ? ["BiasAdd"] : (string[])["BiasAdd", chain.Activation.Op]]),
        };
        foreach ((string name, AttributeValue value) in chain.Root.Attributes)
            if (fused.Attributes.Any(a => a.Name == name))
                attributes[name] = value;
        return rewriter.Add(fused, last.Name, [rewriter.Map(chain.Root.Inputs[0]), rewriter.Map(chain.Root.Inputs[1]), rewriter.Map(chain.Bias.Inputs[1])], attributes);
    }

    private sealed record Chain(NodeDef Root, NodeDef Bias, NodeDef? Activation);
}
