using System.Runtime.InteropServices;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Execution;

/// <summary>A dense tensor in managed memory, row-major, for values passed to and from plans and variables.</summary>
internal sealed class Tensor
{
    private readonly byte[] _bytes;

    /// <summary>Creates a tensor of zeros.</summary>
    /// <param name="spec">Type and fully defined shape.</param>
    public Tensor(TensorSpec spec)
    {
        Spec = spec;
        _bytes = new byte[spec.ByteLength];
    }

    /// <summary>Type and shape.</summary>
    public TensorSpec Spec { get; }

    /// <summary>Shape.</summary>
    public TensorShape Shape => Spec.Shape;

    /// <summary>Raw bytes, little-endian.</summary>
    public Span<byte> Bytes => _bytes;

    /// <summary>Makes a tensor from elements in row-major order.</summary>
    /// <exception cref="ArgumentException">The element count does not fit the shape.</exception>
    public static Tensor Of<T>(TensorShape shape, params ReadOnlySpan<T> values) where T : unmanaged
    {
        if (values.Length != shape.ElementCount)
            throw new ArgumentException($"A tensor of shape {shape} has {shape.ElementCount} elements, received " +
                $"{values.Length}.", nameof(values));
        var tensor = new Tensor(new TensorSpec(DataTypes.Of<T>(), shape));
        values.CopyTo(tensor.Values<T>());
        return tensor;
    }

    /// <summary>The elements.</summary>
    /// <exception cref="InvalidOperationException">The element type is another.</exception>
    public Span<T> Values<T>() where T : unmanaged => DataTypes.Of<T>() == Spec.Type
        ? MemoryMarshal.Cast<byte, T>(_bytes.AsSpan())
        : throw new InvalidOperationException($"The tensor holds {Spec.Type}, not {typeof(T).Name}.");
}
