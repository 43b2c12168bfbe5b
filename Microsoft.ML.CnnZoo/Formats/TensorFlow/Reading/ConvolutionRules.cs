using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Reading;

/// <summary>Convolutions, dense layers and pools, also as TensorFlow's optimizer fuses them.</summary>
internal static class ConvolutionRules
{
    public static Dictionary<string, LoweringRule> Rules { get; } = new(StringComparer.Ordinal)
    {
        ["Conv2D"] = c => [Convolve(c, c.Op)],
        ["DepthwiseConv2dNative"] = c => [Convolve(c, c.Op)],
        ["_FusedConv2D"] = c => [Finish(c, Convolve(c, "Conv2D"))],
        ["_FusedDepthwiseConv2dNative"] = c => [Finish(c, Convolve(c, "DepthwiseConv2dNative"))],
        ["SpaceToBatchND"] = c => [SpaceToBatch(c)],
        ["BatchToSpaceND"] = c => [BatchToSpace(c)],
        ["MatMul"] = c => [MatMul(c, c.Flag("transpose_a"), c.Flag("transpose_b"))],
        ["_FusedMatMul"] = c => [Finish(c, MatMul(c, c.Flag("transpose_a"), c.Flag("transpose_b")))],
        ["BatchMatMul"] = c => [MatMul(c, c.Flag("adj_x"), c.Flag("adj_y"))],
        ["BatchMatMulV2"] = c => [MatMul(c, c.Flag("adj_x"), c.Flag("adj_y"))],
        ["BatchMatMulV3"] = c => [MatMul(c, c.Flag("adj_x"), c.Flag("adj_y"))],
        ["MaxPool"] = Pool, ["AvgPool"] = Pool, ["MaxPoolV2"] = Pool, ["MaxPoolWithArgmax"] = Pool,
    };

    private static Value Convolve(NodeContext c, string op)
    {
        c.RequireChannelsLast();
        ConstantValue filter = c.Constant(1);
        (int Height, int Width) strides = Pair(c, "strides"), dilations = Pair(c, "dilations", 1, 1, 1, 1);
        Padding padding = ReadPadding(c);
        if (c.Input(0) is BlocksValue { Convolution: null } blocks)
            return strides == (1, 1) && dilations == (1, 1) && padding.Kind == PaddingKind.Valid
                ? new BlocksValue(blocks.Image, blocks.Block, blocks.Paddings) { Convolution = op, Filter = filter }
                : throw new GraphException("after SpaceToBatchND it must have stride 1 and padding VALID");
        NodeOutput x = c.Tensor(0);
        if (padding.Kind == PaddingKind.Valid && x.Node.Op == "Pad" && SpatialPadding(x) is Padding before)
            (x, padding) = (x.Node.Inputs[0], before);
        return Emit(c, op, x, filter, new(strides.Height, strides.Width, padding, dilations.Height, dilations.Width));
    }

    private static Value Emit(NodeContext c, string op, NodeOutput x, ConstantValue filter, Conv2DAttributes attributes)
        => c.Emit(op, [x, c.Lowering.Constant(filter)], [.. attributes.ToAttributes()]);

    /// <summary>What fused_ops lists is done after the convolution or product.</summary>
    private static Value Finish(NodeContext c, Value y)
    {
        int next = 2;
        foreach (string op in c.TextList("fused_ops"))
            switch (op)
            {
                case "BiasAdd" or "Add":
                    y = ElementwiseRules.Sum(c, y, c.Input(next++));
                    break;
                case "FusedBatchNorm":
                    y = NormalizationRules.BatchNorm(c, c.Tensor(y), [c.Constant(next), c.Constant(next + 1),
                        c.Constant(next + 2), c.Constant(next + 3)], c.Float("epsilon", 0.0001f));
                    next += 4;
                    break;
                case "Relu" or "Relu6" or "Elu" or "Tanh" or "Sigmoid" or "LeakyRelu":
                    y = ElementwiseRules.Activate(c, op, c.Tensor(y));
                    break;
                default:
                    throw new GraphException($"the fused op {op} is not supported");
            }
        return y;
    }

    private static BlocksValue SpaceToBatch(NodeContext c)
    {
        if (c.Sizes(1) is not [> 0, > 0] || c.Sizes(2) is not { Length: 4 } pads || pads.Any(p => p < 0))
            throw new GraphException("it must divide height and width, with paddings that are not negative");
        return new BlocksValue(c.Tensor(0), c.Sizes(1), pads);
    }

    private static Value BatchToSpace(NodeContext c)
    {
        if (c.Input(0) is not BlocksValue { Convolution: string op } blocks || !c.Sizes(1).SequenceEqual(blocks.Block)
            || c.Sizes(2) is not { Length: 4 } crops)
            throw new GraphException("it does not follow SpaceToBatchND and a convolution");
        int[] pads = [.. blocks.Paddings.Zip(crops, (p, crop) => p - crop)];
        if (pads.Any(p => p < 0))
            throw new GraphException("it crops more than SpaceToBatchND pads");
        TensorShape filter = blocks.Filter!.Shape;
        bool same = filter.Rank == 4 && IsSame(pads[0], pads[1], (filter[0] - 1) * blocks.Block[0])
            && IsSame(pads[2], pads[3], (filter[1] - 1) * blocks.Block[1]);
        Padding padding = Array.TrueForAll(pads, p => p == 0) ? Padding.Valid : same ? Padding.Same
            : Padding.Explicit(pads[0], pads[1], pads[2], pads[3]);
        return Emit(c, op, blocks.Image, blocks.Filter, new(1, 1, padding, blocks.Block[0], blocks.Block[1]));
    }

    private static bool IsSame(int before, int after, int total) =>
        before + after == total && (after == before || after == before + 1);

    private static Value MatMul(NodeContext c, bool transposeA, bool transposeB)
    {
        NodeOutput x = c.Tensor(0);
        if (c.Input(1) is not ConstantValue { Shape.Rank: 2 } w)
            return c.Emit("MatMul", [x, c.Tensor(1)], new("transpose_a", AttributeValue.Of(transposeA)),
                new("transpose_b", AttributeValue.Of(transposeB)));
        if (transposeB)
            w = w.Rearrange([w.Shape[1], w.Shape[0]], [1, w.Shape[1]], 0);
        NodeOutput weights = c.Lowering.Constant(w);
        if (x.Shape.Rank == 2 || transposeA)
            return c.Emit("MatMul", [x, weights], new("transpose_a", AttributeValue.Of(transposeA)),
                new KeyValuePair<string, AttributeValue>("transpose_b", AttributeValue.Of(false)));
        int[] shape = [-1, .. x.Shape.Dimensions[1..^1], w.Shape[1]];
        NodeOutput rows = c.Add("Reshape", [x, c.Ints("rows", -1, x.Channels)], $"{c.Node.Name}/rows"),
            y = c.Add("MatMul", [rows, weights], $"{c.Node.Name}/product");
        return c.Emit("Reshape", [y, c.Ints("shape", shape)]);
    }

    private static Value[] Pool(NodeContext c)
    {
        c.RequireChannelsLast();
        string op = c.Op == "AvgPool" ? c.Op : "MaxPool";
        (int Height, int Width) window = c.Op == "MaxPoolV2" ? Pair(c.Integers(1), "ksize") : Pair(c, "ksize"),
            strides = c.Op == "MaxPoolV2" ? Pair(c.Integers(2), "strides") : Pair(c, "strides");
        NodeOutput x = c.Tensor(0);
        Padding padding = ReadPadding(c);
        if (op == "MaxPool" && padding.Kind == PaddingKind.Valid && NeverGreatest(x)
            && SpatialPadding(x) is Padding before && Math.Max(before.Top, before.Bottom) < window.Height
            && Math.Max(before.Left, before.Right) < window.Width)
            (x, padding) = (x.Node.Inputs[0], before);
        var attributes = new Pool2DAttributes(window.Height, window.Width, strides.Height, strides.Width, padding);
        return [c.Emit(op, [x], [.. attributes.ToAttributes()])];
    }

    /// <summary>Whether a node pads with a number that is at most as great as any pixel.</summary>
    private static bool NeverGreatest(NodeOutput x) => x.Node.Op switch
    {
        "Pad" => x.Node.Inputs[0].Node.Op is "Relu" or "Relu6" or "Sigmoid",
        "PadV2" => x.Node.Inputs[2].Node.Attributes["value"].Tensor.Values<float>()[0] == float.MinValue,
        _ => false,
    };

    /// <summary>How a node pads images, if it pads height and width alone; else null.</summary>
    private static Padding? SpatialPadding(NodeOutput x) => x.Node.Op is "Pad" or "PadV2"
        && ConstantValues.TryGet(x.Node.Inputs[1]) is [0, 0, var top, var bottom, var left, var right, 0, 0]
        ? Padding.Explicit((int)top, (int)bottom, (int)left, (int)right) : null;

    private static Padding ReadPadding(NodeContext c)
    {
        string kind = c.Text("padding", "");
        return kind is "SAME" or "VALID" or "EXPLICIT" ? WindowAttributes.ReadPadding(AttributeValue.Of(kind),
            AttributeValue.OfInts(c.IntList("explicit_paddings")))
            : throw new GraphException($"the padding '{kind}' is not supported");
    }

    private static (int Height, int Width) Pair(NodeContext c, string attribute, params long[] otherwise) =>
        Pair(c.IntList(attribute, otherwise), attribute);

    private static (int Height, int Width) Pair(long[] values, string name) =>
        WindowAttributes.Pair(AttributeValue.OfInts(values), name);
}
