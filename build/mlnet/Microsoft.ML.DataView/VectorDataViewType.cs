using System;
using System.Collections.Immutable;
using System.Linq;

namespace Microsoft.ML.Data;

/// <summary>Vectors of one item type. A dimension of 0 is unknown, and makes the size unknown.</summary>
public sealed class VectorDataViewType : StructuredDataViewType
{
    /// <summary>A vector of one dimension; size 0 is unknown.</summary>
    public VectorDataViewType(PrimitiveDataViewType itemType, int size = 0)
        : base(RawTypeOf(itemType))
    {
        if (size < 0)
            throw new ArgumentOutOfRangeException(nameof(size), "Should be non-negative");
        ItemType = itemType;
        Dimensions = [size];
        Size = size;
    }

    /// <summary>A vector of several dimensions.</summary>
    public VectorDataViewType(PrimitiveDataViewType itemType, params int[] dimensions)
        : this(itemType, (dimensions ?? throw new ArgumentNullException(nameof(dimensions))).ToImmutableArray())
    {
    }

    /// <summary>A vector of several dimensions.</summary>
    public VectorDataViewType(PrimitiveDataViewType itemType, ImmutableArray<int> dimensions)
        : base(RawTypeOf(itemType))
    {
        if (dimensions.IsDefaultOrEmpty)
            throw new ArgumentOutOfRangeException(nameof(dimensions), "Should be non-empty");
        if (dimensions.Any(d => d < 0))
            throw new ArgumentOutOfRangeException(nameof(dimensions), "Should be non-negative");
        ItemType = itemType;
        Dimensions = dimensions;
        long size = 1;
        foreach (int dimension in dimensions)
            size = Math.Min(size * dimension, int.MaxValue + 1L);
        if (size > int.MaxValue)
            throw new ArgumentOutOfRangeException(nameof(dimensions), "The product of the dimensions is too large");
        Size = (int)size;
    }

    /// <summary>The dimensions.</summary>
    public ImmutableArray<int> Dimensions { get; }

    /// <summary>The type of an item.</summary>
    public PrimitiveDataViewType ItemType { get; }

    /// <summary>The product of the dimensions; 0 if unknown.</summary>
    public int Size { get; }

    /// <summary>Whether every value has the same known size.</summary>
    public bool IsKnownSize => Size > 0;

    /// <inheritdoc/>
    public override bool Equals(DataViewType other) =>
        other is VectorDataViewType vector && vector.ItemType.Equals(ItemType) && vector.Dimensions.SequenceEqual(Dimensions);

    /// <inheritdoc/>
    public override bool Equals(object other) => other is DataViewType type && Equals(type);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(ItemType);
        foreach (int dimension in Dimensions)
            hash.Add(dimension);
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public override string ToString() =>
        Dimensions.Length == 1 && Size == 0
            ? $"Vector<{ItemType}>"
            : $"Vector<{ItemType}, {string.Join(", ", Dimensions.Select(d => d == 0 ? "*" : d.ToString()))}>";

    private static Type RawTypeOf(PrimitiveDataViewType itemType)
    {
        ArgumentNullException.ThrowIfNull(itemType);
        return typeof(VBuffer<>).MakeGenericType(itemType.RawType);
    }
}
