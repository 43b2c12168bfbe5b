using System.Collections.Immutable;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using static Microsoft.ML.CnnZoo.Formats.Onnx.OnnxAttributes;

namespace Microsoft.ML.CnnZoo.Formats.Onnx;

/// <content>Convolutions, pools and normalization of images.</content>
internal sealed partial class OnnxTranslator
{
    private static Dictionary<string, Action<OnnxTranslator, NodeDef>> WindowRules => new()
    {
        ["Conv2D"] = (t, n) => t.Convolution(n), ["DepthwiseConv2dNative"] = (t, n) => t.Convolution(n),
        ["MaxPool"] = (t, n) => t.Pool(n), ["AvgPool"] = (t, n) => t.Pool(n),
        ["LRN"] = (t, n) => t.LocalResponseNormalization(n),
        ["FusedBatchNormV3"] = (t, n) => t.BatchNormalization(n),
    };

    private void Convolution(NodeDef node)
    {
        bool depthwise = node.Op == "DepthwiseConv2dNative";
        (NodeOutput image, NodeOutput filter) = (node.Inputs[0], node.Inputs[1]);
        Conv2DAttributes attributes = Conv2DAttributes.From(node);
        Conv2DGeometry g = depthwise ? attributes.DepthwiseGeometry(image.Shape, filter.Shape)
            : attributes.Geometry(image.Shape, filter.Shape);
        OnnxValue x = Image(image);
        // HWIO → OIHW; a depthwise filter [kh,kw,C,m] → [C·m,1,kh,kw], in the order of its results.
        ImmutableArray<int> order = depthwise ? [2, 3, 0, 1] : [3, 2, 0, 1];
        string weights = Constant(filter, node.Op, () => (
            [g.Filters, g.ChannelsPerGroup, g.KernelHeight, g.KernelWidth],
            AxisOrder.Arrange(Floats(filter), filter.Shape, order)));
        (NodeDef end, string[] bias) = Bias(node);
        Set(end, Add("Conv", end.Name, end.Outputs[0].Shape, AxisOrder.ChannelsFirst, [x.Name, weights, .. bias],
            Ints("kernel_shape", g.KernelHeight, g.KernelWidth), Ints("strides", g.StrideHeight, g.StrideWidth),
            Ints("pads", g.PadTop, g.PadLeft, g.PadBottom, g.PadRight),
            Ints("dilations", g.DilationHeight, g.DilationWidth), Int("group", g.Groups)));
    }

    /// <summary>Padded pixels are ignored by maximum and average, here and there.</summary>
    private void Pool(NodeDef node)
    {
        OnnxValue x = Image(node.Inputs[0]);
        Pool2DGeometry g = Pool2DAttributes.From(node).Geometry(x.Shape);
        Set(node, Add(node.Op == "MaxPool" ? "MaxPool" : "AveragePool", node.Name, node.Outputs[0].Shape,
            AxisOrder.ChannelsFirst, [x.Name],
            Ints("kernel_shape", g.WindowHeight, g.WindowWidth), Ints("strides", g.StrideHeight, g.StrideWidth),
            Ints("pads", g.PadTop, g.PadLeft, g.PadBottom, g.PadRight)));
    }

    /// <summary>ONNX divides alpha by the window.</summary>
    private void LocalResponseNormalization(NodeDef node)
    {
        OnnxValue x = Image(node.Inputs[0]);
        long size = (2 * WindowAttributes.Of(node, "depth_radius").Int) + 1;
        Set(node, Add("LRN", node.Name, x.Shape, x.Order, [x.Name], Int("size", size),
            Float("alpha", WindowAttributes.Of(node, "alpha").Float * size),
            Float("beta", WindowAttributes.Of(node, "beta").Float), Float("bias", WindowAttributes.Of(node, "bias").Float)));
    }

    private void BatchNormalization(NodeDef node)
    {
        if (WindowAttributes.Of(node, "is_training").Bool)
            throw Inexpressible(node, "it normalizes by the batch");
        OnnxValue x = Image(node.Inputs[0]);
        IEnumerable<string> statistics = node.Inputs.Skip(1)
            .Select(i => Constant(i, "", () => (i.Shape.Dimensions.ToArray(), [.. Floats(i)])));
        Set(node, Add("BatchNormalization", node.Name, x.Shape, x.Order, [x.Name, .. statistics],
            Float("epsilon", WindowAttributes.Of(node, "epsilon").Float)));
    }
}
