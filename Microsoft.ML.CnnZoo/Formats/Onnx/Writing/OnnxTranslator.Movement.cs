using System.Collections.Immutable;
using System.Numerics;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using static Microsoft.ML.CnnZoo.Formats.Onnx.OnnxAttributes;

namespace Microsoft.ML.CnnZoo.Formats.Onnx;

/// <content>Operators that move elements or view them in another shape.</content>
internal sealed partial class OnnxTranslator
{
    // Stands for the unknown dimension in products: a prime that no size of an image is.
    private const long UnknownSize = 1_000_003;

    // ONNX Runtime merges a padding of 0 into a maximum behind it, which then ignores it; -0 stays what it is.
    private const float LeftAloneZero = -0f;

    private static Dictionary<string, Action<OnnxTranslator, NodeDef>> MovementRules => new()
    {
        ["Reshape"] = (t, n) => t.View(n), ["Squeeze"] = (t, n) => t.View(n), ["ExpandDims"] = (t, n) => t.View(n),
        ["Transpose"] = (t, n) => t.Transpose(n),
        ["ConcatV2"] = (t, n) => t.Concatenate(n),
        ["Pad"] = (t, n) => t.Pad(n, "constant"), ["PadV2"] = (t, n) => t.Pad(n, "constant"),
        ["MirrorPad"] = (t, n) => t.Mirror(n),
        ["Slice"] = (t, n) => t.Slice(n), ["StridedSlice"] = (t, n) => t.StridedSlice(n),
        ["ReverseV2"] = (t, n) => t.Reverse(n),
        ["Tile"] = (t, n) => t.Repeat(n, "Tile", Integers(n, 1)),
        ["BroadcastTo"] = (t, n) => t.Repeat(n, "Expand", [.. n.Outputs[0].Shape.Dimensions.ToArray().Select(d => Math.Max(1L, d))]),
    };

    private void View(NodeDef node)
    {
        OnnxValue x = Value(node.Inputs[0]);
        if (!Shuffle(node, x))
            Set(node, Reshape(x, node.Outputs[0].Shape, node.Name));
    }

    /// <summary>
    /// A channel shuffle, whose three nodes see the pixels of all images as rows [N·H·W,groups,channels]: images stay
    /// images, so that one transposition is enough.
    /// </summary>
    private bool Shuffle(NodeDef node, OnnxValue x)
    {
        if (x.Shape is not { Rank: 4 } image || node.Outputs[0].Shape is not { Rank: 3 } rows || image[3] != rows[1] * rows[2]
            || _readers.Sole(node.Output()) is not { Op: "Transpose" } swap || !Integers(swap, 1).SequenceEqual([0L, 2, 1])
            || _readers.Sole(swap.Output()) is not { Op: "Reshape" } end || !end.Outputs[0].Shape.Equals(image))
            return false;
        OnnxValue split = Reshape(x, new TensorShape([.. image.Dimensions[..3], rows[1], rows[2]]), node.Name);
        var swapped = new OnnxValue(split.Name, new TensorShape([.. image.Dimensions[..3], rows[2], rows[1]]),
            [.. split.Order.Select(i => i switch { 3 => 4, 4 => 3, _ => i })]);
        Set(node, split);
        Set(swap, swapped);
        Set(end, Reshape(swapped, image, end.Name));
        return true;
    }

    /// <summary>
    /// A tensor in another shape of ours. Dimensions that stay or are split keep their place; those that are merged are
    /// brought side by side first, except where an image is flattened.
    /// </summary>
    private OnnxValue Reshape(OnnxValue x, TensorShape target, string name)
    {
        if (x.Flattened is not null && x.Shape.Equals(target))
            return x;
        x = Plain(x);
        if (x.Shape is { Rank: 4 } image && x.Order.SequenceEqual(AxisOrder.ChannelsFirst)
            && image[3] > 1 && image[1] * image[2] > 1
            && target.Rank == 2 && target[1] == image[1] * image[2] * image[3])
            return Reshaped(x, target, AxisOrder.Ours(2), name) with
            {
                Flattened = new TensorShape(image.Dimensions[1..]),
            };
        List<(int[] From, int[] To)> groups = Groups(x.Shape, target, name);
        x = SideBySide(x, groups);
        int[] sizable = [.. x.Order.Where(i => x.Shape[i] != 1)
            .SelectMany(i => groups.Where(g => g.From[0] == i).SelectMany(g => g.To))];
        if (!x.Shape.IsFullyDefined)
            _rows = x.Rows * Known(x.Shape) / Known(target);
        return Reshaped(x, target, WithOnes(sizable, target), name);
    }

    /// <summary>Which dimensions, those of 1 left out, become which.</summary>
    private static List<(int[] From, int[] To)> Groups(TensorShape x, TensorShape y, string name)
    {
        int[] from = Sizable(x), to = Sizable(y);
        long known = Known(x), knownAfter = Known(y), common = (long)BigInteger.GreatestCommonDivisor(known, knownAfter);
        long Size(TensorShape shape, int i) => shape[i] > 0 ? shape[i]
            : UnknownSize * (ReferenceEquals(shape, x) ? knownAfter : known) / common;
        var groups = new List<(int[], int[])>();
        for (int i = 0, j = 0; i < from.Length || j < to.Length;)
        {
            (int a, int b) = (i, j);
            long before = 1, after = 1;
            do
            {
                if (before <= after && i < from.Length)
                    before *= Size(x, from[i++]);
                else if (j < to.Length)
                    after *= Size(y, to[j++]);
                else
                    throw new GraphException($"'{name}' cannot be written as ONNX: {x} is viewed as {y}.");
            }
            while (before != after);
            groups.Add((from[a..i], to[b..j]));
        }
        return groups;
    }

    private static long Known(TensorShape shape) =>
        shape.Dimensions.ToArray().Where(d => d > 0).Aggregate(1L, (product, d) => product * d);

    private static int[] Sizable(TensorShape shape) => [.. Enumerable.Range(0, shape.Rank).Where(i => shape[i] != 1)];

    private OnnxValue SideBySide(OnnxValue x, List<(int[] From, int[] To)> groups)
    {
        var order = new List<int>();
        foreach (int i in x.Order.Where(i => !order.Contains(i)).ToArray())
            if (!order.Contains(i))
                order.AddRange(x.Shape[i] == 1 ? [i] : groups.First(g => g.From.Contains(i)).From);
        bool Keeps(IEnumerable<int> a) => a.Where(i => x.Shape[i] != 1).SequenceEqual(x.Order.Where(i => x.Shape[i] != 1));
        return Keeps(order) ? x : InOrder(x, [.. order]);
    }

    /// <summary>An order in which the dimensions larger than 1 stand as given: ONNX's for images where it can be.</summary>
    private static ImmutableArray<int> WithOnes(int[] sizable, TensorShape shape)
    {
        ImmutableArray<int>[] usual = shape.Rank == 4 ? [AxisOrder.ChannelsFirst, AxisOrder.Ours(4)]
            : [AxisOrder.Ours(shape.Rank)];
        foreach (ImmutableArray<int> order in usual)
            if (order.Where(i => shape[i] != 1).SequenceEqual(sizable))
                return order;
        return [.. sizable, .. Enumerable.Range(0, shape.Rank).Except(sizable)];
    }

    /// <summary>The same memory: only the order's names change.</summary>
    private void Transpose(NodeDef node)
    {
        OnnxValue x = Plain(Value(node.Inputs[0]));
        long[] permutation = Integers(node, 1);
        Set(node, new OnnxValue(x.Name, node.Outputs[0].Shape,
            [.. x.Order.Select(i => Array.IndexOf(permutation, (long)i))]) { Rows = _rows });
    }

    private void Concatenate(NodeDef node)
    {
        NodeOutput[] parts = [.. node.Inputs.SkipLast(1)];
        int axis = Axis(Integers(node, parts.Length)[0], node.Outputs[0].Shape.Rank);
        ImmutableArray<int> order = Plain(Value(parts.FirstOrDefault(p => ConstantOf(p) is null, parts[0]))).Order;
        string[] names = [.. parts.Select(p => InOrder(Plain(Value(p)), order).Name)];
        Set(node, Add("Concat", node.Name, node.Outputs[0].Shape, order, names, Int("axis", order.IndexOf(axis))));
    }

    private void Pad(NodeDef node, string mode)
    {
        OnnxValue x = Plain(Value(node.Inputs[0]));
        long[] pads = Integers(node, 1);
        string amounts = _target.AddInitializer($"{node.Name}/pads",
            x.Order.Select(i => pads[2 * i]).Concat(x.Order.Select(i => pads[(2 * i) + 1])));
        string[] value = node.Op == "PadV2"
            ? [Constant(node.Inputs[2], "", () => ([], [.. Floats(node.Inputs[2])]))]
            : _readers.Of(node.Output()).Any(r => r.Op == "MaxPool")
            ? [_target.AddScalar($"{node.Name}/value", LeftAloneZero)] : [];
        Set(node, Add("Pad", node.Name, node.Outputs[0].Shape, x.Order, [x.Name, amounts, .. value], Text("mode", mode)));
    }

    /// <summary>ONNX mirrors without the border; with it only where one element is repeated.</summary>
    private void Mirror(NodeDef node)
    {
        bool withBorder = WindowAttributes.Of(node, "mode").String == "SYMMETRIC";
        if (withBorder && Integers(node, 1).Max() > 1)
            throw Inexpressible(node, "it mirrors more than one element with the border");
        Pad(node, withBorder ? "edge" : "reflect");
    }

    private void Slice(NodeDef node)
    {
        OnnxValue x = Plain(Value(node.Inputs[0]));
        TensorShape y = node.Outputs[0].Shape;
        int[] begin = [.. Integers(node, 1).Select(b => (int)b)];
        Set(node, Cut(x, new(begin, y.Dimensions.ToArray(), [.. begin.Select(_ => 1)], y), node.Name));
    }

    private void StridedSlice(NodeDef node)
    {
        OnnxValue x = Plain(Value(node.Inputs[0]));
        StridedSliceRange range = StridedSliceAttributes.From(node)
            .Resolve(x.Shape, Integers(node, 1), Integers(node, 2), Integers(node, 3));
        OnnxValue cut = Cut(x, range, node.Name);
        Set(node, cut.Shape.Equals(range.OutputShape) ? cut : Reshape(cut, range.OutputShape, $"{node.Name}/shape"));
    }

    private void Reverse(NodeDef node)
    {
        OnnxValue x = Plain(Value(node.Inputs[0]));
        int rank = x.Shape.Rank;
        int[] start = new int[rank], step = new int[rank];
        Array.Fill(step, 1);
        foreach (long given in Integers(node, 1))
            (start[Axis(given, rank)], step[Axis(given, rank)]) = (x.Shape[Axis(given, rank)] - 1, -1);
        Set(node, Cut(x, new(start, x.Shape.Dimensions.ToArray(), step, x.Shape), node.Name));
    }

    /// <summary>Every n-th pixel is a pool of one pixel, which more readers know than slices with steps.</summary>
    private OnnxValue Cut(OnnxValue x, in StridedSliceRange range, string name)
    {
        (int[] starts, int[] counts, int[] strides) = (range.Starts, range.Counts, range.Strides);
        int[] cut = [.. Enumerable.Range(0, x.Shape.Rank)
            .Where(i => starts[i] != 0 || strides[i] != 1 || counts[i] != x.Shape[i])];
        var shape = new TensorShape(counts);
        if (cut.Length == 0)
            return x;
        if (x.Shape.Rank == 4 && cut.All(i => i is 1 or 2 && starts[i] == 0 && strides[i] > 1
            && counts[i] == (x.Shape[i] + strides[i] - 1) / strides[i]))
            return Add("MaxPool", name, shape, AxisOrder.ChannelsFirst, [InOrder(x, AxisOrder.ChannelsFirst).Name],
                Ints("kernel_shape", 1, 1), Ints("strides", strides[1], strides[2]));
        string Constants(string what, Func<int, long> value) =>
            _target.AddInitializer($"{name}/{what}", cut.Select(value));
        string[] inputs =
        [
            x.Name, Constants("starts", i => starts[i]), Constants("ends", i => End(starts[i], counts[i], strides[i])),
            Constants("axes", i => x.Axis(i)), Constants("steps", i => strides[i]),
        ];
        return Add("Slice", name, shape, x.Order, inputs);
    }

    // Going backwards an end before the first element is written as very negative, for -1 would mean the last.
    private static long End(int start, int count, int stride)
    {
        long end = start + ((long)count * stride);
        return end < 0 ? int.MinValue : end;
    }

    private void Repeat(NodeDef node, string op, long[] counts)
    {
        OnnxValue x = WithRank(Plain(Value(node.Inputs[0])), node.Outputs[0].Shape.Rank);
        string amounts = _target.AddInitializer($"{node.Name}/counts", x.Order.Select(i => counts[i]));
        Set(node, Add(op, node.Name, node.Outputs[0].Shape, x.Order, [x.Name, amounts]));
    }
}
