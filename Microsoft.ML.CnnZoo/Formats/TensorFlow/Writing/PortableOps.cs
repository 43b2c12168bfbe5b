using Microsoft.ML.CnnZoo.Execution.Passes;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Writing;

/// <summary>
/// Rewrites a frozen graph in what TensorFlow 2.3 knew and computes on a CPU; the result is the same.
/// </summary>
/// <remarks>
/// Explicit padding becomes SAME or VALID where that pads alike. Elsewhere a convolution keeps it; before a depthwise
/// convolution zeros are padded, before a maximum the lowest float (zeros, if no pixel is negative). A grouped
/// convolution becomes a <c>Slice</c> and a <c>Conv2D</c> for each group, and a <c>ConcatV2</c>. A slice that takes
/// every second pixel becomes a 1x1 maximum, which OpenCV can read.
/// Names stay: what is added has the node's name before its own.
/// </remarks>
internal sealed class PortableOps : IGraphPass
{
    public string Name => "portable ops";

    public GraphRequest Apply(GraphRequest request)
    {
        var rewriter = new GraphRewriter(request);
        HashSet<NodeOutput> nonNegative = NonNegativeTensors.Of(request.Graph);
        foreach (NodeDef node in request.Graph.Nodes)
        {
            var site = new RewriteSite(rewriter, node);
            rewriter.Replace(node, node.Op switch
            {
                "Conv2D" => Convolution(site),
                "DepthwiseConv2dNative" => DepthwiseConvolution(site),
                "MaxPool" => MaxPool(site, nonNegative.Contains(node.Inputs[0]) ? 0 : float.MinValue),
                "StridedSlice" when Subsampling(node) is Pool2DAttributes pool => site.Finish("MaxPool",
                    [site.Input(0)], pool.ToAttributes()),
                _ => rewriter.Copy(node),
            });
        }
        return new Prune().Apply(rewriter.Finish());
    }

    private static NodeDef Convolution(RewriteSite site)
    {
        (Conv2DAttributes attributes, Conv2DGeometry geometry) = Simplify(site.Node, depthwise: false);
        int groups = geometry.Groups;
        if (groups == 1)
            return site.Finish("Conv2D", [site.Input(0), site.Input(1)], attributes.ToAttributes());
        TensorLiteral filter = site.Node.Inputs[1].Node.Attributes["value"].Tensor;
        int channels = geometry.ChannelsPerGroup;
        NodeOutput size = site.Constant("size", TensorLiteral.Vector(-1, -1, -1, channels));
        var results = new List<NodeOutput>();
        for (int i = 0; i < groups; i++)
        {
            NodeOutput begin = site.Constant($"begin{i}", TensorLiteral.Vector(0, 0, 0, i * channels)),
                part = site.Add("Slice", $"part{i}", [site.Input(0), begin, size], []).Output(),
                filters = site.Constant($"filter{i}", FilterOf(filter, i, groups));
            results.Add(site.Add("Conv2D", $"group{i}", [part, filters], attributes.ToAttributes()).Output());
        }
        return site.Finish("ConcatV2", [.. results, site.Constant("axis", TensorLiteral.Scalar(3))],
            [new("N", AttributeValue.Of((long)groups))]);
    }

    private static NodeDef DepthwiseConvolution(RewriteSite site)
    {
        Conv2DAttributes attributes = Simplify(site.Node, depthwise: true).Attributes;
        NodeOutput x = site.Input(0);
        if (attributes.Padding.Kind == PaddingKind.Explicit)
        {
            x = site.Pad(x, attributes.Padding);
            attributes = attributes with { Padding = Padding.Valid };
        }
        return site.Finish(site.Node.Op, [x, site.Input(1)], attributes.ToAttributes());
    }

    private static NodeDef MaxPool(RewriteSite site, float least)
    {
        var attributes = Pool2DAttributes.From(site.Node);
        TensorShape image = site.Node.Inputs[0].Shape;
        attributes = attributes with
        {
            Padding = Simplest(attributes.Padding, padding => (attributes with { Padding = padding }).TryGeometry(image,
                out Pool2DGeometry g) is null ? (g.OutputHeight, g.OutputWidth, g.PadTop, g.PadLeft) : null),
        };
        NodeOutput x = site.Input(0);
        if (attributes.Padding.Kind == PaddingKind.Explicit)
        {
            x = site.Pad(x, attributes.Padding, least);
            attributes = attributes with { Padding = Padding.Valid };
        }
        return site.Finish("MaxPool", [x], attributes.ToAttributes());
    }

    private static (Conv2DAttributes Attributes, Conv2DGeometry Geometry) Simplify(NodeDef node, bool depthwise)
    {
        var own = Conv2DAttributes.From(node);
        own = own with
        {
            Padding = Simplest(own.Padding, padding => (own with { Padding = padding }).TryGeometry(
                node.Inputs[0].Shape, node.Inputs[1].Shape, depthwise, out Conv2DGeometry g) is null
                ? (g.OutputHeight, g.OutputWidth, g.PadTop, g.PadLeft) : null),
        };
        own.TryGeometry(node.Inputs[0].Shape, node.Inputs[1].Shape, depthwise, out Conv2DGeometry geometry);
        return (own, geometry);
    }

    /// <summary>VALID or SAME, if all windows lie as they do with an explicit padding, else that.</summary>
    private static Padding Simplest(Padding own,
        Func<Padding, (int Height, int Width, int Top, int Left)?> place) =>
        own.Kind != PaddingKind.Explicit || place(own) is not { } wanted ? own
            : place(Padding.Valid) == wanted ? Padding.Valid
            : place(Padding.Same) == wanted ? Padding.Same : own;

    /// <summary>The filters of one group out of [kh,kw,C/groups,F].</summary>
    private static TensorLiteral FilterOf(TensorLiteral filter, int group, int groups)
    {
        ReadOnlySpan<float> all = filter.Values<float>();
        int filters = filter.Spec.Shape[^1], part = filters / groups;
        var values = new float[all.Length / groups];
        for (int row = 0; row * part < values.Length; row++)
            all.Slice((row * filters) + (group * part), part).CopyTo(values.AsSpan(row * part));
        return TensorLiteral.Of<float>(filter.Spec.Shape.With(^1, part), values);
    }

    /// <summary>The pool that a slice of every n-th pixel is; null for other slices.</summary>
    private static Pool2DAttributes? Subsampling(NodeDef node)
    {
        var attributes = StridedSliceAttributes.From(node);
        TensorShape x = node.Inputs[0].Shape;
        if (x.Rank != 4 || attributes.NewAxisMask != 0 || attributes.ShrinkAxisMask != 0)
            return null;
        StridedSliceRange range = attributes.Resolve(x, node.ConstantInput(1), node.ConstantInput(2),
            node.ConstantInput(3));
        (int height, int width) = (range.Strides[1], range.Strides[2]);
        bool takesEvery = range.Starts.All(s => s == 0) && range.Strides is [1, > 0, > 0, 1]
            && (range.Counts[0], range.Counts[3]) == (x[0], x[3])
            && range.Counts[1] == (x[1] + height - 1) / height && range.Counts[2] == (x[2] + width - 1) / width;
        return takesEvery && height * width > 1 ? new(1, 1, height, width, Padding.Valid) : null;
    }
}
