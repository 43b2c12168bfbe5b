using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Execution.Passes;

/// <summary>
/// In inference a batch norm after a convolution is a factor and a shift per filter: w·f and (b − mean)·f + offset with
/// f = scale/√(variance + epsilon).
/// The nodes that compute them depend on variables alone, so a plan runs them only when a variable has changed.
/// </summary>
internal sealed class FoldBatchNorm : IGraphPass
{
    public string Name => "fold batch norm";

    public GraphRequest Apply(GraphRequest request)
    {
        HashSet<NodeDef> parameters = ParameterNodes.Of(request.Graph);
        var readers = new GraphReaders(request);
        Dictionary<NodeDef, Chain> chains = request.Graph.Nodes.Select(n => Match(n, readers, parameters))
            .OfType<Chain>().ToDictionary(c => c.Norm);
        HashSet<NodeDef> inner = [.. chains.Values.Select(c => c.Convolution),
            .. chains.Values.Select(c => c.Bias).OfType<NodeDef>()];
        var rewriter = new GraphRewriter(request);
        foreach (NodeDef node in request.Graph.Nodes.Where(n => !inner.Contains(n)))
        {
            if (chains.TryGetValue(node, out Chain? chain))
                rewriter.Replace(node, Fold(rewriter, chain));
            else
                rewriter.Copy(node);
        }
        return rewriter.Finish();
    }

    private static Chain? Match(NodeDef norm, GraphReaders readers, HashSet<NodeDef> parameters)
    {
        if (norm.Op != "FusedBatchNormV3" || norm.Attributes["is_training"].Bool || readers.ReadsMoreThanTheFirst(norm)
            || norm.Outputs[0].Type != DataType.Float || !norm.Inputs.Skip(1).All(i => parameters.Contains(i.Node)))
            return null;
        NodeDef before = norm.Inputs[0].Node;
        NodeDef? bias = before.Op == "BiasAdd" && parameters.Contains(before.Inputs[1].Node)
            && readers.Sole(before.Output()) == norm ? before : null;
        NodeDef convolution = bias is null ? before : bias.Inputs[0].Node;
        return convolution.Op is "Conv2D" or "DepthwiseConv2dNative" && parameters.Contains(convolution.Inputs[1].Node)
            && readers.Sole(convolution.Output()) == (bias ?? norm)
            ? new Chain(convolution, bias, norm) : null;
    }

    private static NodeDef Fold(GraphRewriter rewriter, Chain chain)
    {
        (NodeDef convolution, NodeDef? bias, NodeDef norm) = chain;
        NodeOutput Add(string op, string suffix, params NodeOutput[] inputs) =>
            rewriter.Add(OpCatalog.Get(op), $"{norm.Name}/{suffix}", inputs, []).Output();
        NodeOutput Constant(string suffix, TensorLiteral value) =>
            rewriter.Add(OpCatalog.Get("Const"), $"{norm.Name}/{suffix}", [],
            [new("value", AttributeValue.Of(value)), new("dtype", AttributeValue.Of(value.Spec.Type))]).Output();

        NodeOutput filter = rewriter.Map(convolution.Inputs[1]);
        NodeOutput[] statistics = [.. norm.Inputs.Skip(1).Select(rewriter.Map)];
        NodeOutput epsilon = Constant("epsilon", TensorLiteral.Scalar(norm.Attributes["epsilon"].Float));
        NodeOutput factor = Add("Mul", "factor", statistics[0],
            Add("Rsqrt", "inverse_deviation", Add("AddV2", "variance", statistics[3], epsilon)));
        NodeOutput center = bias is null ? statistics[2]
            : Add("Sub", "center", statistics[2], rewriter.Map(bias.Inputs[1]));
        NodeOutput shift = Add("Sub", "shift", statistics[1], Add("Mul", "scaled_center", center, factor));
        // A depthwise filter [kh,kw,C,m] has a factor for each of its C·m results.
        NodeOutput factors = convolution.Op == "Conv2D" ? factor
            : Add("Reshape", "factors", factor,
                Constant("factors_shape", TensorLiteral.Vector(filter.Shape[2], filter.Shape[3])));
        NodeDef folded = rewriter.Add(convolution.Definition, convolution.Name,
            [rewriter.Map(convolution.Inputs[0]), Add("Mul", "folded_filter", filter, factors)],
            convolution.Attributes);
        return rewriter.Add(OpCatalog.Get("BiasAdd"), norm.Name, [folded.Output(), shift], []);
    }

    private sealed record Chain(NodeDef Convolution, NodeDef? Bias, NodeDef Norm);
}
