namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>The masks of <c>StridedSlice</c>: bit i belongs to item i of begin, end and strides.</summary>
/// <param name="BeginMask">Bit set: begin is ignored, from the first element (the last for a negative stride).</param>
/// <param name="EndMask">Bit set: end is ignored, through the last element (the first for a negative stride).</param>
/// <param name="EllipsisMask">Bit set: the item covers all remaining dimensions in full; at most one bit.</param>
/// <param name="NewAxisMask">Bit set: the item adds a dimension of 1.</param>
/// <param name="ShrinkAxisMask">Bit set: the item selects one element and drops the dimension.</param>
internal readonly record struct StridedSliceAttributes(long BeginMask, long EndMask, long EllipsisMask,
    long NewAxisMask, long ShrinkAxisMask)
{
    internal static AttributeSpec[] Schema =>
        [Mask("begin_mask"), Mask("end_mask"), Mask("ellipsis_mask"), Mask("new_axis_mask"), Mask("shrink_axis_mask")];

    /// <summary>Reads them from a node.</summary>
    public static StridedSliceAttributes From(NodeDef node) => From(name => WindowAttributes.Of(node, name));

    /// <summary>As TensorFlow's attributes.</summary>
    public IEnumerable<KeyValuePair<string, AttributeValue>> ToAttributes() =>
    [
        new("begin_mask", AttributeValue.Of(BeginMask)), new("end_mask", AttributeValue.Of(EndMask)),
        new("ellipsis_mask", AttributeValue.Of(EllipsisMask)),
        new("new_axis_mask", AttributeValue.Of(NewAxisMask)),
        new("shrink_axis_mask", AttributeValue.Of(ShrinkAxisMask)),
    ];

    /// <summary>The elements read along each dimension.</summary>
    /// <exception cref="GraphException">The slice does not fit the tensor.</exception>
    public StridedSliceRange Resolve(TensorShape input, long[] begin, long[] end, long[] strides)
    {
        StridedSliceRange range = Resolve(input, begin, end, strides, out string? problem);
        return problem is null ? range : throw new GraphException(problem);
    }

    internal static StridedSliceAttributes From(in ShapeContext c)
    {
        ShapeContext context = c;
        return From(context.Attribute);
    }

    internal StridedSliceRange Resolve(TensorShape input, long[] begin, long[] end, long[] strides, out string? problem)
    {
        problem = begin.Length != end.Length || end.Length != strides.Length || begin.Length > 63
            ? $"begin, end and strides must be of one length, received {begin.Length}, {end.Length} and " +
            $"{strides.Length}" : null;
        var starts = new List<int>();
        var counts = new List<int>();
        var steps = new List<int>();
        var output = new List<int>();
        int newAxes = System.Numerics.BitOperations.PopCount((ulong)NewAxisMask & ((1UL << begin.Length) - 1));
        for (int item = 0; item < begin.Length && problem is null; item++)
        {
            long bit = 1L << item;
            if ((EllipsisMask & bit) != 0)
            {
                int later = begin.Length - item - 1 - newAxes
                    + System.Numerics.BitOperations.PopCount((ulong)NewAxisMask & ((1UL << item) - 1));
                while (starts.Count < input.Rank - later)
                    TakeAll(input, starts, counts, steps, output);
            }
            else if ((NewAxisMask & bit) != 0)
                output.Add(1);
            else if (starts.Count >= input.Rank)
                problem = $"the slice has more items than {input} has dimensions";
            else
                problem = Take(input, bit, begin[item], end[item], strides[item], starts, counts, steps, output);
        }
        while (problem is null && starts.Count < input.Rank)
            TakeAll(input, starts, counts, steps, output);
        return problem is null ? new([.. starts], [.. counts], [.. steps], new TensorShape([.. output])) : default;
    }

    private static void TakeAll(TensorShape input, List<int> starts, List<int> counts, List<int> steps,
        List<int> output)
    {
        counts.Add(input[starts.Count]);
        output.Add(input[starts.Count]);
        starts.Add(0);
        steps.Add(1);
    }

    private string? Take(TensorShape input, long bit, long begin, long end, long stride, List<int> starts,
        List<int> counts, List<int> steps, List<int> output)
    {
        int size = input[starts.Count];
        bool shrink = (ShrinkAxisMask & bit) != 0, all = (BeginMask & EndMask & bit) != 0 && stride == 1;
        if (stride == 0 || (shrink && stride < 0))
            return $"the stride of dimension {starts.Count} must not be {stride}";
        if (size == TensorShape.Unknown && !shrink)
        {
            if (!all)
                return $"dimension {starts.Count} of {input} is unknown: only the full range can be sliced";
            TakeAll(input, starts, counts, steps, output);
            return null;
        }
        if (shrink)
        {
            long at = begin < 0 ? begin + size : begin;
            if (at < 0 || (size != TensorShape.Unknown && at >= size))
                return $"element {begin} of dimension {starts.Count} does not exist in {input}";
            starts.Add((int)at);
            counts.Add(1);
            steps.Add(1);
            return null;
        }
        long low = stride > 0 ? 0 : -1, high = stride > 0 ? size : size - 1;
        long first = (BeginMask & bit) != 0 ? (stride > 0 ? low : high)
            : Math.Clamp(begin < 0 ? begin + size : begin, low, high);
        long stop = (EndMask & bit) != 0 ? (stride > 0 ? high : low)
            : Math.Clamp(end < 0 ? end + size : end, low, high);
        int count = (int)Math.Max(0,
            stride > 0 ? (stop - first + stride - 1) / stride : (stop - first + stride + 1) / stride);
        starts.Add((int)first);
        counts.Add(count);
        steps.Add((int)stride);
        output.Add(count);
        return null;
    }

    private static StridedSliceAttributes From(Func<string, AttributeValue> attribute) =>
        new(attribute("begin_mask").Int, attribute("end_mask").Int,
        attribute("ellipsis_mask").Int, attribute("new_axis_mask").Int, attribute("shrink_axis_mask").Int);

    private static AttributeSpec Mask(string name) => new(name, AttributeKind.Int, AttributeValue.Of(0L));
}

/// <summary>
/// The elements that a slice reads: of each input dimension, <c>Counts[i]</c> elements from <c>Starts[i]</c> in steps
/// of <c>Strides[i]</c>.
/// </summary>
/// <param name="Starts">First element per input dimension.</param>
/// <param name="Counts">Elements per input dimension, -1 for an unknown dimension read in full.</param>
/// <param name="Strides">Step per input dimension, not 0.</param>
/// <param name="OutputShape">The result's shape: the counts, without dropped and with added dimensions.</param>
internal readonly record struct StridedSliceRange(int[] Starts, int[] Counts, int[] Strides, TensorShape OutputShape);
