using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.Onnx;

/// <summary>Operators that move or name elements: most of them only change how a tensor is seen.</summary>
internal sealed partial class OnnxOperators
{
    private ImportedValue Concat(OnnxNode n)
    {
        ImportedTensor first = n.Inputs.Select(i => i.Tensor).First(t => t is not null)!;
        int axis = OnnxNode.Axis(n.Int("axis", 1), first.Rank);
        if (n.InputCount == 1)
            return first;
        (NodeOutput head, int[] order) = _arranger.ByDimension(first);
        List<NodeOutput> parts = [];
        int size = 0;
        foreach (ImportedValue input in n.Inputs)
        {
            if (input.Tensor is not { } part)
                throw new InvalidDataException("a constant is concatenated to a tensor, which is not supported");
            if (part.Rank != first.Rank || part.Shape.Where((d, i) => i != axis && d != first.Shape[i]).Any())
                throw new InvalidDataException($"{KnownArray.Text(first.Shape)} and {KnownArray.Text(part.Shape)} "
                    + $"cannot be concatenated along dimension {axis}");
            parts.Add(part == first ? head : _arranger.Arrange(part, order.Select(i => part.Dimensions[i])));
            size = checked(size + part.Shape[axis]);
        }
        return ImportedTensor.Of(Join([.. parts], Array.IndexOf(order, axis)),
            first.Shape.Select((d, i) => i == axis ? size : d), order);
    }

    private List<ImportedValue> Split(OnnxNode n)
    {
        ImportedTensor x = n.Tensor(0);
        int axis = OnnxNode.Axis(n.Int("axis", 0), x.Rank), size = x.Shape[axis], count = n.OutputCount;
        long[] sizes = n.IntegersOf(1, "split") ?? Even(size, checked((int)n.Int("num_outputs", count)));
        if (sizes.Length != count || sizes.Any(s => s < 0) || sizes.Sum() != size)
            throw new InvalidDataException($"a dimension of {size} is split into [{string.Join(',', sizes)}] "
                + $"for {count} outputs");
        List<ImportedValue> parts = [];
        int start = 0;
        foreach (long part in sizes)
        {
            parts.Add(Part(x, axis, start, (int)part));
            start += (int)part;
        }
        return parts;
    }

    private static long[] Even(int size, int count)
    {
        int part = (size + count - 1) / count;
        return [.. Enumerable.Range(0, count).Select(i => (long)Math.Max(0, Math.Min(part, size - (i * part))))];
    }

    /// <summary>A range of one dimension.</summary>
    private ImportedTensor Part(ImportedTensor x, int axis, int start, int count)
    {
        if (start == 0 && count == x.Shape[axis])
            return x;
        (NodeOutput tensor, int[] order) = _arranger.ByDimension(x);
        return ImportedTensor.Of(SliceAxis(tensor, Array.IndexOf(order, axis), start, count),
            x.Shape.Select((d, i) => i == axis ? count : d), order);
    }

    private ImportedValue Slice(OnnxNode n)
    {
        ImportedTensor x = n.Tensor(0);
        long[] starts = n.IntegersOf(1, "starts") ?? throw new InvalidDataException("it has no starts");
        long[] ends = n.IntegersOf(2, "ends") ?? throw new InvalidDataException("it has no ends");
        long[] axes = n.IntegersOf(3, "axes") ?? [.. Enumerable.Range(0, starts.Length).Select(i => (long)i)];
        long[] steps = n.Has(4) ? n.Known(4).ToIntegers() : [.. Enumerable.Repeat(1L, starts.Length)];
        if (ends.Length != starts.Length || axes.Length != starts.Length || steps.Length != starts.Length)
            throw new InvalidDataException("its starts, ends, axes and steps differ in number");
        for (int i = 0; i < starts.Length; i++)
        {
            int axis = OnnxNode.Axis(axes[i], x.Rank);
            (int start, int count) = OnnxConstants.Range(starts[i], ends[i], steps[i], x.Shape[axis]);
            x = steps[i] == 1 ? Part(x, axis, start, count) : Step(x, axis, start, count, (int)steps[i]);
        }
        return x;
    }

    private ImportedTensor Step(ImportedTensor x, int axis, int start, int count, int step)
    {
        (NodeOutput tensor, int[] order) = _arranger.ByDimension(x);
        int at = Array.IndexOf(order, axis), size = x.Shape[axis];
        NodeOutput y;
        if (step == -1 && count == size)
        {
            y = _arranger.Add("ReverseV2", [tensor, _arranger.Integers(at)]);
        }
        else if (step > 0)
        {
            var begin = new int[x.Rank];
            int[] strides = [.. Enumerable.Repeat(1, x.Rank)];
            (begin[at], strides[at]) = (start, step);
            var end = new int[x.Rank];
            end[at] = Math.Min(size, start + ((count - 1) * step) + 1);
            int open = ((1 << x.Rank) - 1) & ~(1 << at);
            y = _arranger.Add("StridedSlice",
                [tensor, _arranger.Integers(begin), _arranger.Integers(end), _arranger.Integers(strides)],
                new("begin_mask", AttributeValue.Of((long)open)), new("end_mask", AttributeValue.Of((long)open)));
        }
        else
        {
            throw new InvalidDataException($"a step of {step} is supported over a whole dimension only, and only -1");
        }
        return ImportedTensor.Of(y, x.Shape.Select((d, i) => i == axis ? count : d), order);
    }

    private ImportedValue Gather(OnnxNode n)
    {
        ImportedTensor x = n.Tensor(0);
        KnownArray indices = n.Known(1);
        int axis = OnnxNode.Axis(n.Int("axis", 0), x.Rank), size = x.Shape[axis];
        int[] chosen = [.. indices.ToIntegers().Select(i => i < -size || i >= size
            ? throw new InvalidDataException($"the index {i} is outside 0…{size - 1}") : (int)(i < 0 ? i + size : i))];
        if (indices.Shape.Length == 0)
            return Drop(Part(x, axis, chosen[0], 1), [axis]);
        if (indices.Shape.Length != 1)
            throw new InvalidDataException($"indices of shape {KnownArray.Text(indices.Shape)} are not supported");
        if (chosen.SequenceEqual(Enumerable.Range(chosen[0], chosen.Length)))
            return Part(x, axis, chosen[0], chosen.Length);
        if (chosen.SequenceEqual(Enumerable.Range(0, size).Reverse()))
            return Step(x, axis, size - 1, size, -1);
        const int MostParts = 256;
        if (chosen.Length > MostParts)
            throw new InvalidDataException($"{chosen.Length} indices in no order are not supported");
        (NodeOutput tensor, int[] order) = _arranger.ByDimension(x);
        int at = Array.IndexOf(order, axis);
        return ImportedTensor.Of(Join([.. chosen.Select(i => SliceAxis(tensor, at, i, 1))], at),
            x.Shape.Select((d, i) => i == axis ? chosen.Length : d), order);
    }

    private ImportedValue Flatten(OnnxNode n)
    {
        ImportedTensor x = n.Tensor(0);
        long given = n.Int("axis", 1);
        int axis = given == x.Rank ? x.Rank : OnnxNode.Axis(given, x.Rank);
        return _arranger.Reshape(x, [ImportedTensor.SizeOf(x.Dimensions.Take(axis).SelectMany(d => d)),
            ImportedTensor.SizeOf(x.Dimensions.Skip(axis).SelectMany(d => d))]);
    }

    private ImportedValue Reshape(OnnxNode n)
    {
        ImportedTensor x = n.Tensor(0);
        long[] wanted = n.IntegersOf(1, "shape") ?? throw new InvalidDataException("it has no shape");
        int[] from = x.Shape;
        bool zeros = n.Int("allowzero", 0) != 0;
        var shape = new long[wanted.Length];
        for (int i = 0; i < shape.Length; i++)
            shape[i] = wanted[i] == 0 && !zeros && i < from.Length ? from[i] : wanted[i];
        // A batch that the file fixes is any batch here.
        if (shape.Length > 0 && from.Length > 0 && from[0] == ImportedTensor.Batch && shape[0] == _fileBatch
            && !shape.Skip(1).Any(d => d % ImportedTensor.Batch == 0 && d > 0))
            shape[0] = ImportedTensor.Batch;
        return _arranger.Reshape(x, Complete(shape, from));
    }

    private static int[] Complete(long[] shape, int[] from)
    {
        long elements = from.Aggregate(1L, (s, d) => checked(s * d));
        long given = shape.Where(d => d != -1).Aggregate(1L, (s, d) => checked(s * d));
        int unknown = Array.IndexOf(shape, -1);
        if (unknown >= 0 && given > 0 && elements % given == 0)
            shape = [.. shape.Select((d, i) => i == unknown ? elements / given : d)];
        else if (given != elements || shape.Contains(-1))
            throw new InvalidDataException($"{KnownArray.Text(from)} cannot become [{string.Join(',', shape)}]");
        return shape.All(d => d is >= 0 and <= int.MaxValue) ? [.. shape.Select(d => (int)d)]
            : throw new InvalidDataException($"the shape [{string.Join(',', shape)}] is out of range");
    }

    private ImportedValue Squeeze(OnnxNode n)
    {
        ImportedTensor x = n.Tensor(0);
        int[] axes = n.IntegersOf(1, "axes") is { } given ? [.. given.Select(a => OnnxNode.Axis(a, x.Rank))]
            : [.. Enumerable.Range(0, x.Rank).Where(i => x.Shape[i] == 1)];
        return axes.All(a => x.Shape[a] == 1) ? Drop(x, axes)
            : throw new InvalidDataException($"dimensions {string.Join(',', axes)} of {KnownArray.Text(x.Shape)} are not all 1");
    }

    private static ImportedTensor Drop(ImportedTensor x, int[] axes)
    {
        HashSet<Factor> dropped = [.. axes.SelectMany(a => x.Dimensions[a])];
        return x with
        {
            Dimensions = [.. x.Dimensions.Where((_, i) => !axes.Contains(i))],
            Memory = [.. x.Memory.Where(f => !dropped.Contains(f))],
        };
    }

    private ImportedValue Unsqueeze(OnnxNode n)
    {
        ImportedTensor x = n.Tensor(0);
        long[] axes = n.IntegersOf(1, "axes") ?? throw new InvalidDataException("it has no axes");
        List<IReadOnlyList<Factor>> dimensions = [.. x.Dimensions];
        List<Factor> memory = [.. x.Memory];
        foreach (int axis in axes.Select(a => OnnxNode.Axis(a, x.Rank + axes.Length)).Order())
        {
            var one = new Factor(1);
            dimensions.Insert(axis, [one]);
            memory.Add(one);
        }
        return x with { Dimensions = dimensions, Memory = memory };
    }

    private ImportedValue Transpose(OnnxNode n)
    {
        ImportedTensor x = n.Tensor(0);
        long[] permutation = n.Ints("perm") ?? [.. Enumerable.Range(0, x.Rank).Reverse().Select(i => (long)i)];
        return permutation.Order().SequenceEqual(Enumerable.Range(0, x.Rank).Select(i => (long)i))
            ? x.Transpose(permutation.Select(p => (int)p))
            : throw new InvalidDataException($"[{string.Join(',', permutation)}] does not order {x.Rank} dimensions");
    }

    private ImportedValue Expand(OnnxNode n)
    {
        int[] shape = KnownArray.BroadcastShape(n.Tensor(0).Shape, [.. n.Known(1).ToIntegers().Select(d => checked((int)d))]);
        return shape.SequenceEqual(n.Tensor(0).Shape) ? n.Tensor(0)
            : throw new InvalidDataException($"{KnownArray.Text(n.Tensor(0).Shape)} is expanded to {KnownArray.Text(shape)}, "
                + "which is not supported");
    }

    private ImportedValue SpaceToDepth(OnnxNode n)
    {
        ImportedTensor x = n.Tensor(0);
        int b = checked((int)n.Int("blocksize", 2)), c = x.Shape[1], h = x.Shape[2], w = x.Shape[3];
        ImportedTensor blocks = _arranger.Reshape(x, [x.Shape[0], c, h / b, b, w / b, b]).Transpose([0, 3, 5, 1, 2, 4]);
        return _arranger.Reshape(blocks, [x.Shape[0], c * b * b, h / b, w / b]);
    }

    private ImportedValue DepthToSpace(OnnxNode n)
    {
        ImportedTensor x = n.Tensor(0);
        int b = checked((int)n.Int("blocksize", 2)), c = x.Shape[1] / (b * b), h = x.Shape[2], w = x.Shape[3];
        ImportedTensor blocks = n.Text("mode", "DCR") == "CRD"
            ? _arranger.Reshape(x, [x.Shape[0], c, b, b, h, w]).Transpose([0, 1, 4, 2, 5, 3])
            : _arranger.Reshape(x, [x.Shape[0], b, b, c, h, w]).Transpose([0, 3, 4, 1, 5, 2]);
        return _arranger.Reshape(blocks, [x.Shape[0], c, h * b, w * b]);
    }

    /// <summary>Enlarging by whole factors, nearest pixel: each pixel becomes a block.</summary>
    private ImportedValue Resize(OnnxNode n)
    {
        ImportedTensor x = n.Tensor(0);
        int scaleInput = n.Op == "Upsample" || n.Opset < 11 ? 1 : 2;
        double[] scales = n.Has(3) ? [.. n.Known(3).ToIntegers().Select((s, i) => (double)s / x.Shape[i])]
            : n.Has(scaleInput) ? [.. n.Known(scaleInput).ToFloats().Select(s => (double)s)]
            : [.. (n.Floats("scales") ?? []).Select(s => (double)s)];
        if (x.Rank != 4 || n.Text("mode", "nearest") != "nearest" || scales.Length != 4 || scales[0] != 1 || scales[1] != 1
            || scales[2] < 1 || scales[3] < 1 || scales.Any(s => s != Math.Truncate(s)))
            throw new InvalidDataException("only nearest pixels, enlarged by whole factors, are supported");
        (int rows, int columns) = ((int)scales[2], (int)scales[3]);
        NodeOutput image = _arranger.Image(x);
        TensorShape s = image.Shape;
        NodeOutput apart = _arranger.Reshape(image, [ImportedTensor.Batch, s[1], 1, s[2], 1, s[3]]);
        NodeOutput tiled = _arranger.Add("Tile", [apart, _arranger.Integers(1, 1, rows, 1, columns, 1)]);
        return ImportedTensor.OfImage(_arranger.Reshape(tiled, [ImportedTensor.Batch, s[1] * rows, s[2] * columns, s[3]]));
    }
}
