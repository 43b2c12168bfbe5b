using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Reading;

/// <summary>Ops that take tensors apart, join them, or choose elements by position.</summary>
internal static class PartRules
{
    public static Dictionary<string, LoweringRule> Rules { get; } = new(StringComparer.Ordinal)
    {
        ["Slice"] = c => [Slice(c)],
        ["StridedSlice"] = c => [StridedSlice(c)],
        ["Split"] = c => Split(c, 1, c.Sizes(0), EqualParts(c)),
        ["SplitV"] = c => Split(c, 0, c.Sizes(2), c.Sizes(1)),
        ["Unpack"] = Unpack,
        ["Pack"] = c => [Pack(c)],
        ["Concat"] = c => [Concatenate(c, c.Inputs[1..], c.Sizes(0))],
        ["ConcatV2"] = c => [Concatenate(c, c.Inputs[..^1], c.Sizes(c.Inputs.Length - 1))],
        ["Gather"] = c => [Gather(c, 0)],
        ["GatherV2"] = c => [Gather(c, c.Sizes(2) is [int axis] ? axis : throw OneAxis())],
        ["Range"] = c => [Range(c)],
        ["ReverseV2"] = c => [Reverse(c, c.Sizes(1))],
        ["Reverse"] = c => [Reverse(c, [.. c.Integers(1).Index().Where(d => d.Item != 0).Select(d => d.Index)])],
    };

    private static TensorShape ShapeOf(NodeContext c, Value value) =>
        value is ConstantValue constant ? constant.Shape : c.Tensor(value).Shape;

    private static Value Slice(NodeContext c)
    {
        int[] begin = c.Sizes(1), size = c.Sizes(2);
        TensorShape x = ShapeOf(c, c.Input(0));
        if (begin.Length != x.Rank || size.Length != x.Rank)
            throw new GraphException($"begin and size must have {x.Rank} numbers");
        return Cut(c, c.Input(0), begin, size, c.Node.Name);
    }

    /// <summary>A box; a size of -1 extends to the end.</summary>
    private static Value Cut(NodeContext c, Value value, int[] begin, int[] size, string name)
    {
        TensorShape x = ShapeOf(c, value);
        if (value is not ConstantValue constant)
        {
            for (int i = 0; i < size.Length; i++)
                if (x[i] >= 0 && size[i] == x[i] - begin[i])
                    size[i] = -1;
            return new TensorValue(c.Add("Slice", [c.Tensor(value), c.Ints("begin", begin), c.Ints("size", size)],
                name));
        }
        for (int i = 0; i < size.Length; i++)
        {
            if (size[i] == -1)
                size[i] = x[i] - begin[i];
            if (begin[i] < 0 || size[i] < 0 || begin[i] > x[i] - size[i])
                throw new GraphException($"{size[i]} elements from {begin[i]} exceed dimension {i} of {x}");
        }
        int[] strides = ConstantValue.Strides(x.Dimensions);
        return constant.Rearrange(size, strides, begin.Zip(strides, (b, s) => b * s).Sum());
    }

    private static Value StridedSlice(NodeContext c)
    {
        var masks = new StridedSliceAttributes(c.Int("begin_mask", 0), c.Int("end_mask", 0), c.Int("ellipsis_mask", 0),
            c.Int("new_axis_mask", 0), c.Int("shrink_axis_mask", 0));
        if (c.Input(0) is not ConstantValue x)
            return ReversedAxes(c, masks) is { Length: > 0 } axes ? Reverse(c, axes)
                : c.Emit(c.Op, [c.Tensor(0), c.Ints("begin", c.Sizes(1)), c.Ints("end", c.Sizes(2)),
                    c.Ints("strides", c.Sizes(3))], [.. masks.ToAttributes()]);
        StridedSliceRange range = masks.Resolve(x.Shape, c.Integers(1), c.Integers(2), c.Integers(3));
        int[] own = ConstantValue.Strides(x.Shape.Dimensions);
        int offset = range.Counts.Contains(0) ? 0 : range.Starts.Zip(own, (s, stride) => s * stride).Sum();
        return x.Rearrange(range.Counts, [.. range.Strides.Zip(own, (s, stride) => s * stride)], offset)
            .Reshape(range.OutputShape);
    }

    /// <summary>The axes that a slice x[…, ::-1] reverses; null if it does anything else.</summary>
    private static int[]? ReversedAxes(NodeContext c, StridedSliceAttributes masks)
    {
        TensorShape x = c.Tensor(0).Shape;
        int[] begin = c.Sizes(1), end = c.Sizes(2), strides = c.Sizes(3);
        if (masks.ShrinkAxisMask != 0 || masks.NewAxisMask != 0 || begin.Length != strides.Length
            || end.Length != strides.Length)
            return null;
        var axes = new List<int>();
        for (int i = 0, axis = 0; i < strides.Length; i++, axis++)
        {
            long bit = 1L << i;
            if ((masks.EllipsisMask & bit) != 0)
                axis += x.Rank - strides.Length;
            else if ((masks.BeginMask & masks.EndMask & bit) == 0 || strides[i] is not (1 or -1) || axis >= x.Rank)
                return null;
            else if (strides[i] == -1)
                axes.Add(axis);
        }
        return [.. axes];
    }

    private static int[] EqualParts(NodeContext c)
    {
        TensorShape x = ShapeOf(c, c.Input(1));
        long count = c.Int("num_split", 0);
        int length = x[NodeContext.Axis(c.Sizes(0) is [int axis] ? axis : throw OneAxis(), x.Rank)];
        return count > 0 && length > 0 && length % count == 0
            ? [.. Enumerable.Repeat((int)(length / count), (int)count)]
            : throw new GraphException($"a dimension of {length} does not divide into {count} parts");
    }

    private static Value[] Split(NodeContext c, int input, int[] axes, int[] sizes)
    {
        Value value = c.Input(input);
        TensorShape x = ShapeOf(c, value);
        int axis = NodeContext.Axis(axes is [int given] ? given : throw OneAxis(), x.Rank), at = 0;
        int rest = Array.IndexOf(sizes, -1);
        if (rest >= 0)
            sizes[rest] = x[axis] - (sizes.Sum() + 1);
        if (x[axis] < 0 || sizes.Sum() != x[axis] || sizes.Any(s => s < 0))
            throw new GraphException($"parts of [{string.Join(',', sizes)}] do not make up dimension {axis} of {x}");
        var parts = new Value[sizes.Length];
        for (int i = 0; i < parts.Length; at += sizes[i++])
        {
            var begin = new int[x.Rank];
            var size = new int[x.Rank];
            Array.Fill(size, -1);
            (begin[axis], size[axis]) = (at, sizes[i]);
            parts[i] = Cut(c, value, begin, size, i == 0 ? c.Node.Name : $"{c.Node.Name}/part{i}");
        }
        return parts;
    }

    private static Value[] Unpack(NodeContext c)
    {
        TensorShape x = ShapeOf(c, c.Input(0));
        int axis = NodeContext.Axis(c.Int("axis", 0), x.Rank), count = x[axis];
        if (count < 0 || count != c.Int("num", count))
            throw new GraphException($"dimension {axis} of {x} does not have {c.Int("num", 0)} elements");
        Value[] parts = Split(c, 0, [axis], [.. Enumerable.Repeat(1, count)]);
        int[] shape = [.. x.Dimensions[..axis], .. x.Dimensions[(axis + 1)..]];
        return Array.ConvertAll<Value, Value>(parts, p => p is ConstantValue constant
            ? constant.Reshape(new TensorShape(shape))
            : new TensorValue(c.Add("Squeeze", [c.Tensor(p)], $"{c.Node.Name}/squeeze",
                new KeyValuePair<string, AttributeValue>("squeeze_dims", AttributeValue.OfInts([axis])))));
    }

    private static Value Pack(NodeContext c)
    {
        TensorShape x = ShapeOf(c, c.Input(0));
        int axis = NodeContext.Axis(c.Int("axis", 0), x.Rank + 1);
        return Concatenate(c, Array.ConvertAll<Value, Value>(c.Inputs, i => i is ConstantValue constant
            ? constant.Reshape(new TensorShape([.. constant.Shape.Dimensions[..axis], 1,
                .. constant.Shape.Dimensions[axis..]]))
            : new TensorValue(c.Add("ExpandDims", [c.Tensor(i), c.Literal("axis", TensorLiteral.Scalar(axis))],
                $"{c.Node.Name}/expanded"))), [axis]);
    }

    private static Value Concatenate(NodeContext c, Value[] values, int[] axes)
    {
        if (axes is not [int given])
            throw OneAxis();
        if (values.Length == 1)
            return values[0];
        if (values.Length == 0)
            throw new GraphException("it has no inputs");
        int axis = NodeContext.Axis(given, ShapeOf(c, values[0]).Rank);
        if (Array.TrueForAll(values, v => v is ConstantValue))
            return Join(Array.ConvertAll(values, v => (ConstantValue)v), axis, c.Node.Name);
        NodeOutput[] inputs = [.. values.Select(c.Tensor), c.Literal("axis", TensorLiteral.Scalar(axis))];
        return c.Emit("ConcatV2", inputs, new KeyValuePair<string, AttributeValue>("N",
            AttributeValue.Of((long)values.Length)));
    }

    private static ConstantValue Join(ConstantValue[] parts, int axis, string name)
    {
        TensorShape first = parts[0].Shape;
        if (parts.Any(p => p.IsFloat != parts[0].IsFloat || p.Shape.Rank != first.Rank
            || !p.Shape.With(axis, 0).Equals(first.With(axis, 0))))
            throw new GraphException($"the constants {string.Join(", ", parts.Select(p => p.Shape))} do not fit " +
                $"together along dimension {axis}");
        TensorShape shape = first.With(axis, parts.Sum(p => p.Shape[axis]));
        int outer = first.Dimensions[..axis].ToArray().Aggregate(1, (a, b) => a * b);
        var bytes = new byte[new TensorSpec(parts[0].Literal.Spec.Type, shape).ByteLength];
        int at = 0;
        for (int o = 0; o < outer; o++)
            foreach (ConstantValue part in parts)
            {
                int length = part.Literal.Bytes.Length / outer;
                part.Literal.Bytes.Slice(o * length, length).CopyTo(bytes.AsSpan(at));
                at += length;
            }
        return new ConstantValue(new TensorLiteral(parts[0].Literal.Spec.Type, shape, bytes), name);
    }

    private static ConstantValue Gather(NodeContext c, int given)
    {
        ConstantValue x = c.Constant(0), indices = c.Constant(1);
        int axis = NodeContext.Axis(given, x.Shape.Rank);
        int[] positions = c.Sizes(1), shape = [.. x.Shape.Dimensions[..axis], .. indices.Shape.Dimensions,
            .. x.Shape.Dimensions[(axis + 1)..]];
        if (c.Int("batch_dims", 0) != 0 || positions.Length == 0)
            throw new GraphException("batches of indices, or none, are not supported");
        ConstantMath.CheckCount(new TensorShape(shape), x.Count);
        var parts = new ConstantValue[positions.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            var begin = new int[x.Shape.Rank];
            int[] size = x.Shape.Dimensions.ToArray();
            (begin[axis], size[axis]) = (positions[i] < 0 ? positions[i] + size[axis] : positions[i], 1);
            parts[i] = (ConstantValue)Cut(c, x, begin, size, c.Node.Name);
        }
        return Join(parts, axis, x.Name).Reshape(new TensorShape(shape));
    }

    private static ConstantValue Range(NodeContext c)
    {
        if (c.Sizes(0) is not [int start] || c.Sizes(1) is not [int limit] || c.Sizes(2) is not [not 0 and int step])
            throw new GraphException("start, limit and step must be single numbers, and the step not 0");
        long count = Math.Max(0, (((long)limit - start) + step - Math.Sign(step)) / step);
        ConstantMath.CheckCount(new TensorShape((int)Math.Min(count, int.MaxValue)), 0);
        return ConstantValue.Of(new TensorShape((int)count),
            [.. Enumerable.Range(0, (int)count).Select(i => start + ((long)i * step))], c.Node.Name);
    }

    private static Value Reverse(NodeContext c, int[] axes)
    {
        TensorShape x = ShapeOf(c, c.Input(0));
        axes = [.. axes.Select(a => NodeContext.Axis(a, x.Rank)).Distinct()];
        if (c.Input(0) is not ConstantValue constant)
            return c.Emit("ReverseV2", [c.Tensor(0), c.Ints("axis", axes)]);
        int[] strides = ConstantValue.Strides(x.Dimensions);
        int offset = 0;
        foreach (int axis in axes)
        {
            offset += Math.Max(0, x[axis] - 1) * strides[axis];
            strides[axis] = -strides[axis];
        }
        return constant.Rearrange(x.Dimensions.ToArray(), strides, offset);
    }

    private static GraphException OneAxis() => new("its axis must be a single number");
}
