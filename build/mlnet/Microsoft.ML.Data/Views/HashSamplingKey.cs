using System.Runtime.InteropServices;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Spreads the values of a text, Boolean, integer or time column over [0, 1] by 30 bits of their hashes; empty texts are left out.</summary>
internal sealed class HashSamplingKey : SamplingKey
{
    public const uint DefaultSeed = 314489979;

    private const uint Buckets = 1u << 30;

    private readonly DataViewSchema.Column _column;
    private readonly uint _seed;

    public HashSamplingKey(DataViewSchema.Column column, uint seed)
    {
        if (!IsSupported(column.Type.RawType))
            throw new ArgumentOutOfRangeException("Column", $"Column '{column.Name}' does not have compatible type");
        _column = column;
        _seed = seed;
    }

    public override IEnumerable<DataViewSchema.Column> Columns => [_column];

    public override Func<double> CreateGetter(DataViewRow row)
    {
        Type raw = _column.Type.RawType;
        return raw == typeof(ReadOnlyMemory<char>)
            ? TextGetter(row)
            : (Func<double>)GenericMethod.Invoke(this, nameof(BytesGetter), raw, row);
    }

    private static bool IsSupported(Type raw) => raw == typeof(ReadOnlyMemory<char>) || raw == typeof(bool)
        || raw == typeof(sbyte) || raw == typeof(short) || raw == typeof(int) || raw == typeof(long)
        || raw == typeof(byte) || raw == typeof(ushort) || raw == typeof(uint) || raw == typeof(ulong)
        || raw == typeof(DateTime) || raw == typeof(TimeSpan) || raw == typeof(DataViewRowId);

    private static double Place(uint hash) => ((hash & (Buckets - 1)) + 0.5) / Buckets;

    private Func<double> TextGetter(DataViewRow row)
    {
        ValueGetter<ReadOnlyMemory<char>> getter = row.GetGetter<ReadOnlyMemory<char>>(_column);
        ReadOnlyMemory<char> text = default;
        return () =>
        {
            getter(ref text);
            return text.IsEmpty ? double.NaN : Place(MurmurHash3.OfText(_seed, text.Span));
        };
    }

    private Func<double> BytesGetter<T>(DataViewRow row) where T : struct
    {
        ValueGetter<T> getter = row.GetGetter<T>(_column);
        var value = new T[1];
        return () =>
        {
            getter(ref value[0]);
            return Place(MurmurHash3.OfBytes(_seed, MemoryMarshal.AsBytes(value.AsSpan())));
        };
    }
}
