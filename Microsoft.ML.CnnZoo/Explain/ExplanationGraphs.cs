using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Execution.Passes;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Differentiation;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo.Explain;

/// <summary>
/// Builds the graphs that explain a network as it scores: its layers, and gradients of its logits. They share variables
/// with the graphs that train and score.
/// </summary>
/// <param name="network">The network.</param>
internal sealed class ExplanationGraphs(ClassificationGraphs network)
{
    /// <summary>Placeholder of the logits' factors [N,classes]: 1 for the class that is explained, else 0.</summary>
    public const string ClassInput = "explained_class";
    /// <summary>Placeholder of the factors of feature maps [N,H,W,C]: 1 for the element that is projected.</summary>
    public const string ElementInput = "projected_element";

    /// <summary>
    /// Grad-CAM: the sum over the channels of (mean over the map of ∂logit/∂activation) · activation, [N,H,W]: fetch 0
    /// without its negative values, fetch 1 with them. Selvaraju et al. 2016, arXiv:1610.02391, equations 1 and 2.
    /// </summary>
    /// <param name="layer">A layer that gives feature maps; null for the last one.</param>
    /// <param name="maps">The node that gives them.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such layer, or it gives no feature maps, or no class
    /// depends on it.</exception>
    public ClassificationGraph GradCam(string? layer, out NodeDef maps)
    {
        (GraphBuilder g, NetworkOutputs outputs) = Build();
        NodeOutput activation = SpatialLayer.Find(g, outputs, layer);
        NodeOutput gradient = Gradient(g, ClassLogit(g, outputs), activation, layer);
        using (g.RootScope("grad_cam"))
        {
            NodeOutput weights = Reduce(g, "Mean", gradient, [1, 2], keep: true);
            NodeOutput sum = Reduce(g, "Sum", g.AddNode("Mul", [weights, activation]).Output(), [3], keep: false);
            maps = activation.Node;
            return Finish(g, [g.AddNode("Relu", [sum]).Output(), sum]);
        }
    }

    /// <summary>
    /// ∂logit/∂image [N,H,W,C]: fetch 1; fetch 0 is the largest absolute value over the channels, [N,H,W]. Simonyan,
    /// Vedaldi, Zisserman 2013, arXiv:1312.6034, section 3.1.
    /// </summary>
    public ClassificationGraph Saliency()
    {
        (GraphBuilder g, NetworkOutputs outputs) = Build();
        NodeOutput image = g.Find(ClassificationGraph.ImageInput)!.Output();
        NodeOutput gradient = Gradient(g, ClassLogit(g, outputs), image, null);
        using (g.RootScope("saliency"))
            return Finish(g, [Reduce(g, "Max", g.AddNode("Abs", [gradient]).Output(), [3], keep: false), gradient]);
    }

    /// <summary>
    /// What an element of a layer's feature maps is projected back to in the image by a deconvnet, [N,H,W,C]: fetch 0;
    /// fetch 1 is the maps. Zeiler, Fergus 2013, arXiv:1311.2901, section 2.1.
    /// </summary>
    /// <remarks>
    /// It is the element's gradient with one rule of its own: where the gradient passes a ReLU only the gradient's own
    /// sign decides, not that of the activation. Max pools return values to where the maxima were, convolutions are
    /// transposed, in a gradient as in a deconvnet.
    /// </remarks>
    /// <param name="layer">A layer that gives feature maps; null for the last one.</param>
    /// <param name="maps">The node that gives them.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such layer, or it gives no feature maps.</exception>
    public ClassificationGraph Projection(string? layer, out NodeDef maps)
    {
        (GraphBuilder g, NetworkOutputs outputs) = Build();
        NodeOutput activation = SpatialLayer.Find(g, outputs, layer);
        NodeOutput image = g.Find(ClassificationGraph.ImageInput)!.Output();
        NodeOutput element = g.Placeholder(ElementInput, DataType.Float, activation.Shape);
        NodeOutput value = Total(g, g.AddNode("Mul", [activation, element], name: "projected_value").Output());
        NodeOutput gradient = Gradient(g, value, image, layer);
        maps = activation.Node;
        GraphRequest request = Rectify(new GraphRequest(g.ToGraph(), [gradient, activation], []));
        return new() { Graph = request.Graph, Image = network.Image, Fetches = request.Fetches };
    }

    /// <summary>The feature maps of a layer, [N,H,W,C].</summary>
    /// <inheritdoc cref="Projection"/>
    public ClassificationGraph FeatureMaps(string? layer, out NodeDef maps)
    {
        (GraphBuilder g, NetworkOutputs outputs) = Build();
        NodeOutput activation = SpatialLayer.Find(g, outputs, layer);
        maps = activation.Node;
        return Finish(g, [activation]);
    }

    private (GraphBuilder Graph, NetworkOutputs Outputs) Build()
    {
        var g = new GraphBuilder(GraphMode.Inference);
        return (g, network.Network(g));
    }

    private ClassificationGraph Finish(GraphBuilder g, NodeOutput[] fetches) =>
        new() { Graph = g.ToGraph(), Image = network.Image, Fetches = fetches };

    /// <summary>The logits of the explained classes, summed over the batch: each image has a gradient of its own.</summary>
    private static NodeOutput ClassLogit(GraphBuilder g, NetworkOutputs outputs)
    {
        NodeOutput logits = outputs.Scores.Node.Inputs[0];
        NodeOutput factors = g.Placeholder(ClassInput, DataType.Float, logits.Shape);
        return Total(g, g.AddNode("Mul", [logits, factors], name: "explained_logit").Output());
    }

    private static NodeOutput Total(GraphBuilder g, NodeOutput x) =>
        Reduce(g, "Sum", x, [.. Enumerable.Range(0, x.Shape.Rank)], keep: false);

    private static NodeOutput Reduce(GraphBuilder g, string op, NodeOutput x, int[] axes, bool keep) => g.AddNode(op,
        [x, g.Constant(TensorLiteral.Vector(axes))], [new("keep_dims", AttributeValue.Of(keep))]).Output();

    private static NodeOutput Gradient(GraphBuilder g, NodeOutput value, NodeOutput of, string? layer)
    {
        NodeOutput? gradient = ReverseMode.AddGradients(g, value, [of])[0];
        OptionRange.Require(gradient is not null, "The layer", $"'{layer ?? of.Node.Name}', which no class depends on",
            "one between the image and the classes");
        return gradient!.Value;
    }

    private static GraphRequest Rectify(GraphRequest request)
    {
        var rewriter = new GraphRewriter(request);
        foreach (NodeDef node in request.Graph.Nodes)
        {
            if (node.Op is "ReluGrad" or "Relu6Grad")
                rewriter.Replace(node, rewriter.Add(OpCatalog.Get("Relu"), node.Name, [rewriter.Map(node.Inputs[0])], []));
            else
                rewriter.Copy(node);
        }
        return rewriter.Finish();
    }
}
