using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Reading;

/// <summary>Ops that ask for or change shapes and keep all elements: Shape, Reshape, Squeeze, Transpose, Pad.</summary>
internal static class ShapeRules
{
    public static Dictionary<string, LoweringRule> Rules { get; } = new(StringComparer.Ordinal)
    {
        ["Shape"] = c => [Vector(c, ShapeOf(c))],
        ["Size"] = c => [Number(c, ShapeOf(c).Aggregate(1L, Times))],
        ["Rank"] = c => [Number(c, ShapeOf(c).Length)],
        ["Reshape"] = c => [Reshape(c)],
        ["Squeeze"] = c => [Squeeze(c)],
        ["ExpandDims"] = c => [ExpandDims(c)],
        ["Transpose"] = c => [Transpose(c)],
        ["Pad"] = c => [Pad(c)], ["PadV2"] = c => [Pad(c)], ["MirrorPad"] = c => [Pad(c)],
        ["Fill"] = c => [Fill(c, c.Constant(1), c.Sizes(0))],
        ["ZerosLike"] = c => [Like(c, 0)], ["OnesLike"] = c => [Like(c, 1)],
        ["BroadcastTo"] = c => [Broadcast(c)],
        ["Tile"] = c => [Tile(c)],
    };

    /// <summary>The target of a Reshape with the batch size as -1, and no other unknown.</summary>
    /// <exception cref="GraphException">The elements do not fit, or what is unknown is not the batch alone.</exception>
    public static int[] Target(TensorShape x, long[] target)
    {
        long[] dimensions = [.. target];
        long perImage = x.Dimensions.ToArray().Where(d => d >= 0).Aggregate(1L, (a, b) => checked(a * b));
        long known = dimensions.Where(d => d >= 0).Aggregate(1L, (a, b) => checked(a * b));
        int batch = Array.IndexOf(dimensions, ConstantValue.Batch), free = Array.IndexOf(dimensions, -1L);
        bool open = !x.IsFullyDefined;
        if (open && batch < 0 && free < 0 && known == perImage) // the file's batch is fixed, ours is not
            dimensions = dimensions is [1, ..] ? [ConstantValue.Batch, .. dimensions[1..]]
                : [ConstantValue.Batch, .. dimensions];
        else if (open && batch < 0 && dimensions is [> 0, ..] && dimensions[0] > 0 && known / dimensions[0] == perImage
            && free < 0)
            dimensions[0] = ConstantValue.Batch;
        else if (open && batch < 0 && free > 0 && dimensions[0] == 1)
            (dimensions[0], batch) = (ConstantValue.Batch, 0);
        if (free >= 0 && (batch >= 0 || !open))
            dimensions[free] = known > 0 && perImage % known == 0 ? perImage / known
                : throw new GraphException($"{x} cannot be viewed as [{string.Join(',', target)}]");
        if (dimensions.Count(d => d < 0) > 1 || dimensions.Any(d => d > int.MaxValue))
            throw new GraphException($"the shape [{string.Join(',', target.Select(Describe))}] is not known but for " +
                "the batch");
        return Array.ConvertAll(dimensions, d => d < 0 ? -1 : (int)d);
    }

    private static string Describe(long dimension) => dimension <= ConstantValue.Unknown ? "?" : $"{dimension}";

    private static long[] ShapeOf(NodeContext c) => c.Input(0) is ConstantValue constant
        ? Array.ConvertAll(constant.Shape.Dimensions.ToArray(), d => (long)d)
        : Array.ConvertAll(c.Tensor(0).Shape.Dimensions.ToArray(), d => d < 0 ? ConstantValue.Batch : d);

    private static long Times(long a, long b) =>
        a <= ConstantValue.Unknown || b <= ConstantValue.Unknown ? ConstantValue.Unknown : checked(a * b);

    private static ConstantValue Vector(NodeContext c, long[] values) =>
        ConstantValue.Of(new TensorShape(values.Length), values, c.Node.Name);

    private static ConstantValue Number(NodeContext c, long value) =>
        ConstantValue.Of(TensorShape.Scalar, [value], c.Node.Name);

    private static Value Reshape(NodeContext c)
    {
        long[] target = c.Integers(1);
        if (c.Input(0) is ConstantValue constant)
            return constant.Reshape(new TensorShape(Target(constant.Shape, target)));
        if (c.Input(0) is ImageValue image && image.Dimensions?.Length != 4 && target.Length == 4)
            return new ImageValue($"{c.Node.Name}:0",
                Array.ConvertAll(target, d => d is > 0 and <= int.MaxValue ? (int)d : -1));
        NodeOutput x = c.Tensor(0);
        int[] shape = Target(x.Shape, target);
        return new TensorShape(shape).Equals(x.Shape) ? new TensorValue(x)
            : c.Emit("Reshape", [x, c.Ints("shape", shape)]);
    }

    private static Value Squeeze(NodeContext c)
    {
        long[] given = c.IntList("squeeze_dims");
        if (c.Input(0) is ImageValue image && image.Dimensions?.Length != 4)
            return image;
        TensorShape x = c.Input(0) is ConstantValue value ? value.Shape : c.Tensor(0).Shape;
        int[] axes = [.. Enumerable.Range(0, x.Rank).Where(i => given.Length == 0 ? x[i] == 1
            : given.Any(g => NodeContext.Axis(g, x.Rank) == i))];
        if (c.Input(0) is ConstantValue constant)
            return constant.Reshape(new TensorShape([.. Enumerable.Range(0, x.Rank).Where(i => !axes.Contains(i))
                .Select(i => x[i])]));
        axes = [.. axes.Where(a => x[a] != TensorShape.Unknown)]; // a batch that the file fixes at 1 stays
        return axes.Length == 0 ? new TensorValue(c.Tensor(0))
            : c.Emit("Squeeze", [c.Tensor(0)], new KeyValuePair<string, AttributeValue>("squeeze_dims",
                AttributeValue.OfInts(axes)));
    }

    private static Value ExpandDims(NodeContext c)
    {
        if (c.Sizes(1) is not [int given])
            throw new GraphException("its axis must be one number");
        if (c.Input(0) is ImageValue image && image.Dimensions?.Length != 4)
            return image.Dimensions is { Length: 3 } one ? new ImageValue(image.Tensor, [-1, .. one]) : image;
        TensorShape x = c.Input(0) is ConstantValue value ? value.Shape : c.Tensor(0).Shape;
        int axis = NodeContext.Axis(given, x.Rank + 1);
        return c.Input(0) is ConstantValue constant
            ? constant.Reshape(new TensorShape([.. x.Dimensions[..axis], 1, .. x.Dimensions[axis..]]))
            : c.Emit(c.Op, [c.Tensor(0), c.Literal("axis", TensorLiteral.Scalar(axis))]);
    }

    private static Value Transpose(NodeContext c)
    {
        int[] order = c.Sizes(1);
        if (c.Input(0) is ImageValue { ChannelsFirst: false, Dimensions: [var n, var channels, var h, var w] } image
            && order is [0, 2, 3, 1])
            return new ImageValue(image.Tensor, [n, h, w, channels], channelsFirst: true);
        TensorShape x = c.Input(0) is ConstantValue value ? value.Shape : c.Tensor(0).Shape;
        if (!order.Order().SequenceEqual(Enumerable.Range(0, x.Rank)))
            throw new GraphException($"[{string.Join(',', order)}] is not an order of the dimensions of {x}");
        if (order.SequenceEqual(Enumerable.Range(0, x.Rank)))
            return c.Input(0);
        if (c.Input(0) is ConstantValue constant)
        {
            int[] strides = ConstantValue.Strides(x.Dimensions);
            return constant.Rearrange([.. order.Select(d => x[d])], [.. order.Select(d => strides[d])], 0);
        }
        NodeOutput tensor = c.Tensor(0);
        if (tensor.Node.Op == "Transpose" && ConstantValues.TryGet(tensor.Node.Inputs[1]) is long[] earlier
            && order.Select(d => earlier[d]).SequenceEqual(Enumerable.Range(0, x.Rank).Select(d => (long)d)))
            return new TensorValue(tensor.Node.Inputs[0]);
        return c.Emit(c.Op, [tensor, c.Ints("perm", order)]);
    }

    private static Value Pad(NodeContext c)
    {
        NodeOutput x = c.Tensor(0);
        NodeOutput paddings = c.Literal("paddings", TensorLiteral.Of<int>(new TensorShape(x.Shape.Rank, 2),
            c.Sizes(1)));
        if (c.Op == "MirrorPad")
            return c.Emit(c.Op, [x, paddings], new KeyValuePair<string, AttributeValue>("mode",
                AttributeValue.Of(c.Text("mode", "REFLECT"))));
        float fill = c.Op == "Pad" ? 0 : (float)(c.Constant(2).Scalar
            ?? throw new GraphException("it must pad with a single number"));
        return fill == 0 ? c.Emit("Pad", [x, paddings])
            : c.Emit("PadV2", [x, paddings, c.Literal("value", TensorLiteral.Scalar(fill))]);
    }

    private static ConstantValue Fill(NodeContext c, ConstantValue value, int[] dimensions)
    {
        var shape = new TensorShape(dimensions);
        ConstantMath.CheckCount(shape, 0);
        return value.Count == 1 ? value.Rearrange(dimensions, new int[dimensions.Length], 0)
            : throw new GraphException($"it fills {shape} with {value.Shape}, expected a single value");
    }

    private static ConstantValue Like(NodeContext c, int value)
    {
        ConstantValue like = c.Constant(0), one = like.IsFloat
            ? ConstantValue.Of(TensorShape.Scalar, [(float)value], c.Node.Name) : Number(c, value);
        return one.Rearrange(like.Shape.Dimensions.ToArray(), new int[like.Shape.Rank], 0);
    }

    private static ConstantValue Broadcast(NodeContext c)
    {
        ConstantValue x = c.Constant(0);
        int[] target = c.Sizes(1), own = ConstantValue.Strides(x.Shape.Dimensions), strides = new int[target.Length];
        ConstantMath.CheckCount(new TensorShape(target), 0);
        if (x.Shape.Rank > target.Length)
            throw new GraphException($"{x.Shape} does not broadcast to [{string.Join(',', target)}]");
        for (int i = 1; i <= x.Shape.Rank; i++)
            strides[^i] = x.Shape[^i] == 1 ? 0 : x.Shape[^i] == target[^i] ? own[^i]
                : throw new GraphException($"{x.Shape} does not broadcast to [{string.Join(',', target)}]");
        return x.Rearrange(target, strides, 0);
    }

    private static Value Tile(NodeContext c)
    {
        long[] multiples = c.Integers(1);
        if (multiples.All(m => m == 1))
            return c.Input(0);
        if (c.Input(0) is not ConstantValue x)
            return c.Emit(c.Op, [c.Tensor(0), c.Ints("multiples", c.Sizes(1))]);
        if (multiples.Length != x.Shape.Rank || multiples.Any(m => m < 1))
            throw new GraphException($"it repeats {x.Shape} by [{string.Join(',', multiples)}]");
        int[] counts = c.Sizes(1), own = ConstantValue.Strides(x.Shape.Dimensions);
        int[] full = [.. counts.Select((m, i) => checked(m * x.Shape[i]))];
        ConstantMath.CheckCount(new TensorShape(full), 0);
        int[] split = [.. counts.SelectMany((m, i) => new[] { m, x.Shape[i] })];
        int[] strides = [.. own.SelectMany(s => new[] { 0, s })];
        return x.Rearrange(split, strides, 0).Reshape(new TensorShape(full));
    }
}
