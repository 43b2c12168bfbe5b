using System.Collections.Immutable;

namespace Microsoft.ML.CnnZoo.Graph;

/// <summary>
/// The dimensions of a tensor, outermost first. A dimension of -1 is unknown until a plan is compiled (the batch).
/// </summary>
public sealed class TensorShape : IEquatable<TensorShape>
{
    /// <summary>The unknown dimension.</summary>
    public const int Unknown = -1;

    private readonly ImmutableArray<int> _dimensions;

    /// <summary>Creates a shape.</summary>
    /// <param name="dimensions">Each ≥ 0, or -1 for unknown.</param>
    /// <exception cref="ArgumentOutOfRangeException">A dimension is below -1.</exception>
    public TensorShape(params ReadOnlySpan<int> dimensions)
    {
        foreach (int d in dimensions)
            ArgumentOutOfRangeException.ThrowIfLessThan(d, Unknown, nameof(dimensions));
        _dimensions = [.. dimensions];
    }

    /// <summary>The shape of a single value: no dimensions.</summary>
    public static TensorShape Scalar { get; } = new();

    /// <summary>Number of dimensions.</summary>
    public int Rank => _dimensions.Length;

    /// <summary>All dimensions.</summary>
    public ReadOnlySpan<int> Dimensions => _dimensions.AsSpan();

    /// <summary>Whether no dimension is unknown.</summary>
    public bool IsFullyDefined => !_dimensions.Contains(Unknown);

    /// <summary>Product of the dimensions (1 for a scalar).</summary>
    /// <exception cref="InvalidOperationException">A dimension is unknown.</exception>
    public long ElementCount
    {
        get
        {
            long count = 1;
            foreach (int d in _dimensions)
                count = d != Unknown ? checked(count * d)
                    : throw new InvalidOperationException(
                    $"The shape {this} has an unknown dimension: it has no element count.");
            return count;
        }
    }

    /// <summary>One dimension; <c>^1</c> is the last.</summary>
    public int this[Index index] => _dimensions[index];

    /// <summary>This shape with one dimension replaced.</summary>
    public TensorShape With(Index index, int dimension) =>
        new(_dimensions.SetItem(index.GetOffset(Rank), dimension).AsSpan());

    /// <summary>Whether every pair of dimensions is equal or has an unknown in it.</summary>
    public bool IsCompatibleWith(TensorShape other)
    {
        if (Rank != other.Rank)
            return false;
        for (int i = 0; i < Rank; i++)
            if (_dimensions[i] != other._dimensions[i] && _dimensions[i] != Unknown && other._dimensions[i] != Unknown)
                return false;
        return true;
    }

    /// <inheritdoc/>
    public bool Equals(TensorShape? other) => other is not null
        && _dimensions.AsSpan().SequenceEqual(other._dimensions.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TensorShape);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (int d in _dimensions)
            hash.Add(d);
        return hash.ToHashCode();
    }

    /// <summary>For example <c>[?,32,32,1]</c>.</summary>
    public override string ToString() =>
        $"[{string.Join(',', _dimensions.Select(d => d == Unknown ? "?" : d.ToString()))}]";
}

/// <summary>Element type and shape of a tensor in a graph.</summary>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Shape; the batch may be unknown.</param>
public readonly record struct TensorSpec(DataType Type, TensorShape Shape)
{
    /// <summary>Bytes of a dense tensor of this kind.</summary>
    /// <exception cref="InvalidOperationException">A dimension is unknown.</exception>
    public long ByteLength => Type == DataType.Resource ? 0 : checked(Shape.ElementCount * Type.ByteSize());

    /// <inheritdoc/>
    public override string ToString() => $"{Type}{Shape}";
}
