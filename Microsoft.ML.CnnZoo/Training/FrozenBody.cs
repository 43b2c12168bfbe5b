using Microsoft.ML.CnnZoo.Execution.Passes;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>Cuts the graphs of a network with a frozen body where the trained layers begin.</summary>
internal static class FrozenBody
{
    /// <summary>
    /// The tensor that the trained layers are computed from and that is the same for an image in every step; null where
    /// there is not one such tensor.
    /// </summary>
    /// <param name="training">A training graph.</param>
    public static NodeOutput? FindCut(ClassificationGraph training)
    {
        HashSet<NodeDef> updated = [.. training.Targets.Select(t => t.Inputs[0].Node),
            .. training.Moved.Select(v => training.Graph[v.Name])];
        HashSet<NodeDef> ofImage = [], varying = [];
        foreach (NodeDef node in training.Graph.Nodes)
        {
            if (node.Name == ClassificationGraph.ImageInput || node.Inputs.Any(i => ofImage.Contains(i.Node)))
                ofImage.Add(node);
            if (updated.Contains(node) || (node.Op == "Placeholder" && node.Name != ClassificationGraph.ImageInput)
                || node.Inputs.Any(i => varying.Contains(i.Node))
                || (ofImage.Contains(node) && node.Outputs[0].Type != DataType.Float)) // a shape is cheaper than what it is of
                varying.Add(node);
        }
        while (true)
        {
            HashSet<NodeOutput> read = [.. training.Graph.Nodes.Where(varying.Contains).SelectMany(n => n.Inputs)
                .Concat(training.Fetches).Where(i => ofImage.Contains(i.Node) && !varying.Contains(i.Node))];
            // What is computed from others of them (dropout's scaling) belongs to the trained part.
            NodeDef? inner = read.Select(r => r.Node).FirstOrDefault(n => n.Inputs.Any(i => ofImage.Contains(i.Node))
                && n.Inputs.Where(i => ofImage.Contains(i.Node)).All(read.Contains));
            if (inner is null)
                return read.Count == 1 && read.Single() is { Shape.Rank: > 1 } cut && cut.Shape[0] == TensorShape.Unknown
                    && cut.Node.Op != "Placeholder" ? cut : null;
            varying.Add(inner);
        }
    }

    /// <summary>Numbers that an image has in a tensor.</summary>
    public static int FeatureCount(NodeOutput cut) => checked((int)new TensorShape(cut.Shape.Dimensions[1..]).ElementCount);

    /// <summary>The part of a graph in front of the cut.</summary>
    public static ClassificationGraph Body(ClassificationGraph whole, NodeOutput cut) => new()
    {
        Graph = whole.Graph,
        Image = whole.Image,
        Fetches = [whole.Graph[cut.Node.Name].Output(cut.Port)],
    };

    /// <summary>The part behind the cut: its images are an image's features, as one row of gray pixels.</summary>
    public static ClassificationGraph Head(ClassificationGraph whole, NodeOutput cut)
    {
        NodeOutput tensor = whole.Graph[cut.Node.Name].Output(cut.Port);
        var request = new GraphRequest(whole.Graph, whole.Fetches, whole.Targets);
        var rewriter = new GraphRewriter(request);
        var image = new ImageShape(1, FeatureCount(cut), 1);
        HashSet<NodeDef> needed = Needed(request, tensor);
        foreach (NodeDef node in whole.Graph.Nodes)
        {
            if (node == tensor.Node)
                rewriter.Replace(tensor, Features(rewriter, tensor, image));
            else if (needed.Contains(node))
                rewriter.Copy(node);
        }
        GraphRequest head = rewriter.Finish();
        return new()
        {
            Graph = head.Graph,
            Image = image,
            Fetches = head.Fetches,
            Targets = head.Targets,
            Optimizer = whole.Optimizer,
            Moved = whole.Moved,
            Statistics = whole.Statistics,
            Update = whole.Update,
            HasPenalties = whole.HasPenalties,
        };
    }

    private static NodeOutput Features(GraphRewriter rewriter, NodeOutput cut, ImageShape image)
    {
        NodeDef row = rewriter.Add(OpCatalog.Get("Placeholder"), ClassificationGraph.ImageInput, [],
            [new("dtype", AttributeValue.Of(DataType.Float)), new("shape", AttributeValue.Of(
                new TensorShape(TensorShape.Unknown, image.Height, image.Width, image.Channels)))]);
        var shape = TensorLiteral.Vector([.. cut.Shape.Dimensions]);
        NodeDef constant = rewriter.Add(OpCatalog.Get("Const"), $"{cut.Node.Name}/features_shape", [],
            [new("value", AttributeValue.Of(shape)), new("dtype", AttributeValue.Of(DataType.Int32))]);
        return rewriter.Add(OpCatalog.Get("Reshape"), cut.Node.Name, [row.Output(), constant.Output()], []).Output();
    }

    private static HashSet<NodeDef> Needed(GraphRequest request, NodeOutput cut)
    {
        var needed = new HashSet<NodeDef>(request.Fetches.Select(f => f.Node).Concat(request.Targets));
        foreach (NodeDef node in request.Graph.Nodes.Reverse())
            if (needed.Contains(node) && node != cut.Node)
                needed.UnionWith(node.Inputs.Select(i => i.Node));
        return needed;
    }
}
