using System;

namespace Microsoft.ML.Data;

/// <summary>Gives a member's column another name.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property, AllowMultiple = false, Inherited = true)]
public sealed class ColumnNameAttribute : Attribute
{
    /// <summary>The column's name.</summary>
    public ColumnNameAttribute(string name) => Name = name;

    internal string Name { get; }
}

/// <summary>Says that a member is no column.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property, AllowMultiple = false, Inherited = true)]
public sealed class NoColumnAttribute : Attribute
{
    /// <summary>Says that a member is no column.</summary>
    public NoColumnAttribute()
    {
    }
}

/// <summary>Says that an unsigned integer member holds keys.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property, AllowMultiple = false, Inherited = true)]
public sealed class KeyTypeAttribute : Attribute
{
    /// <summary>Keys up to the largest value of the member's type.</summary>
    public KeyTypeAttribute()
    {
    }

    /// <summary>Keys 1 to <paramref name="count"/>; larger values are taken as missing.</summary>
    public KeyTypeAttribute(ulong count) => KeyCount = new KeyCount(count);

    internal KeyCount KeyCount { get; }
}

/// <summary>The number of values of a key.</summary>
public sealed class KeyCount
{
    /// <summary>The number; null if unknown.</summary>
    public ulong? Count;

    /// <summary>An unknown number.</summary>
    public KeyCount()
    {
    }

    /// <summary>A number above 0.</summary>
    public KeyCount(ulong count)
    {
        if (count == 0)
            throw new ArgumentOutOfRangeException(nameof(count), "The cardinality of valid key range has to be greater than 0");
        Count = count;
    }
}

/// <summary>Gives the size of an array member's vectors.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property, AllowMultiple = false, Inherited = true)]
public sealed class VectorTypeAttribute : Attribute
{
    /// <summary>Vectors of unknown size.</summary>
    public VectorTypeAttribute()
    {
    }

    /// <summary>Vectors of the size; 0 is unknown.</summary>
    public VectorTypeAttribute(int size)
    {
        if (size < 0)
            throw new ArgumentOutOfRangeException(nameof(size), "Should be non-negative number");
        Dims = [size];
    }

    /// <summary>Vectors of the dimensions; 0 is unknown.</summary>
    public VectorTypeAttribute(params int[] dimensions)
    {
        ArgumentNullException.ThrowIfNull(dimensions);
        if (Array.Exists(dimensions, d => d < 0))
            throw new ArgumentOutOfRangeException(nameof(dimensions), "Should contain only non-negative values");
        Dims = dimensions;
    }

    internal int[] Dims { get; }
}
