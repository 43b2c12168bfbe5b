namespace Microsoft.ML.CnnZoo.Graph;

/// <summary>Element types, numbered as TensorFlow's <c>DataType</c> enumeration (types.proto).</summary>
public enum DataType
{
    /// <summary>Not set.</summary>
    Invalid = 0,
    /// <summary>32-bit IEEE floating point (DT_FLOAT).</summary>
    Float = 1,
    /// <summary>64-bit IEEE floating point (DT_DOUBLE).</summary>
    Double = 2,
    /// <summary>32-bit signed integer (DT_INT32).</summary>
    Int32 = 3,
    /// <summary>8-bit unsigned integer (DT_UINT8).</summary>
    UInt8 = 4,
    /// <summary>Byte strings (DT_STRING); attributes only.</summary>
    String = 7,
    /// <summary>64-bit signed integer (DT_INT64).</summary>
    Int64 = 9,
    /// <summary>Boolean, one byte (DT_BOOL).</summary>
    Bool = 10,
    /// <summary>The upper 16 bits of a 32-bit float (DT_BFLOAT16).</summary>
    BFloat16 = 14,
    /// <summary>16-bit IEEE floating point (DT_HALF).</summary>
    Half = 19,
    /// <summary>A handle to a variable (DT_RESOURCE); it has no elements.</summary>
    Resource = 20,
    /// <summary>64-bit unsigned integer (DT_UINT64).</summary>
    UInt64 = 23,
}

/// <summary>Facts about <see cref="DataType"/>.</summary>
internal static class DataTypes
{
    /// <summary>Bytes per element; 0 for <see cref="DataType.Resource"/>.</summary>
    /// <exception cref="ArgumentException">The type has no fixed element size.</exception>
    public static int ByteSize(this DataType type) => type switch
    {
        DataType.Float or DataType.Int32 => 4,
        DataType.Double or DataType.Int64 or DataType.UInt64 => 8,
        DataType.UInt8 or DataType.Bool => 1,
        DataType.BFloat16 or DataType.Half => 2,
        DataType.Resource => 0,
        _ => throw new ArgumentException($"Elements of type {type} have no fixed size.", nameof(type)),
    };

    /// <summary>Whether values of this type carry gradients.</summary>
    public static bool IsFloating(this DataType type) =>
        type is DataType.Float or DataType.Double or DataType.BFloat16 or DataType.Half;

    /// <summary>
    /// The <see cref="DataType"/> that holds elements of <typeparamref name="T"/> (float, double, int, long, byte,
    /// bool, ulong, Half).
    /// </summary>
    /// <exception cref="ArgumentException">No data type matches.</exception>
    public static DataType Of<T>() where T : unmanaged
    {
        if (typeof(T) == typeof(float)) return DataType.Float;
        if (typeof(T) == typeof(double)) return DataType.Double;
        if (typeof(T) == typeof(int)) return DataType.Int32;
        if (typeof(T) == typeof(long)) return DataType.Int64;
        if (typeof(T) == typeof(byte)) return DataType.UInt8;
        if (typeof(T) == typeof(bool)) return DataType.Bool;
        if (typeof(T) == typeof(ulong)) return DataType.UInt64;
        if (typeof(T) == typeof(Half)) return DataType.Half;
        throw new ArgumentException($"No tensor type holds elements of {typeof(T)}.");
    }
}
