using System.Runtime.InteropServices;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Reading;

/// <summary>
/// A tensor that does not depend on the image. Floating-point types are float32, all others Int64 (Booleans 0 and 1).
/// It remembers how it was computed, so that batch norms are recognized by their statistics.
/// </summary>
/// <param name="literal">The elements, Float or Int64.</param>
/// <param name="name">The file's name of the weight or constant that it comes from.</param>
/// <param name="op">The op that computed it; null for one in the file.</param>
/// <param name="operands">What it was computed from.</param>
internal sealed class ConstantValue(TensorLiteral literal, string name, string? op = null,
    params IReadOnlyList<ConstantValue> operands) : Value
{
    /// <summary>An integer that is the batch size: known only when a plan is compiled.</summary>
    public const long Batch = long.MinValue;

    /// <summary>An integer computed from the batch size.</summary>
    public const long Unknown = long.MinValue + 1;

    public TensorLiteral Literal { get; } = literal;
    /// <summary>The file's name of it: of a weight, or of the node that computed it.</summary>
    public string Name { get; set; } = name;
    public string? Op { get; } = op;
    public IReadOnlyList<ConstantValue> Operands { get; } = operands;

    public TensorShape Shape => Literal.Spec.Shape;
    public int Count => (int)Shape.ElementCount;
    public bool IsFloat => Literal.Spec.Type == DataType.Float;
    public ReadOnlySpan<float> Floats => Literal.Values<float>();
    public ReadOnlySpan<long> Integers => Literal.Values<long>();

    /// <summary>The value of a single element as a number; null for several, or for a size not yet known.</summary>
    public double? Scalar => Count != 1 ? null : IsFloat ? Floats[0] : Integers[0] <= Unknown ? null : Integers[0];

    public static ConstantValue Of(TensorShape shape, ReadOnlySpan<float> values, string name, string? op = null,
        params IReadOnlyList<ConstantValue> operands) => new(TensorLiteral.Of(shape, values), name, op, operands);

    public static ConstantValue Of(TensorShape shape, ReadOnlySpan<long> values, string name) =>
        new(TensorLiteral.Of(shape, values), name);

    /// <summary>The same elements in another shape.</summary>
    public ConstantValue Reshape(TensorShape shape) => shape.Equals(Shape) ? this
        : new(new TensorLiteral(Literal.Spec.Type, shape, Literal.Bytes), Name, "Reshape", this);

    /// <summary>The constant that this one is a mere view of.</summary>
    public ConstantValue Source
    {
        get
        {
            ConstantValue value = this;
            while (value.Op == "Reshape")
                value = value.Operands[0];
            return value;
        }
    }

    /// <summary>Elements taken in another order: element i of the result, an index per dimension, is element offset +
    /// Σ index·stride of this.</summary>
    public ConstantValue Rearrange(int[] dimensions, int[] strides, int offset)
    {
        int count = dimensions.Aggregate(1, (a, b) => checked(a * b));
        int size = Literal.Spec.Type.ByteSize();
        var bytes = new byte[checked((long)count * size)];
        if (size == sizeof(float))
            Copy(MemoryMarshal.Cast<byte, int>(Literal.Bytes), MemoryMarshal.Cast<byte, int>(bytes.AsSpan()),
                dimensions, strides, offset);
        else
            Copy(MemoryMarshal.Cast<byte, long>(Literal.Bytes), MemoryMarshal.Cast<byte, long>(bytes.AsSpan()),
                dimensions, strides, offset);
        return new(new TensorLiteral(Literal.Spec.Type, new TensorShape(dimensions), bytes), Name);
    }

    /// <summary>Elements from one element of a dimension to the next, row-major.</summary>
    public static int[] Strides(ReadOnlySpan<int> dimensions)
    {
        var strides = new int[dimensions.Length];
        int stride = 1;
        for (int i = strides.Length - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= dimensions[i];
        }
        return strides;
    }

    private static void Copy<T>(ReadOnlySpan<T> source, Span<T> target, int[] dimensions, int[] strides, int offset)
    {
        var index = new int[dimensions.Length];
        int at = offset;
        for (int i = 0; i < target.Length; i++)
        {
            target[i] = source[at];
            for (int d = dimensions.Length - 1; d >= 0; d--)
            {
                at += strides[d];
                if (++index[d] < dimensions[d])
                    break;
                at -= strides[d] * dimensions[d];
                index[d] = 0;
            }
        }
    }
}
