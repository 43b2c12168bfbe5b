namespace Microsoft.ML.Data;

/// <summary>Single values of the simple column types in binary form.</summary>
internal static class BinaryValues
{
    public static void Write<T>(BinaryWriter writer, T value)
    {
        switch (value)
        {
            case sbyte v: writer.Write(v); break;
            case byte v: writer.Write(v); break;
            case short v: writer.Write(v); break;
            case ushort v: writer.Write(v); break;
            case int v: writer.Write(v); break;
            case uint v: writer.Write(v); break;
            case long v: writer.Write(v); break;
            case ulong v: writer.Write(v); break;
            case float v: writer.Write(v); break;
            case double v: writer.Write(v); break;
            case bool v: writer.Write(v); break;
            case ReadOnlyMemory<char> v: writer.Write(v.ToString()); break;
            case TimeSpan v: writer.Write(v.Ticks); break;
            case DateTime v: writer.Write(v.ToBinary()); break;
            case DateTimeOffset v:
                writer.Write(v.Ticks);
                writer.Write(v.Offset.Ticks);
                break;
            default: throw new InvalidOperationException($"Values of {typeof(T)} cannot be saved");
        }
    }

    public static T Read<T>(BinaryReader reader) => (T)Read(reader, typeof(T));

    private static object Read(BinaryReader reader, Type type)
    {
        if (type == typeof(ReadOnlyMemory<char>))
            return reader.ReadString().AsMemory();
        if (type == typeof(TimeSpan))
            return new TimeSpan(reader.ReadInt64());
        if (type == typeof(DateTimeOffset))
            return new DateTimeOffset(reader.ReadInt64(), new TimeSpan(reader.ReadInt64()));
        return Type.GetTypeCode(type) switch
        {
            TypeCode.SByte => reader.ReadSByte(),
            TypeCode.Byte => reader.ReadByte(),
            TypeCode.Int16 => reader.ReadInt16(),
            TypeCode.UInt16 => reader.ReadUInt16(),
            TypeCode.Int32 => reader.ReadInt32(),
            TypeCode.UInt32 => reader.ReadUInt32(),
            TypeCode.Int64 => reader.ReadInt64(),
            TypeCode.UInt64 => reader.ReadUInt64(),
            TypeCode.Single => reader.ReadSingle(),
            TypeCode.Double => reader.ReadDouble(),
            TypeCode.Boolean => reader.ReadBoolean(),
            TypeCode.DateTime => DateTime.FromBinary(reader.ReadInt64()),
            _ => throw new FormatException($"Values of {type} cannot be loaded"),
        };
    }
}
