using Microsoft.ML.CnnZoo.Formats.Import;

namespace Microsoft.ML.CnnZoo.Formats.Onnx;

/// <summary>
/// Evaluates nodes whose inputs are all known: weights as <c>Constant</c> nodes, arithmetic of shapes and of parameters.
/// </summary>
internal static class OnnxConstants
{
    private static readonly Dictionary<string, Func<double, double>> Functions = new(StringComparer.Ordinal)
    {
        ["Neg"] = v => -v, ["Abs"] = Math.Abs, ["Sqrt"] = Math.Sqrt, ["Exp"] = Math.Exp, ["Log"] = Math.Log,
        ["Floor"] = Math.Floor, ["Ceil"] = Math.Ceiling, ["Round"] = v => Math.Round(v, MidpointRounding.ToEven),
        ["Reciprocal"] = v => 1 / v, ["Relu"] = v => Math.Max(v, 0), ["Sigmoid"] = v => 1 / (1 + Math.Exp(-v)),
        ["Tanh"] = Math.Tanh, ["Not"] = v => v == 0 ? 1 : 0, ["Identity"] = v => v, ["Sign"] = v => Math.Sign(v),
    };

    private static readonly Dictionary<string, Func<double, double, double>> Pairs = new(StringComparer.Ordinal)
    {
        ["Add"] = (a, b) => a + b, ["Sub"] = (a, b) => a - b, ["Mul"] = (a, b) => a * b, ["Div"] = (a, b) => a / b,
        ["Pow"] = Math.Pow, ["Mod"] = (a, b) => a - (b * Math.Floor(a / b)), ["Max"] = Math.Max, ["Min"] = Math.Min,
        ["Sum"] = (a, b) => a + b, ["Equal"] = (a, b) => a == b ? 1 : 0, ["Less"] = (a, b) => a < b ? 1 : 0,
        ["Greater"] = (a, b) => a > b ? 1 : 0, ["LessOrEqual"] = (a, b) => a <= b ? 1 : 0,
        ["GreaterOrEqual"] = (a, b) => a >= b ? 1 : 0, ["And"] = (a, b) => a != 0 && b != 0 ? 1 : 0,
        ["Or"] = (a, b) => a != 0 || b != 0 ? 1 : 0, ["AddV2"] = (a, b) => a + b, ["Maximum"] = Math.Max,
        ["Minimum"] = Math.Min,
    };

    private static readonly Dictionary<string, Func<double, double, double>> Reductions = new(StringComparer.Ordinal)
    {
        ["ReduceSum"] = (a, b) => a + b, ["ReduceProd"] = (a, b) => a * b, ["ReduceMax"] = Math.Max,
        ["ReduceMin"] = Math.Min, ["ReduceMean"] = (a, b) => a + b,
    };

    private static readonly Dictionary<string, Func<OnnxNode, KnownArray>> Others = new(StringComparer.Ordinal)
    {
        ["Constant"] = Constant, ["ConstantOfShape"] = ConstantOfShape, ["Cast"] = Cast, ["Range"] = Range,
        ["Concat"] = n => KnownArray.Concatenate([.. n.Inputs.Select(i => i.Known!)],
            OnnxNode.Axis(n.Int("axis", 1), n.Known(0).Shape.Length)),
        ["Gather"] = n => n.Known(0).Gather(n.Known(1), OnnxNode.Axis(n.Int("axis", 0), n.Known(0).Shape.Length)),
        ["Reshape"] = Reshape, ["Flatten"] = Flatten, ["Squeeze"] = Squeeze, ["Unsqueeze"] = Unsqueeze, ["Slice"] = Slice,
        ["Transpose"] = n => n.Known(0).Transpose(
            [.. (n.Ints("perm") ?? [.. Enumerable.Range(0, n.Known(0).Shape.Length).Reverse().Select(i => (long)i)])
                .Select(p => OnnxNode.Axis(p, n.Known(0).Shape.Length))]),
        ["Expand"] = Expand, ["Tile"] = Tile, ["Where"] = Where, ["MatMul"] = n => MatMul(n.Known(0), n.Known(1)),
        ["Shape"] = n => KnownArray.Vector(n.Known(0).Shape.Select(d => (long)d)),
        ["Size"] = n => KnownArray.Of([], [(long)n.Known(0).Length]),
        ["DequantizeLinear"] = Dequantize, ["NonZero"] = NonZero, ["Dropout"] = n => n.Known(0),
    };

    /// <summary>Whether an operator of constants is known.</summary>
    public static bool Knows(string op) => Functions.ContainsKey(op) || Pairs.ContainsKey(op) || Reductions.ContainsKey(op)
        || Others.ContainsKey(op);

    /// <summary>A function of two arrays, by the name of our op.</summary>
    public static KnownArray Combine(string op, KnownArray a, KnownArray b) => KnownArray.Combine(a, b, Pairs[op]);

    /// <summary>The outputs of a node whose inputs are all known; null where they are not.</summary>
    public static IReadOnlyList<ImportedValue>? TryEvaluate(OnnxNode n)
    {
        for (int i = 0; i < n.InputCount; i++)
            if (n.Has(i) && n.Input(i).Known is null)
                return null;
        if (n.InputCount == 0 && n.Op != "Constant")
            return null;
        if (Functions.TryGetValue(n.Op, out Func<double, double>? function))
            return [n.Known(0).Texts is not null && n.Op == "Identity" ? n.Known(0) : n.Known(0).Map(function)];
        if (Pairs.TryGetValue(n.Op, out Func<double, double, double>? pair))
            return [n.Inputs.Select(i => i.Known!).Aggregate((a, b) => KnownArray.Combine(a, b, Rounded(n.Op, a, b, pair)))];
        if (Reductions.TryGetValue(n.Op, out Func<double, double, double>? reduction))
            return [Reduce(n, reduction)];
        if (n.Op == "Split")
            return Split(n);
        return Others.TryGetValue(n.Op, out Func<OnnxNode, KnownArray>? other) ? [other(n)] : null;
    }

    /// <summary>First index and number of elements of NumPy's start:end:step over a dimension.</summary>
    public static (int Start, int Count) Range(long start, long end, long step, int size)
    {
        if (step == 0 || Math.Abs(step) > int.MaxValue)
            throw new InvalidDataException($"a step of {step} is not possible");
        start = start < 0 ? Math.Max(start, -size - 1L) + size : start;
        end = end < 0 ? Math.Max(end, -size - 1L) + size : end;
        (start, end) = step > 0 ? (Math.Clamp(start, 0, size), Math.Clamp(end, 0, size))
            : (Math.Clamp(start, -1, size - 1), Math.Clamp(end, -1, size - 1));
        long count = step > 0 ? (end - start + step - 1) / step : (start - end - step - 1) / -step;
        return ((int)Math.Max(0, start), (int)Math.Max(0, count));
    }

    /// <summary>Integers are divided toward zero.</summary>
    private static Func<double, double, double> Rounded(string op, KnownArray a, KnownArray b,
        Func<double, double, double> pair) => op == "Div" && a.Integers is not null && b.Integers is not null
        ? (x, y) => y == 0 ? throw new InvalidDataException("an integer is divided by zero") : Math.Truncate(x / y) : pair;

    private static KnownArray Constant(OnnxNode n) => n.Array("value")
        ?? (n.HasAttribute("value_float") ? KnownArray.Of([], [n.Float("value_float", 0)])
        : n.HasAttribute("value_int") ? KnownArray.Of([], [n.Int("value_int", 0)])
        : n.HasAttribute("value_string") ? KnownArray.Of([], [n.Text("value_string", "")])
        : n.Floats("value_floats") is { Length: > 0 } f ? KnownArray.Of([f.Length], f)
        : n.Ints("value_ints") is { } i ? KnownArray.Of([i.Length], i)
        : n.Texts("value_strings") is { } s ? KnownArray.Of([s.Length], s)
        : throw new InvalidDataException("it has no value of a supported kind"));

    private static KnownArray ConstantOfShape(OnnxNode n)
    {
        const long Most = 1 << 26;
        int[] shape = Sizes(n.Known(0));
        if (shape.Aggregate(1L, (s, d) => Math.Min(Most + 1, s * d)) > Most)
            throw new InvalidDataException($"a constant of shape {KnownArray.Text(shape)} is too large");
        KnownArray value = n.Array("value") ?? KnownArray.Of([1], [0f]);
        return value.Reshape().BroadcastTo(shape);
    }

    private static int[] Sizes(KnownArray shape) => [.. shape.ToIntegers().Select(d => d is >= 0 and <= int.MaxValue ? (int)d
        : throw new InvalidDataException($"a dimension of {d} is out of range"))];

    private static KnownArray Cast(OnnxNode n)
    {
        const long Float = 1, Half = 10, Double = 11, BFloat16 = 16;
        return n.Known(0).Cast(n.Int("to", 0) is Float or Half or Double or BFloat16);
    }

    private static KnownArray Range(OnnxNode n)
    {
        double start = n.Known(0).Number(0), limit = n.Known(1).Number(0), step = n.Known(2).Number(0);
        double count = Math.Ceiling((limit - start) / step);
        if (!(count is >= 0 and < 1 << 24))
            throw new InvalidDataException($"the range from {start} to {limit} by {step} is not possible");
        KnownArray numbers = KnownArray.Of([(int)count], [.. Enumerable.Range(0, (int)count).Select(i => (float)(start + (i * step)))]);
        return numbers.Cast(n.Known(0).Floats is not null);
    }

    private static KnownArray Reshape(OnnxNode n)
    {
        KnownArray x = n.Known(0);
        long[] shape = n.IntegersOf(1, "shape") ?? throw new InvalidDataException("it has no shape");
        long[] full = [.. shape.Select((d, i) => d == 0 && i < x.Shape.Length ? x.Shape[i] : d)];
        long given = full.Where(d => d != -1).Aggregate(1L, (s, d) => checked(s * d));
        return x.Reshape([.. full.Select(d => checked((int)(d == -1 && given > 0 ? x.Length / given : d)))]);
    }

    private static KnownArray Flatten(OnnxNode n)
    {
        KnownArray x = n.Known(0);
        int rows = x.Shape.Take((int)n.Int("axis", 1)).Aggregate(1, (s, d) => s * d);
        return x.Reshape(rows, rows == 0 ? 0 : x.Length / rows);
    }

    private static KnownArray Squeeze(OnnxNode n)
    {
        KnownArray x = n.Known(0);
        int[]? axes = n.IntegersOf(1, "axes")?.Select(a => OnnxNode.Axis(a, x.Shape.Length)).ToArray();
        return x.Reshape([.. x.Shape.Where((d, i) => axes is null ? d != 1 : !axes.Contains(i))]);
    }

    private static KnownArray Unsqueeze(OnnxNode n)
    {
        KnownArray x = n.Known(0);
        long[] axes = n.IntegersOf(1, "axes") ?? [];
        List<int> shape = [.. x.Shape];
        foreach (int axis in axes.Select(a => OnnxNode.Axis(a, x.Shape.Length + axes.Length)).Order())
            shape.Insert(axis, 1);
        return x.Reshape([.. shape]);
    }

    private static KnownArray Slice(OnnxNode n)
    {
        KnownArray x = n.Known(0);
        long[] starts = n.IntegersOf(1, "starts") ?? [], ends = n.IntegersOf(2, "ends") ?? [];
        long[] axes = n.IntegersOf(3, "axes") ?? [.. Enumerable.Range(0, starts.Length).Select(i => (long)i)];
        long[] steps = n.Has(4) ? n.Known(4).ToIntegers() : [.. Enumerable.Repeat(1L, starts.Length)];
        if (ends.Length != starts.Length || axes.Length != starts.Length || steps.Length != starts.Length)
            throw new InvalidDataException("its starts, ends, axes and steps differ in number");
        for (int i = 0; i < starts.Length; i++)
        {
            int axis = OnnxNode.Axis(axes[i], x.Shape.Length);
            (int start, int count) = Range(starts[i], ends[i], steps[i], x.Shape[axis]);
            x = x.Slice(axis, start, count, (int)steps[i]);
        }
        return x;
    }

    private static List<ImportedValue> Split(OnnxNode n)
    {
        KnownArray x = n.Known(0);
        int axis = OnnxNode.Axis(n.Int("axis", 0), x.Shape.Length), count = n.OutputCount;
        long[] sizes = n.IntegersOf(1, "split") ?? [.. Enumerable.Repeat((long)x.Shape[axis] / count, count)];
        if (sizes.Any(s => s < 0) || sizes.Sum() != x.Shape[axis])
            throw new InvalidDataException($"{x.Shape[axis]} is split into [{string.Join(',', sizes)}]");
        List<ImportedValue> parts = [];
        int start = 0;
        foreach (long size in sizes)
        {
            parts.Add(x.Slice(axis, start, (int)size, 1));
            start += (int)size;
        }
        return parts;
    }

    private static KnownArray Expand(OnnxNode n) =>
        n.Known(0).BroadcastTo(KnownArray.BroadcastShape(n.Known(0).Shape, Sizes(n.Known(1))));

    private static KnownArray Tile(OnnxNode n)
    {
        KnownArray x = n.Known(0);
        int[] repeats = Sizes(n.Known(1));
        for (int axis = 0; axis < repeats.Length; axis++)
            if (repeats[axis] is > 1 and < 1 << 16)
                x = KnownArray.Concatenate([.. Enumerable.Repeat(x, repeats[axis])], axis);
        return x;
    }

    private static KnownArray Where(OnnxNode n)
    {
        int[] shape = KnownArray.BroadcastShape(n.Known(0).Shape, KnownArray.BroadcastShape(n.Known(1).Shape, n.Known(2).Shape));
        KnownArray condition = n.Known(0).BroadcastTo(shape), yes = n.Known(1).BroadcastTo(shape),
            no = n.Known(2).BroadcastTo(shape);
        KnownArray chosen = KnownArray.Of(shape, [.. Enumerable.Range(0, condition.Length)
            .Select(i => (float)(condition.Number(i) != 0 ? yes.Number(i) : no.Number(i)))]);
        return chosen.Cast(yes.Floats is not null);
    }

    private static KnownArray MatMul(KnownArray a, KnownArray b)
    {
        if (a.Shape.Length != 2 || b.Shape.Length != 2 || a.Shape[1] != b.Shape[0])
            throw new InvalidDataException($"constants {KnownArray.Text(a.Shape)} and {KnownArray.Text(b.Shape)} cannot be multiplied");
        int rows = a.Shape[0], inner = a.Shape[1], columns = b.Shape[1];
        var product = new float[checked(rows * columns)];
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++)
                for (int k = 0; k < inner; k++)
                    product[(i * columns) + j] += (float)(a.Number((i * inner) + k) * b.Number((k * columns) + j));
        return KnownArray.Of([rows, columns], product);
    }

    private static KnownArray Reduce(OnnxNode n, Func<double, double, double> reduction)
    {
        KnownArray x = n.Known(0);
        int rank = x.Shape.Length;
        int[] axes = n.IntegersOf(1, "axes") is { Length: > 0 } given ? [.. given.Select(a => OnnxNode.Axis(a, rank))]
            : [.. Enumerable.Range(0, rank)];
        int[] others = [.. Enumerable.Range(0, rank).Except(axes)];
        KnownArray rows = x.Transpose([.. others, .. axes]);
        int outer = others.Aggregate(1, (s, a) => s * x.Shape[a]), inner = outer == 0 ? 0 : x.Length / outer;
        if (inner == 0)
            throw new InvalidDataException("nothing is left to reduce");
        double mean = n.Op == "ReduceMean" ? inner : 1;
        KnownArray result = KnownArray.Of([outer], [.. Enumerable.Range(0, outer).Select(o =>
            (float)(Enumerable.Range(o * inner, inner).Select(rows.Number).Aggregate(reduction) / mean))]);
        int[] shape = [.. x.Shape.Select((d, i) => (d, i)).Where(p => n.Int("keepdims", 1) != 0 || !axes.Contains(p.i))
            .Select(p => axes.Contains(p.i) ? 1 : p.d)];
        return result.Cast(x.Floats is not null).Reshape(shape);
    }

    private static KnownArray Dequantize(OnnxNode n)
    {
        KnownArray x = n.Known(0), scale = n.Known(1), zero = n.Has(2) ? n.Known(2) : KnownArray.Of([], [0L]);
        if (scale.Length > 1)
        {
            int axis = OnnxNode.Axis(n.Int("axis", 1), x.Shape.Length);
            int[] shape = [.. x.Shape.Select((_, i) => i == axis ? scale.Length : 1)];
            scale = scale.Reshape(shape);
            zero = zero.Length > 1 ? zero.Reshape(shape) : zero;
        }
        return KnownArray.Combine(KnownArray.Combine(x, zero, (a, b) => a - b).Cast(floating: true), scale, (a, s) => a * s);
    }

    private static KnownArray NonZero(OnnxNode n)
    {
        KnownArray x = n.Known(0);
        if (x.Shape.Length != 1)
            throw new InvalidDataException("it is supported for vectors only");
        long[] found = [.. Enumerable.Range(0, x.Length).Where(i => x.Number(i) != 0).Select(i => (long)i)];
        return KnownArray.Of([1, found.Length], found);
    }
}
