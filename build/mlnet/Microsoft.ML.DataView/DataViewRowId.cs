using System;
using System.Numerics;

namespace Microsoft.ML.Data;

/// <summary>A 128-bit row id. Derived ids come from a 128-bit Murmur-style mix, so that collisions are improbable.</summary>
public readonly struct DataViewRowId : IComparable<DataViewRowId>, IEquatable<DataViewRowId>
{
    private const ulong Multiplier1 = 0x87c37b91114253d5;
    private const ulong Multiplier2 = 0x4cf5ad432745937f;

    /// <summary>The low 64 bits.</summary>
    public readonly ulong Low;

    /// <summary>The high 64 bits.</summary>
    public readonly ulong High;

    /// <summary>An id from its two halves.</summary>
    public DataViewRowId(ulong low, ulong high)
    {
        Low = low;
        High = high;
    }

    /// <summary>An id made of this one and another.</summary>
    public DataViewRowId Combine(DataViewRowId other) => Finish(Round(Round(new DataViewRowId(0, 0), this), other), 32);

    /// <summary>A first child of this id.</summary>
    public DataViewRowId Fork() => Finish(Round(this, new DataViewRowId(1, 0)), 16);

    /// <summary>The id after this one.</summary>
    public DataViewRowId Next() => Finish(Round(this, new DataViewRowId(0, 0)), 16);

    /// <inheritdoc/>
    public bool Equals(DataViewRowId other) => Low == other.Low && High == other.High;

    /// <inheritdoc/>
    public override bool Equals(object obj) => obj is DataViewRowId other && Equals(other);

    /// <inheritdoc/>
    public int CompareTo(DataViewRowId other)
    {
        int result = High.CompareTo(other.High);
        return result == 0 ? Low.CompareTo(other.Low) : result;
    }

    /// <inheritdoc/>
    public override int GetHashCode() => (int)(Low ^ (Low >> 32) ^ (High >> 7) ^ (High >> 39));

    /// <inheritdoc/>
    public override string ToString() => $"{High:x16}{Low:x16}";

    private static DataViewRowId Round(DataViewRowId hash, DataViewRowId block)
    {
        ulong low = hash.Low ^ (BitOperations.RotateLeft(block.Low * Multiplier1, 31) * Multiplier2);
        low = ((BitOperations.RotateLeft(low, 27) + hash.High) * 5) + 0x52dce729;
        ulong high = hash.High ^ (BitOperations.RotateLeft(block.High * Multiplier2, 33) * Multiplier1);
        high = ((BitOperations.RotateLeft(high, 31) + low) * 5) + 0x38495ab5;
        return new DataViewRowId(low, high);
    }

    private static DataViewRowId Finish(DataViewRowId hash, ulong length)
    {
        ulong low = hash.Low ^ length, high = hash.High ^ length;
        low += high;
        high += low;
        low = Mix(low);
        high = Mix(high);
        low += high;
        high += low;
        return new DataViewRowId(low, high);
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 33)) * 0xff51afd7ed558ccd;
        value = (value ^ (value >> 33)) * 0xc4ceb9fe1a85ec53;
        return value ^ (value >> 33);
    }
}
