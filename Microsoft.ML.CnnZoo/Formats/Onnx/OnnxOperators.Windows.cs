using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Formats.Onnx;

/// <summary>Operators with windows or sums: convolutions, pools, dense layers, reductions, softmax.</summary>
internal sealed partial class OnnxOperators
{
    private ImportedValue Convolution(OnnxNode n)
    {
        ImportedTensor x = n.Tensor(0);
        KnownArray w = n.Known(1);
        if (x.Rank != 4 || w.Shape.Length != 4)
            throw new InvalidDataException($"it convolves {KnownArray.Text(x.Shape)} with {KnownArray.Text(w.Shape)}; "
                + "expected images [N,C,H,W]");
        int groups = checked((int)n.Int("group", 1)), channels = x.Shape[1], filters = w.Shape[0];
        if (groups < 1 || channels != checked(w.Shape[1] * groups) || filters % groups != 0)
            throw new InvalidDataException($"{groups} groups, {channels} channels and filters {KnownArray.Text(w.Shape)} "
                + "do not fit");
        int[] strides = Pair(n, "strides", 1), dilations = Pair(n, "dilations", 1);
        NodeOutput image = _arranger.Image(x);
        Padding padding = PaddingOf(n, image.Shape, w.Shape[2..], strides, dilations);
        bool depthwise = groups == channels && groups > 1;
        KnownArray filter = depthwise
            ? w.Reshape(channels, filters / channels, w.Shape[2], w.Shape[3]).Transpose([2, 3, 0, 1])
            : w.Transpose([2, 3, 1, 0]);
        NodeOutput y = _arranger.Add(depthwise ? "DepthwiseConv2dNative" : "Conv2D",
            [image, _arranger.Constant(filter, n.NameOf(1))],
            new Conv2DAttributes(strides[0], strides[1], padding, dilations[0], dilations[1]).ToAttributes());
        if (n.Has(2))
            y = _arranger.Add("BiasAdd", [y, _arranger.Constant(n.Known(2).Reshape(filters), n.NameOf(2))]);
        return ImportedTensor.OfImage(y);
    }

    private ImportedValue MaxPool(OnnxNode n)
    {
        if (n.Ints("dilations") is { } dilations && dilations.Any(d => d != 1))
            throw new InvalidDataException($"its dilations are {string.Join(',', dilations)}; only 1 is supported");
        (NodeOutput image, Pool2DAttributes pool, int[] ceiling) = Pool(n);
        return ImportedTensor.OfImage(_arranger.Add("MaxPool", [image], Enlarge(pool, ceiling).ToAttributes()));
    }

    private ImportedValue AveragePool(OnnxNode n)
    {
        if (n.Ints("dilations") is { } dilations && dilations.Any(d => d != 1))
            throw new InvalidDataException($"its dilations are {string.Join(',', dilations)}; only 1 is supported");
        (NodeOutput image, Pool2DAttributes pool, int[] ceiling) = Pool(n);
        Padding p = Enlarge(pool, ceiling).Padding;
        bool counts = n.Int("count_include_pad", 0) != 0;
        if (p.Kind != PaddingKind.Explicit || (!counts && IsSame(image.Shape, pool with { Padding = p })))
        {
            pool = p.Kind == PaddingKind.Explicit ? pool with { Padding = Padding.Same } : pool;
            return ImportedTensor.OfImage(_arranger.Add("AvgPool", [image], pool.ToAttributes()));
        }
        // Zeros around the image, and averages over whole windows corrected to averages over what counts.
        NodeOutput average = _arranger.Add("AvgPool", [PadImage(image, p)],
            (pool with { Padding = Padding.Valid }).ToAttributes());
        Padding declared = pool.Padding;
        float[] rows = Counted(image.Height, p.Top, counts ? declared.Top : 0, counts ? declared.Bottom : 0,
            pool.WindowHeight, pool.StrideHeight, average.Height);
        float[] columns = Counted(image.Width, p.Left, counts ? declared.Left : 0, counts ? declared.Right : 0,
            pool.WindowWidth, pool.StrideWidth, average.Width);
        KnownArray correction = KnownArray.Of([1, rows.Length, columns.Length, 1],
            [.. rows.SelectMany(r => columns.Select(c => pool.WindowHeight * pool.WindowWidth / (r * c)))]);
        return ImportedTensor.OfImage(correction.Floats!.All(f => f == 1) ? average
            : _arranger.Add("Mul", [average, _arranger.Constant(correction)]));
    }

    /// <summary>How many pixels of each window count.</summary>
    private static float[] Counted(int size, int before, int countedBefore, int countedAfter, int window, int stride,
        int outputs) => [.. Enumerable.Range(0, outputs).Select(i =>
    {
        int start = (i * stride) - before;
        return (float)(Math.Min(start + window, size + countedAfter) - Math.Max(start, -countedBefore));
    })];

    private static bool IsSame(TensorShape image, Pool2DAttributes pool)
    {
        Pool2DGeometry same = (pool with { Padding = Padding.Same }).Geometry(image);
        Padding p = pool.Padding;
        return (same.PadTop, same.PadBottom, same.PadLeft, same.PadRight) == (p.Top, p.Bottom, p.Left, p.Right);
    }

    /// <summary>A pool's image and attributes, and how far its last windows reach beyond the padding.</summary>
    private (NodeOutput Image, Pool2DAttributes Pool, int[] Ceiling) Pool(OnnxNode n)
    {
        ImportedTensor x = n.Tensor(0);
        int[] window = Pair(n, "kernel_shape", 0), strides = Pair(n, "strides", 1);
        if (x.Rank != 4 || window.Any(k => k < 1))
            throw new InvalidDataException($"it pools {KnownArray.Text(x.Shape)} in windows of "
                + $"{string.Join('x', window)}; expected images [N,C,H,W]");
        NodeOutput image = _arranger.Image(x);
        Padding padding = PaddingOf(n, image.Shape, window, strides, [1, 1]);
        var pool = new Pool2DAttributes(window[0], window[1], strides[0], strides[1], padding);
        int[] ceiling = [0, 0];
        if (n.Int("ceil_mode", 0) != 0 && padding.Kind != PaddingKind.Same)
            ceiling =
            [
                Beyond(image.Height, padding.Top, padding.Bottom, window[0], strides[0]),
                Beyond(image.Width, padding.Left, padding.Right, window[1], strides[1]),
            ];
        return (image, pool, ceiling);
    }

    /// <summary>Pixels that the last window reaches beyond the padding when the number of windows is rounded up.</summary>
    private static int Beyond(int size, int before, int after, int window, int stride)
    {
        int room = size + before + after - window;
        int outputs = ((room + stride - 1) / stride) + 1;
        if ((outputs - 1) * stride >= size + before) // a window must begin in the image or in the padding before it
            outputs--;
        return Math.Max(0, ((outputs - 1) * stride) + window - (size + before + after));
    }

    private static Pool2DAttributes Enlarge(Pool2DAttributes pool, int[] ceiling)
    {
        if (ceiling is [0, 0])
            return pool;
        Padding p = pool.Padding;
        return pool with { Padding = Padding.Explicit(p.Top, p.Bottom + ceiling[0], p.Left, p.Right + ceiling[1]) };
    }

    private static Padding PaddingOf(OnnxNode n, TensorShape image, int[] window, int[] strides, int[] dilations)
    {
        switch (n.Text("auto_pad", "NOTSET"))
        {
            case "VALID": return Padding.Valid;
            case "SAME_UPPER": return Padding.Same;
            case "SAME_LOWER":
                (int before, int after) rows = SameLower(image[1], window[0], strides[0], dilations[0]),
                    columns = SameLower(image[2], window[1], strides[1], dilations[1]);
                return Padding.Explicit(rows.before, rows.after, columns.before, columns.after);
            case "NOTSET" or "": break;
            case var other: throw new InvalidDataException($"its auto_pad is '{other}'");
        }
        long[] pads = n.Ints("pads") ?? [0, 0, 0, 0];
        if (pads.Length != 4 || pads.Any(p => p is < 0 or > 1 << 20))
            throw new InvalidDataException($"its pads are [{string.Join(',', pads)}]; expected four that are not negative");
        return pads.All(p => p == 0) ? Padding.Valid
            : Padding.Explicit((int)pads[0], (int)pads[2], (int)pads[1], (int)pads[3]);
    }

    private static (int Before, int After) SameLower(int size, int window, int stride, int dilation)
    {
        int outputs = (size + stride - 1) / stride;
        int total = Math.Max(0, ((outputs - 1) * stride) + ((window - 1) * dilation) + 1 - size);
        return (total - (total / 2), total / 2);
    }

    private NodeOutput PadImage(NodeOutput image, Padding p) => _arranger.Add("Pad",
        [image, _arranger.Constant(TensorLiteral.Of<int>(new TensorShape(4, 2),
            [0, 0, p.Top, p.Bottom, p.Left, p.Right, 0, 0]))]);

    private ImportedValue Pad(OnnxNode n)
    {
        ImportedTensor x = n.Tensor(0);
        long[] pads = n.IntegersOf(1, n.HasAttribute("pads") ? "pads" : "paddings")
            ?? throw new InvalidDataException("it has no pads");
        float value = n.Has(2) ? (float)n.Known(2).Number(0) : n.Float("value", 0);
        string mode = n.Text("mode", "constant");
        var before = new int[x.Rank];
        var after = new int[x.Rank];
        long[] axes = n.Has(3) ? n.Known(3).ToIntegers() : [.. Enumerable.Range(0, x.Rank).Select(i => (long)i)];
        if (pads.Length != 2 * axes.Length || pads.Any(p => Math.Abs(p) > 1 << 20))
            throw new InvalidDataException($"its pads are [{string.Join(',', pads)}]; expected two for each of "
                + $"{axes.Length} dimensions");
        for (int i = 0; i < axes.Length; i++)
        {
            int axis = OnnxNode.Axis(axes[i], x.Rank);
            (before[axis], after[axis]) = ((int)pads[i], (int)pads[i + axes.Length]);
        }
        (NodeOutput tensor, int[] order) = _arranger.ByDimension(x);
        int[] shape = x.Shape;
        for (int i = 0; i < x.Rank; i++)
        {
            if (before[i] < 0 || after[i] < 0) // cropping
            {
                int start = Math.Max(0, -before[i]), end = shape[i] + Math.Min(0, after[i]);
                tensor = SliceAxis(tensor, Array.IndexOf(order, i), start, end - start);
                shape[i] = end - start;
                (before[i], after[i]) = (Math.Max(0, before[i]), Math.Max(0, after[i]));
            }
            shape[i] = checked(shape[i] + before[i] + after[i]);
        }
        int[] paddings = [.. order.SelectMany(i => new[] { before[i], after[i] })];
        if (paddings.Any(p => p != 0))
            tensor = Pad(tensor, paddings, mode, value);
        return ImportedTensor.Of(tensor, shape, order);
    }

    private NodeOutput Pad(NodeOutput x, int[] paddings, string mode, float value)
    {
        NodeOutput list = mode == "edge" ? default
            : _arranger.Constant(TensorLiteral.Of<int>(new TensorShape(paddings.Length / 2, 2), paddings));
        switch (mode)
        {
            case "constant":
                return value == 0 ? _arranger.Add("Pad", [x, list])
                    : _arranger.Add("PadV2", [x, list, _arranger.Scalar(value)]);
            case "reflect":
                return _arranger.Add("MirrorPad", [x, list], new KeyValuePair<string, AttributeValue>("mode",
                    AttributeValue.Of("REFLECT")));
            case "edge":
                for (int axis = 0; axis < paddings.Length / 2; axis++)
                {
                    int size = x.Shape[axis];
                    int[] lines = [.. Enumerable.Repeat(0, paddings[2 * axis]), -1,
                        .. Enumerable.Repeat(size - 1, paddings[(2 * axis) + 1])];
                    NodeOutput whole = x;
                    NodeOutput[] parts = [.. lines.Select(i => i < 0 ? whole : SliceAxis(whole, axis, i, 1))];
                    if (parts.Length > 1)
                        x = Join(parts, axis);
                }
                return x;
            default:
                throw new InvalidDataException($"its mode is '{mode}'; constant, reflect and edge are supported");
        }
    }

    private NodeOutput Join(NodeOutput[] parts, int axis) => parts.Length == 1 ? parts[0]
        : _arranger.Add("ConcatV2", [.. parts, _arranger.Constant(TensorLiteral.Scalar(axis))],
            new KeyValuePair<string, AttributeValue>("N", AttributeValue.Of((long)parts.Length)));

    private NodeOutput SliceAxis(NodeOutput x, int axis, int start, int count)
    {
        var begin = new int[x.Shape.Rank];
        int[] size = [.. Enumerable.Repeat(-1, x.Shape.Rank)];
        (begin[axis], size[axis]) = (start, count);
        return x.Shape[axis] == count ? x
            : _arranger.Add("Slice", [x, _arranger.Integers(begin), _arranger.Integers(size)]);
    }

    private ImportedValue Gemm(OnnxNode n)
    {
        if (n.Int("transA", 0) != 0)
            throw new InvalidDataException("it transposes its first input, which is not supported");
        float alpha = n.Float("alpha", 1), beta = n.Float("beta", 1);
        KnownArray w = n.Known(1);
        if (n.Int("transB", 0) != 0)
            w = w.Transpose([1, 0]);
        if (alpha != 1)
            w = w.Map(v => v * alpha);
        ImportedTensor y = Dense(n.Tensor(0), w, n.NameOf(1));
        if (!n.Has(2))
            return y;
        KnownArray bias = n.Known(2);
        return Combine("AddV2", y, beta == 1 ? bias : bias.Map(v => v * beta), n.NameOf(2));
    }

    private ImportedValue MatMul(OnnxNode n) => Dense(n.Tensor(0), n.Known(1), n.NameOf(1));

    /// <summary>
    /// x's last dimension times a matrix whose rows are put in the order that it has in memory: no flattened image is
    /// moved.
    /// </summary>
    private ImportedTensor Dense(ImportedTensor x, KnownArray matrix, string name)
    {
        if (matrix.Shape.Length != 2 || x.Rank < 2 || x.Shape[^1] != matrix.Shape[0])
            throw new InvalidDataException($"{KnownArray.Text(x.Shape)} and a matrix {KnownArray.Text(matrix.Shape)} "
                + "cannot be multiplied");
        IReadOnlyList<Factor> features = x.Dimensions[^1];
        Factor[] memory = [.. x.Memory.Where(f => f.Size != 1)];
        Factor[] last = [.. memory.Where(features.Contains)], others = [.. memory.Where(f => !features.Contains(f))];
        NodeOutput flat = _arranger.Arrange(x, others, last);
        if (last.Length > 1)
        {
            Factor[] inFile = [.. features.Where(f => f.Size != 1)];
            matrix = matrix.Reshape([.. inFile.Select(f => f.Size), matrix.Shape[1]])
                .Transpose([.. last.Select(f => Array.IndexOf(inFile, f)), inFile.Length]).Reshape(matrix.Shape);
        }
        NodeOutput y = _arranger.Add("MatMul", [flat, _arranger.Constant(matrix, name)]);
        var units = new Factor(matrix.Shape[1]);
        return new(y, [.. x.Dimensions.SkipLast(1), [units]],
            [.. others, .. x.Dimensions.SkipLast(1).SelectMany(d => d).Where(f => f.Size == 1), units]);
    }

    private ImportedValue Reduce(string op, OnnxNode n)
    {
        ImportedTensor x = n.Tensor(0);
        long[]? axes = n.IntegersOf(1, "axes");
        if (axes is null or { Length: 0 })
        {
            if (n.Int("noop_with_empty_axes", 0) != 0)
                return x;
            axes = [.. Enumerable.Range(0, x.Rank).Select(i => (long)i)];
        }
        return Reduce(op, x, [.. axes.Select(a => OnnxNode.Axis(a, x.Rank))], n.Int("keepdims", 1) != 0);
    }

    private ImportedTensor Reduce(string op, ImportedTensor x, int[] axes, bool keep)
    {
        Factor[] memory = TensorArranger.InShapeOrder(x);
        NodeOutput apart = _arranger.Arrange(x, memory.Select(f => new[] { f }));
        HashSet<Factor> reduced = [.. axes.SelectMany(a => x.Dimensions[a])];
        NodeOutput y = _arranger.Add(op,
            [apart, _arranger.Integers([.. memory.Select((f, i) => (f, i)).Where(p => reduced.Contains(p.f)).Select(p => p.i)])],
            new KeyValuePair<string, AttributeValue>("keep_dims", AttributeValue.Of(keep)));
        if (!keep)
            return new(y, [.. x.Dimensions.Where((_, i) => !axes.Contains(i))], [.. memory.Where(f => !reduced.Contains(f))]);
        Dictionary<Factor, Factor> kept = memory.ToDictionary(f => f, f => reduced.Contains(f) ? new Factor(1) : f);
        return new(y, [.. x.Dimensions.Select(d => (IReadOnlyList<Factor>)[.. d.Select(f => kept[f])])],
            [.. memory.Select(f => kept[f])]);
    }

    private static int[] SpatialAxes(ImportedTensor x) => [.. Enumerable.Range(2, Math.Max(0, x.Rank - 2))];

    private ImportedValue Softmax(OnnxNode n, string op)
    {
        ImportedTensor x = n.Tensor(0);
        int axis = OnnxNode.Axis(n.Int("axis", n.Opset < 13 ? 1 : -1), x.Rank);
        // Before operator set 13 it is over all dimensions from the axis on.
        HashSet<Factor> over = [.. n.Opset < 13 ? x.Dimensions.Skip(axis).SelectMany(d => d) : x.Dimensions[axis]];
        Factor[] last = [.. x.Memory.Where(over.Contains)], others = [.. x.Memory.Where(f => !over.Contains(f))];
        return x with { Tensor = _arranger.Add(op, [_arranger.Arrange(x, others, last)]), Memory = [.. others, .. last] };
    }

    private static int[] Pair(OnnxNode n, string attribute, int otherwise) => n.Ints(attribute) switch
    {
        null => [otherwise, otherwise],
        [>= 0 and <= 1 << 20, >= 0 and <= 1 << 20] pair => [(int)pair[0], (int)pair[1]],
        var list => throw new InvalidDataException($"its {attribute} are [{string.Join(',', list)}]; expected two"),
    };
}
