using System;

namespace Microsoft.ML.Data;

/// <summary>One-based indices into <see cref="Count"/> values; 0 is missing.</summary>
public sealed class KeyDataViewType : PrimitiveDataViewType
{
    /// <summary>A key type over an unsigned integer type.</summary>
    public KeyDataViewType(Type type, ulong count)
        : base(type)
    {
        if (!IsValidDataType(type))
            throw new ArgumentOutOfRangeException(nameof(type), $"Type {type.Name} is not valid for a key: it must be an unsigned integer type.");
        if (count == 0 || count > LargestCount(type))
            throw new ArgumentOutOfRangeException(nameof(count), $"The cardinality of a {nameof(KeyDataViewType)} must be above 0 and at most {LargestCount(type)} for {type.Name}, not {count}.");
        Count = count;
    }

    /// <summary>A key type over an unsigned integer type.</summary>
    public KeyDataViewType(Type type, int count)
        : this(type, (ulong)Math.Max(0, count))
    {
    }

    /// <summary>The number of values.</summary>
    public ulong Count { get; }

    /// <summary>Whether keys may be stored as the type.</summary>
    public static bool IsValidDataType(Type type) =>
        type == typeof(byte) || type == typeof(ushort) || type == typeof(uint) || type == typeof(ulong);

    /// <inheritdoc/>
    public override bool Equals(DataViewType other) =>
        other is KeyDataViewType key && key.RawType == RawType && key.Count == Count;

    /// <inheritdoc/>
    public override bool Equals(object other) => other is DataViewType type && Equals(type);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(RawType, Count);

    /// <inheritdoc/>
    public override string ToString() => $"Key<{RawType.Name}, 0-{Count - 1}>";

    private static ulong LargestCount(Type type) =>
        type == typeof(byte) ? byte.MaxValue : type == typeof(ushort) ? ushort.MaxValue : type == typeof(uint) ? uint.MaxValue : ulong.MaxValue;
}
