using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Reading;

/// <summary>Arithmetic on constants, as TensorFlow computes it: float32, or integers.</summary>
internal static class ConstantMath
{
    /// <summary>The most elements that a constant may grow to when it is computed from smaller ones.</summary>
    private const long GreatestGrown = 1 << 24;

    private static readonly Dictionary<string, Func<float, float>> FloatUnary = new(StringComparer.Ordinal)
    {
        ["Neg"] = x => -x, ["Rsqrt"] = x => 1 / MathF.Sqrt(x), ["Sqrt"] = MathF.Sqrt, ["Square"] = x => x * x,
        ["Exp"] = MathF.Exp, ["Log"] = MathF.Log, ["Abs"] = MathF.Abs, ["Reciprocal"] = x => 1 / x,
        ["Floor"] = MathF.Floor, ["Ceil"] = MathF.Ceiling, ["Sigmoid"] = x => 1 / (1 + MathF.Exp(-x)),
        ["Round"] = x => MathF.Round(x, MidpointRounding.ToEven), ["Sign"] = x => float.IsNaN(x) ? x : MathF.Sign(x),
        ["Tanh"] = MathF.Tanh, ["Relu"] = x => MathF.Max(x, 0), ["Softplus"] = x => MathF.Log(1 + MathF.Exp(x)),
    };

    private static readonly Dictionary<string, Func<float, float, float>> FloatBinary = new(StringComparer.Ordinal)
    {
        ["AddV2"] = (a, b) => a + b, ["Sub"] = (a, b) => a - b, ["Mul"] = (a, b) => a * b,
        ["RealDiv"] = (a, b) => a / b, ["Maximum"] = MathF.Max, ["Minimum"] = MathF.Min, ["Pow"] = MathF.Pow,
        ["SquaredDifference"] = (a, b) => (a - b) * (a - b), ["FloorDiv"] = (a, b) => MathF.Floor(a / b),
        ["FloorMod"] = (a, b) => a - (b * MathF.Floor(a / b)),
    };

    private static readonly Dictionary<string, Func<long, long, long>> IntegerBinary = new(StringComparer.Ordinal)
    {
        ["AddV2"] = (a, b) => a + b, ["Sub"] = (a, b) => a - b, ["Mul"] = (a, b) => a * b,
        ["RealDiv"] = (a, b) => b == 0 ? throw DivisionByZero() : a / b,
        ["FloorDiv"] = (a, b) => b == 0 ? throw DivisionByZero() : FloorDivide(a, b),
        ["FloorMod"] = (a, b) => b == 0 ? throw DivisionByZero() : a - (b * FloorDivide(a, b)),
        ["Mod"] = (a, b) => b == 0 ? throw DivisionByZero() : a % b,
        ["Maximum"] = Math.Max, ["Minimum"] = Math.Min, ["SquaredDifference"] = (a, b) => (a - b) * (a - b),
        ["LogicalAnd"] = (a, b) => a & b, ["LogicalOr"] = (a, b) => a | b,
    };

    private static readonly Dictionary<string, Func<double, double, bool>> Comparisons = new(StringComparer.Ordinal)
    {
        ["Less"] = (a, b) => a < b, ["LessEqual"] = (a, b) => a <= b, ["Greater"] = (a, b) => a > b,
        ["GreaterEqual"] = (a, b) => a >= b, ["Equal"] = (a, b) => a == b, ["NotEqual"] = (a, b) => a != b,
    };

    /// <summary>Whether an op of one operand can be computed.</summary>
    public static bool IsUnary(string op) => FloatUnary.ContainsKey(op) || op == "LogicalNot";

    /// <summary>Whether an op of two operands can be computed.</summary>
    public static bool IsBinary(string op) =>
        FloatBinary.ContainsKey(op) || IntegerBinary.ContainsKey(op) || Comparisons.ContainsKey(op);

    /// <summary>An op of one operand, elementwise.</summary>
    public static ConstantValue Unary(string op, ConstantValue x)
    {
        if (x.IsFloat && FloatUnary.TryGetValue(op, out Func<float, float>? function))
        {
            var values = new float[x.Count];
            for (int i = 0; i < values.Length; i++)
                values[i] = function(x.Floats[i]);
            return ConstantValue.Of(x.Shape, values, x.Name, op, x);
        }
        var integers = new long[x.Count];
        for (int i = 0; i < integers.Length; i++)
            integers[i] = x.Integers[i] <= ConstantValue.Unknown ? ConstantValue.Unknown : op switch
            {
                "Neg" => -x.Integers[i],
                "Abs" => Math.Abs(x.Integers[i]),
                "Square" => x.Integers[i] * x.Integers[i],
                "Sign" => Math.Sign(x.Integers[i]),
                "Floor" or "Ceil" or "Round" => x.Integers[i],
                "LogicalNot" => 1 - x.Integers[i],
                _ => throw new GraphException($"{op} of integers is not supported"),
            };
        return ConstantValue.Of(x.Shape, integers, x.Name);
    }

    /// <summary>An op of two operands, elementwise, with broadcasting.</summary>
    /// <exception cref="GraphException">The shapes do not fit, or the op has no such operands.</exception>
    public static ConstantValue Binary(string op, ConstantValue a, ConstantValue b)
    {
        TensorShape shape = Broadcasting.TryBroadcast(a.Shape, b.Shape)
            ?? throw new GraphException($"the constants {a.Shape} and {b.Shape} do not broadcast");
        int count = CheckCount(shape, Math.Max(a.Count, b.Count));
        int[] first = Indices(a.Shape, shape, count), second = Indices(b.Shape, shape, count);
        if (Comparisons.TryGetValue(op, out Func<double, double, bool>? compare))
            return Compare(compare, a, b, first, second, shape);
        if (a.IsFloat != b.IsFloat)
            throw new GraphException("its operands are a floating-point number and an integer");
        if (a.IsFloat)
        {
            if (!FloatBinary.TryGetValue(op, out Func<float, float, float>? function))
                throw new GraphException($"{op} of floating-point numbers is not supported");
            var values = new float[count];
            for (int i = 0; i < count; i++)
                values[i] = function(a.Floats[first[i]], b.Floats[second[i]]);
            return ConstantValue.Of(shape, values, a.Count >= b.Count ? a.Name : b.Name, op, a, b);
        }
        if (!IntegerBinary.TryGetValue(op, out Func<long, long, long>? integer))
            throw new GraphException($"{op} of integers is not supported");
        var integers = new long[count];
        for (int i = 0; i < count; i++)
            integers[i] = Combine(op, integer, a.Integers[first[i]], b.Integers[second[i]]);
        return ConstantValue.Of(shape, integers, a.Name);
    }

    /// <summary>Sum, product, mean, greatest or least over some axes.</summary>
    public static ConstantValue Reduce(string op, ConstantValue x, bool[] reduced, bool keepDimensions)
    {
        int[] dimensions = x.Shape.Dimensions.ToArray();
        int[] kept = [.. dimensions.Select((d, i) => reduced[i] ? 1 : d)];
        int[] strides = ConstantValue.Strides(kept);
        int count = kept.Aggregate(1, (a, b) => a * b), terms = count == 0 ? 0 : x.Count / count;
        var target = new int[dimensions.Length];
        for (int i = 0; i < target.Length; i++)
            target[i] = reduced[i] ? 0 : strides[i];
        int[] places = Places(dimensions, target, x.Count);
        TensorShape shape = keepDimensions ? new(kept)
            : new([.. dimensions.Where((_, i) => !reduced[i])]);
        return x.IsFloat ? ConstantValue.Of(shape, ReduceFloats(op, x, places, count, terms), x.Name)
            : ConstantValue.Of(shape, ReduceIntegers(op, x, places, count), x.Name);
    }

    /// <summary>Throws for a constant that grows beyond its operands' size and a limit.</summary>
    public static int CheckCount(TensorShape shape, long allowed)
    {
        try
        {
            long count = shape.ElementCount;
            if (count <= Math.Max(GreatestGrown, allowed))
                return (int)count;
        }
        catch (OverflowException)
        {
            // The message below is as true.
        }
        throw new GraphException($"a computed constant of shape {shape} is too large");
    }

    private static float[] ReduceFloats(string op, ConstantValue x, int[] places, int count, int terms)
    {
        var values = new double[count];
        Array.Fill(values, op switch
        {
            "Prod" => 1, "Max" => double.NegativeInfinity, "Min" => double.PositiveInfinity, _ => 0,
        });
        for (int i = 0; i < places.Length; i++)
        {
            ref double value = ref values[places[i]];
            value = op switch
            {
                "Prod" => value * x.Floats[i],
                "Max" => Math.Max(value, x.Floats[i]),
                "Min" => Math.Min(value, x.Floats[i]),
                _ => value + x.Floats[i],
            };
        }
        return Array.ConvertAll(values, v => (float)(op == "Mean" ? v / terms : v));
    }

    private static long[] ReduceIntegers(string op, ConstantValue x, int[] places, int count)
    {
        var values = new long?[count];
        for (int i = 0; i < places.Length; i++)
        {
            ref long? value = ref values[places[i]];
            long element = x.Integers[i];
            value = value is not long so ? element : op switch
            {
                "Prod" => Combine("Mul", (a, b) => a * b, so, element),
                "Sum" => Combine("AddV2", (a, b) => a + b, so, element),
                "Max" => Combine("Maximum", Math.Max, so, element),
                "Min" => Combine("Minimum", Math.Min, so, element),
                "All" => so & element,
                "Any" => so | element,
                _ => throw new GraphException($"{op} of integers is not supported"),
            };
        }
        return Array.ConvertAll(values, v => v ?? (op is "Prod" or "All" ? 1 : 0));
    }

    private static ConstantValue Compare(Func<double, double, bool> compare, ConstantValue a, ConstantValue b,
        int[] first, int[] second, TensorShape shape)
    {
        var values = new long[first.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = compare(Number(a, first[i]), Number(b, second[i])) ? 1 : 0;
        return ConstantValue.Of(shape, values, a.Name);
    }

    private static double Number(ConstantValue x, int i) => x.IsFloat ? x.Floats[i]
        : x.Integers[i] > ConstantValue.Unknown ? x.Integers[i]
        : throw new GraphException("it compares the batch size, which is not known");

    /// <summary>The batch size plus 0 or times 1 stays the batch size; other uses make an unknown number.</summary>
    private static long Combine(string op, Func<long, long, long> function, long a, long b)
    {
        bool unknown = a <= ConstantValue.Unknown || b <= ConstantValue.Unknown;
        return !unknown ? function(a, b)
            : op == "Mul" && a == 1 ? b
            : op is "Mul" or "FloorDiv" or "RealDiv" && b == 1 ? a
            : op == "AddV2" && a == 0 ? b
            : op is "AddV2" or "Sub" && b == 0 ? a
            : ConstantValue.Unknown;
    }

    /// <summary>For each element of a broadcast shape the operand's element.</summary>
    private static int[] Indices(TensorShape operand, TensorShape shape, int count)
    {
        int[] own = ConstantValue.Strides(operand.Dimensions), strides = new int[shape.Rank];
        for (int i = 1; i <= operand.Rank; i++)
            strides[^i] = operand[^i] == 1 ? 0 : own[^i];
        return Places(shape.Dimensions, strides, count);
    }

    private static int[] Places(ReadOnlySpan<int> dimensions, int[] strides, int count)
    {
        var places = new int[count];
        var index = new int[dimensions.Length];
        int at = 0;
        for (int i = 0; i < count; i++)
        {
            places[i] = at;
            for (int d = dimensions.Length - 1; d >= 0; d--)
            {
                at += strides[d];
                if (++index[d] < dimensions[d])
                    break;
                at -= strides[d] * dimensions[d];
                index[d] = 0;
            }
        }
        return places;
    }

    private static long FloorDivide(long a, long b) => (a / b) - ((a % b != 0) && ((a < 0) != (b < 0)) ? 1 : 0);

    private static GraphException DivisionByZero() => new("it divides by zero");
}
