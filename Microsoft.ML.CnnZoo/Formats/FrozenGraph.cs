using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Execution.Passes;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Formats;

/// <summary>A trained network as one graph that holds its weights: what is written to files of other frameworks.</summary>
/// <remarks>
/// Constants have their variables' names, such as <c>conv1/kernel</c>. What depends on weights alone is computed:
/// LeNet's masked kernels (<c>c3/connected</c>) and coefficients, and with folded batch norms the convolution's filter
/// (<c>conv1/bn/FusedBatchNormV3/folded_filter</c>) and bias (<c>…/shift</c>).
/// </remarks>
/// <param name="Graph">The graph: no variables, one placeholder.</param>
/// <param name="Image">The placeholder <c>image</c> [-1,H,W,C].</param>
/// <param name="Logits">What the scores are the softmax of [-1,classes].</param>
/// <param name="Scores">Probabilities [-1,classes]: <c>scores/Softmax</c>.</param>
internal sealed record FrozenGraph(NetworkGraph Graph, NodeOutput Image, NodeOutput Logits, NodeOutput Scores)
{
    /// <summary>Freezes a network.</summary>
    /// <param name="architecture">The network.</param>
    /// <param name="image">Size of its images.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="weights">Its weights, by the variables' names.</param>
    /// <param name="kernels">What computes constants.</param>
    /// <param name="normalization">
    /// What is put in front of the network, so that the image is pixels as they come; null: the image is normalized.
    /// </param>
    /// <param name="foldsBatchNorms">Whether batch norms become part of the convolutions before them.</param>
    /// <param name="onLogits">What the logits are multiplied by, and what is added to them; null for
    /// nothing.</param>
    public static FrozenGraph Of(CnnArchitecture architecture, ImageShape image, int classes, VariableStore weights,
        IKernelSet kernels, PixelNormalization? normalization, bool foldsBatchNorms,
        (float[] Scale, float[] Offset)? onLogits = null)
    {
        (NetworkGraph graph, NetworkOutputs outputs) = architecture.BuildGraph(GraphMode.Inference, classes, image);
        var request = new GraphRequest(graph, [outputs.Scores], []);
        if (normalization is not null)
            request = ScaleBehind(request, request.Graph[CnnArchitecture.ImageInput], "normalization",
                [.. normalization.Scale], [.. normalization.Offset]);
        if (onLogits is var (scale, offset))
            request = ScaleBehind(request, request.Fetches[0].Node.Inputs[0].Node, "calibration", scale, offset);
        if (foldsBatchNorms)
            request = new FoldBatchNorm().Apply(request);
        request = new FoldParameters(weights, kernels).Apply(request);
        NodeOutput scores = request.Fetches[0];
        return new(request.Graph, request.Graph[CnnArchitecture.ImageInput].Output(), scores.Node.Inputs[0], scores);
    }

    /// <summary>Puts value · scale + offset, per channel, between a node and those that read it.</summary>
    private static GraphRequest ScaleBehind(GraphRequest request, NodeDef at, string scope, float[] scale, float[] offset)
    {
        if (scale.All(s => s == 1) && offset.All(o => o == 0))
            return request;
        var rewriter = new GraphRewriter(request);
        foreach (NodeDef node in request.Graph.Nodes)
        {
            NodeOutput copy = rewriter.Copy(node).Output();
            if (node != at)
                continue;
            if (scale.Any(s => s != 1))
                copy = Combine(rewriter, "Mul", copy, scope, "scale", scale);
            if (offset.Any(o => o != 0))
                copy = Combine(rewriter, "AddV2", copy, scope, "offset", offset);
            rewriter.Replace(node.Output(), copy);
        }
        return rewriter.Finish();
    }

    private static NodeOutput Combine(GraphRewriter rewriter, string op, NodeOutput x, string scope, string name,
        float[] values)
    {
        TensorLiteral value = values.Distinct().Count() == 1 ? TensorLiteral.Scalar(values[0])
            : TensorLiteral.Vector<float>(values);
        NodeOutput constant = rewriter.Add(OpCatalog.Get("Const"), $"{scope}/{name}", [],
            [new("value", AttributeValue.Of(value)), new("dtype", AttributeValue.Of(value.Spec.Type))]).Output();
        return rewriter.Add(OpCatalog.Get(op), $"{scope}/{op}", [x, constant], []).Output();
    }
}
