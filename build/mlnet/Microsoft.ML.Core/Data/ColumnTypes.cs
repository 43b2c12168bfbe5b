// Internal: column types of .NET types and of DataKind, and small questions about types.
using System;
using System.Collections.Generic;

namespace Microsoft.ML.Data;

internal static class ColumnTypes
{
    private static readonly Dictionary<Type, PrimitiveDataViewType> ByRawType = new()
    {
        [typeof(sbyte)] = NumberDataViewType.SByte,
        [typeof(byte)] = NumberDataViewType.Byte,
        [typeof(short)] = NumberDataViewType.Int16,
        [typeof(ushort)] = NumberDataViewType.UInt16,
        [typeof(int)] = NumberDataViewType.Int32,
        [typeof(uint)] = NumberDataViewType.UInt32,
        [typeof(long)] = NumberDataViewType.Int64,
        [typeof(ulong)] = NumberDataViewType.UInt64,
        [typeof(float)] = NumberDataViewType.Single,
        [typeof(double)] = NumberDataViewType.Double,
        [typeof(ReadOnlyMemory<char>)] = TextDataViewType.Instance,
        [typeof(string)] = TextDataViewType.Instance,
        [typeof(bool)] = BooleanDataViewType.Instance,
        [typeof(TimeSpan)] = TimeSpanDataViewType.Instance,
        [typeof(DateTime)] = DateTimeDataViewType.Instance,
        [typeof(DateTimeOffset)] = DateTimeOffsetDataViewType.Instance,
        [typeof(DataViewRowId)] = RowIdDataViewType.Instance,
    };

    private static readonly Type[] RawTypeOfKind =
    [
        null, typeof(sbyte), typeof(byte), typeof(short), typeof(ushort), typeof(int), typeof(uint), typeof(long), typeof(ulong),
        typeof(float), typeof(double), typeof(ReadOnlyMemory<char>), typeof(bool), typeof(TimeSpan), typeof(DateTime), typeof(DateTimeOffset),
    ];

    /// <summary>The plain column type of a .NET type (text for string too), or null if there is none.</summary>
    public static PrimitiveDataViewType PrimitiveOrNull(Type rawType) => ByRawType.GetValueOrDefault(rawType);

    /// <summary>The plain column type of a .NET type.</summary>
    public static PrimitiveDataViewType PrimitiveOf(Type rawType) =>
        PrimitiveOrNull(rawType) ?? throw new ArgumentOutOfRangeException(nameof(rawType), $"There is no column type for {rawType}.");

    /// <summary>The column type of a kind.</summary>
    public static PrimitiveDataViewType PrimitiveOf(DataKind kind) => PrimitiveOf(RawTypeOf(kind));

    /// <summary>The .NET type of a kind's values.</summary>
    public static Type RawTypeOf(DataKind kind) =>
        (int)kind is > 0 and < 16 ? RawTypeOfKind[(int)kind] : throw new ArgumentOutOfRangeException(nameof(kind), $"Unknown kind {kind}");

    /// <summary>The kind of a plain .NET type, or null.</summary>
    public static DataKind? KindOrNull(Type rawType)
    {
        int index = rawType == null ? -1 : Array.IndexOf(RawTypeOfKind, rawType);
        return index < 0 ? null : (DataKind)index;
    }

    /// <summary>The item type of a vector, the type itself otherwise.</summary>
    public static DataViewType ItemTypeOf(this DataViewType type) => (type as VectorDataViewType)?.ItemType ?? type;

    /// <summary>The size of a known-size vector, 0 for unknown size, 1 for scalars.</summary>
    public static int ValueCountOf(this DataViewType type) => type is VectorDataViewType vector ? vector.Size : 1;

    /// <summary>The number of keys as an int, 0 for types other than keys and for counts beyond int.</summary>
    public static int KeyCountOf(this DataViewType type) =>
        type.ItemTypeOf() is KeyDataViewType { Count: <= int.MaxValue } key ? (int)key.Count : 0;
}
