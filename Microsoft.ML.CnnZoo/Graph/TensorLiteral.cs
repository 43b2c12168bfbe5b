using System.Runtime.InteropServices;

namespace Microsoft.ML.CnnZoo.Graph;

/// <summary>The value of a <c>Const</c> node: row-major little-endian elements, immutable.</summary>
internal sealed class TensorLiteral : IEquatable<TensorLiteral>
{
    private readonly byte[] _bytes;

    /// <summary>Wraps a copy of raw elements.</summary>
    /// <exception cref="ArgumentException">The byte count does not fit type and shape.</exception>
    public TensorLiteral(DataType type, TensorShape shape, ReadOnlySpan<byte> bytes)
    {
        Spec = new TensorSpec(type, shape);
        if (bytes.Length != Spec.ByteLength)
            throw new ArgumentException($"A constant of {Spec} has {Spec.ByteLength} bytes, received {bytes.Length}.",
                nameof(bytes));
        _bytes = bytes.ToArray();
    }

    /// <summary>Type and shape.</summary>
    public TensorSpec Spec { get; }

    /// <summary>The raw elements.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>The raw elements, for messages that hold them without a copy.</summary>
    public ReadOnlyMemory<byte> Memory => _bytes;

    /// <summary>Makes a literal from elements in row-major order.</summary>
    public static TensorLiteral Of<T>(TensorShape shape, ReadOnlySpan<T> values) where T : unmanaged =>
        new(DataTypes.Of<T>(), shape, MemoryMarshal.AsBytes(values));

    /// <summary>A scalar.</summary>
    public static TensorLiteral Scalar<T>(T value) where T : unmanaged =>
        Of(TensorShape.Scalar, new ReadOnlySpan<T>(in value));

    /// <summary>A vector.</summary>
    public static TensorLiteral Vector<T>(params ReadOnlySpan<T> values) where T : unmanaged =>
        Of(new TensorShape(values.Length), values);

    /// <summary>The elements as <typeparamref name="T"/>.</summary>
    /// <exception cref="InvalidOperationException">The element type is another.</exception>
    public ReadOnlySpan<T> Values<T>() where T : unmanaged => DataTypes.Of<T>() == Spec.Type
        ? MemoryMarshal.Cast<byte, T>(_bytes)
        : throw new InvalidOperationException($"The constant holds {Spec.Type}, not {typeof(T).Name}.");

    /// <inheritdoc/>
    public bool Equals(TensorLiteral? other) => other is not null && Spec == other.Spec
        && Bytes.SequenceEqual(other.Bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TensorLiteral);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.Add(Spec);
        hash.AddBytes(_bytes);
        return hash.ToHashCode();
    }
}
