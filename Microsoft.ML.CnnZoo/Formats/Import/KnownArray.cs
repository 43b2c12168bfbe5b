namespace Microsoft.ML.CnnZoo.Formats.Import;

/// <summary>
/// Numbers or texts that a file gives, or that follow from them and from shapes alone; row-major, immutable by
/// agreement. Floating types are float32 here, integers and Booleans 64-bit.
/// </summary>
internal sealed class KnownArray
{
    private KnownArray(int[] shape, Array elements) => (Shape, Elements) = (shape, elements);

    /// <summary>Dimensions, outermost first.</summary>
    public int[] Shape { get; }

    /// <summary>The elements if they are floating; null else.</summary>
    public float[]? Floats => Elements as float[];

    /// <summary>The elements if they are integers; null else.</summary>
    public long[]? Integers => Elements as long[];

    /// <summary>The elements if they are texts; null else.</summary>
    public string[]? Texts => Elements as string[];

    /// <summary>Number of elements.</summary>
    public int Length => Elements.Length;

    private Array Elements { get; }

    /// <summary>Floats.</summary>
    public static KnownArray Of(int[] shape, float[] values) => Checked(shape, values);

    /// <summary>Integers.</summary>
    public static KnownArray Of(int[] shape, long[] values) => Checked(shape, values);

    /// <summary>Texts.</summary>
    public static KnownArray Of(int[] shape, string[] values) => Checked(shape, values);

    /// <summary>A vector of integers.</summary>
    public static KnownArray Vector(params IEnumerable<long> values)
    {
        long[] all = [.. values];
        return new([all.Length], all);
    }

    /// <summary>An element as a number.</summary>
    public double Number(int index) => Elements switch
    {
        float[] f => f[index],
        long[] i => i[index],
        _ => throw new InvalidDataException("a text stands where a number is expected"),
    };

    /// <summary>The elements as integers.</summary>
    /// <exception cref="InvalidDataException">They are texts, or no integers.</exception>
    public long[] ToIntegers() => Elements switch
    {
        long[] i => i,
        float[] f => Array.ConvertAll(f, v => v == MathF.Truncate(v) ? (long)v
            : throw new InvalidDataException($"{v} stands where an integer is expected")),
        _ => throw new InvalidDataException("a text stands where an integer is expected"),
    };

    /// <summary>The elements as floats.</summary>
    public float[] ToFloats() => Elements switch
    {
        float[] f => f,
        long[] i => Array.ConvertAll(i, v => (float)v),
        _ => throw new InvalidDataException("a text stands where a number is expected"),
    };

    /// <summary>Whether all elements are equal.</summary>
    public bool IsUniform => Elements switch
    {
        float[] f => f.AsSpan().IndexOfAnyExcept(f.Length > 0 ? f[0] : 0) < 0,
        long[] i => i.AsSpan().IndexOfAnyExcept(i.Length > 0 ? i[0] : 0) < 0,
        _ => false,
    };

    /// <summary>The same elements in another shape.</summary>
    public KnownArray Reshape(params int[] shape) => new(CheckCount(shape, Length), Elements);

    /// <summary>The same numbers, floating or as integers (rounded toward zero).</summary>
    public KnownArray Cast(bool floating) => floating ? new(Shape, ToFloats())
        : Elements is float[] f ? new(Shape, Array.ConvertAll(f, v => (long)v)) : this;

    /// <summary>Dimension i of the result is dimension permutation[i] of this.</summary>
    public KnownArray Transpose(IReadOnlyList<int> permutation)
    {
        int rank = Shape.Length;
        int[] shape = [.. permutation.Select(p => Shape[p])];
        int[] strides = Strides(Shape);
        int[] moved = [.. permutation.Select(p => strides[p])];
        return Pick(shape, Offsets(shape, moved, 0));
    }

    /// <summary>Repeats dimensions of 1 (and missing leading ones) to a shape.</summary>
    /// <exception cref="InvalidDataException">The shapes do not fit.</exception>
    public KnownArray BroadcastTo(IReadOnlyList<int> shape)
    {
        int missing = shape.Count - Shape.Length;
        if (missing < 0 || Shape.Where((d, i) => d != 1 && d != shape[i + missing]).Any())
            throw new InvalidDataException($"a constant {Text(Shape)} cannot be broadcast to {Text(shape)}");
        int[] strides = Strides(Shape);
        int[] moved = [.. shape.Select((_, i) => i < missing || Shape[i - missing] == 1 ? 0 : strides[i - missing])];
        return Pick([.. shape], Offsets([.. shape], moved, 0));
    }

    /// <summary>Every step-th element of a dimension, from one to before another.</summary>
    public KnownArray Slice(int axis, int start, int count, int step)
    {
        int[] strides = Strides(Shape), shape = [.. Shape];
        int origin = count > 0 ? start * strides[axis] : 0;
        shape[axis] = count;
        strides[axis] *= step;
        return Pick(shape, Offsets(shape, strides, origin));
    }

    /// <summary>Elements of a dimension by their numbers; negative ones count from its end.</summary>
    public KnownArray Gather(KnownArray indices, int axis)
    {
        int size = Shape[axis], inner = Count(Shape.AsSpan(axis + 1)), outer = Count(Shape.AsSpan(0, axis));
        long[] chosen = indices.ToIntegers();
        if (chosen.Any(i => i < -size || i >= size))
            throw new InvalidDataException($"an index outside 0…{size - 1} is gathered");
        var offsets = new int[checked(outer * chosen.Length * inner)];
        int at = 0;
        for (int o = 0; o < outer; o++)
            foreach (long i in chosen)
                for (int k = 0; k < inner; k++)
                    offsets[at++] = (int)((((o * size) + (i < 0 ? i + size : i)) * inner) + k);
        return Pick([.. Shape[..axis], .. indices.Shape, .. Shape[(axis + 1)..]], offsets);
    }

    /// <summary>Joins arrays along a dimension.</summary>
    public static KnownArray Concatenate(IReadOnlyList<KnownArray> parts, int axis)
    {
        int[] shape = [.. parts[0].Shape];
        shape[axis] = parts.Sum(p => p.Shape[axis]);
        if (parts.Any(p => p.Shape.Length != shape.Length
            || p.Shape.Where((d, i) => i != axis && d != shape[i]).Any()))
            throw new InvalidDataException("constants of different shapes are concatenated");
        int outer = Count(shape.AsSpan(0, axis));
        bool floating = parts.Any(p => p.Floats is not null), texts = parts.All(p => p.Texts is not null);
        Array all = texts ? new string[Count(shape)] : floating ? new float[Count(shape)] : new long[Count(shape)];
        int at = 0;
        for (int o = 0; o < outer; o++)
            foreach (KnownArray part in parts)
            {
                Array elements = texts ? part.Elements : floating ? part.ToFloats() : part.ToIntegers();
                int block = part.Length / Math.Max(1, outer);
                Array.Copy(elements, o * block, all, at, block);
                at += block;
            }
        return new(shape, all);
    }

    /// <summary>A function of each element.</summary>
    public KnownArray Map(Func<double, double> function) => Elements is long[] integers
        ? new(Shape, Array.ConvertAll(integers, v => (long)function(v)))
        : new(Shape, Array.ConvertAll(ToFloats(), v => (float)function(v)));

    /// <summary>A function of two arrays, broadcast; integers give integers.</summary>
    public static KnownArray Combine(KnownArray a, KnownArray b, Func<double, double, double> function)
    {
        int[] shape = BroadcastShape(a.Shape, b.Shape);
        KnownArray x = a.BroadcastTo(shape), y = b.BroadcastTo(shape);
        if (x.Elements is long[] i && y.Elements is long[] j)
            return new(shape, i.Zip(j, (p, q) => (long)function(p, q)).ToArray());
        float[] f = x.ToFloats(), g = y.ToFloats(), result = new float[f.Length];
        for (int k = 0; k < result.Length; k++)
            result[k] = (float)function(f[k], g[k]);
        return new(shape, result);
    }

    /// <summary>The shape of two broadcast arrays.</summary>
    public static int[] BroadcastShape(IReadOnlyList<int> a, IReadOnlyList<int> b)
    {
        int rank = Math.Max(a.Count, b.Count);
        var shape = new int[rank];
        for (int i = 0; i < rank; i++)
        {
            int p = i < rank - a.Count ? 1 : a[i - rank + a.Count], q = i < rank - b.Count ? 1 : b[i - rank + b.Count];
            shape[i] = p == q || q == 1 ? p : p == 1 ? q
                : throw new InvalidDataException($"{Text(a)} and {Text(b)} cannot be broadcast to each other");
        }
        return shape;
    }

    /// <summary>For example <c>[1,64,1,1]</c>.</summary>
    public static string Text(IEnumerable<int> shape) => $"[{string.Join(',', shape)}]";

    private static KnownArray Checked(int[] shape, Array values) => new(CheckCount(shape, values.Length), values);

    private static int[] CheckCount(int[] shape, int count) => Count(shape) == count ? shape
        : throw new InvalidDataException($"{count} elements do not make the shape {Text(shape)}");

    private static int Count(ReadOnlySpan<int> shape)
    {
        int count = 1;
        foreach (int d in shape)
            count = checked(count * d);
        return count;
    }

    private static int[] Strides(int[] shape)
    {
        var strides = new int[shape.Length];
        for (int i = shape.Length - 1, s = 1; i >= 0; s *= shape[i--])
            strides[i] = s;
        return strides;
    }

    /// <summary>Where the elements of a strided array lie, row-major.</summary>
    private static int[] Offsets(int[] shape, int[] strides, int origin)
    {
        int[] offsets = [origin];
        for (int axis = 0; axis < shape.Length; axis++)
        {
            var next = new int[checked(offsets.Length * shape[axis])];
            for (int i = 0, at = 0; i < offsets.Length; i++)
                for (int k = 0; k < shape[axis]; k++)
                    next[at++] = offsets[i] + (k * strides[axis]);
            offsets = next;
        }
        return offsets;
    }

    private KnownArray Pick(int[] shape, int[] offsets) => Elements switch
    {
        float[] f => new(shape, Array.ConvertAll(offsets, o => f[o])),
        long[] i => new(shape, Array.ConvertAll(offsets, o => i[o])),
        string[] s => new(shape, Array.ConvertAll(offsets, o => s[o])),
        _ => throw new InvalidOperationException(),
    };
}
