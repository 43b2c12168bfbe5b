// Internal: column types and single values in the form of binary data views (.idv). A type is a codec name, the length of its
// parameters and the parameters: for vectors the item's type and the dimensions, for keys the item's type and the count.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace Microsoft.ML.Data;

internal static class BinaryCodec
{
    private const string VectorCodec = "VBuffer";
    private const string KeyCodec = "Key2";
    private const int LongestVector = 1 << 26;

    private static readonly Dictionary<string, PrimitiveDataViewType> Simple = new PrimitiveDataViewType[]
    {
        NumberDataViewType.SByte, NumberDataViewType.Byte, NumberDataViewType.Int16, NumberDataViewType.UInt16, NumberDataViewType.Int32,
        NumberDataViewType.UInt32, NumberDataViewType.Int64, NumberDataViewType.UInt64, NumberDataViewType.Single, NumberDataViewType.Double,
        BooleanDataViewType.Instance, TimeSpanDataViewType.Instance, DateTimeDataViewType.Instance, DateTimeOffsetDataViewType.Instance,
        RowIdDataViewType.Instance, TextDataViewType.Instance,
    }.ToDictionary(NameOf, StringComparer.Ordinal);

    /// <summary>Whether there is a codec for the type.</summary>
    public static bool CanWrite(DataViewType type) => type.ItemTypeOf() is KeyDataViewType || Simple.ContainsValue(type.ItemTypeOf() as PrimitiveDataViewType);

    public static void WriteType(BinaryWriter writer, DataViewType type)
    {
        using var parameters = new MemoryStream();
        using (var inner = new BinaryWriter(parameters, Encoding.UTF8, leaveOpen: true))
        {
            if (type is VectorDataViewType vector)
            {
                WriteType(inner, vector.ItemType);
                inner.Write(vector.Dimensions.Length);
                foreach (int dimension in vector.Dimensions)
                    inner.Write(dimension);
            }
            else if (type is KeyDataViewType key)
            {
                WriteType(inner, ColumnTypes.PrimitiveOf(key.RawType));
                inner.Write(key.Count);
            }
        }
        writer.Write(type is VectorDataViewType ? VectorCodec : type is KeyDataViewType ? KeyCodec : NameOf(type));
        writer.Write7BitEncodedInt64(parameters.Length);
        writer.Write(parameters.ToArray());
    }

    /// <summary>Reads a type; null if its codec is not known.</summary>
    public static DataViewType ReadTypeOrNull(BinaryReader reader)
    {
        string name = reader.ReadString();
        long length = reader.Read7BitEncodedInt64(), end = reader.BaseStream.Position + length;
        if (length < 0 || end > reader.BaseStream.Length)
            throw new FormatException("Corrupt model file: a column's type is damaged");
        DataViewType type = name switch
        {
            VectorCodec => ReadVectorTypeOrNull(reader),
            KeyCodec => ReadTypeOrNull(reader) is PrimitiveDataViewType item ? new KeyDataViewType(item.RawType, reader.ReadUInt64()) : null,
            _ => Simple.GetValueOrDefault(name),
        };
        reader.BaseStream.Position = end;
        return type;
    }

    /// <summary>Writes one value, which the getter gives.</summary>
    public static void WriteValue(BinaryWriter writer, DataViewType type, Delegate getter)
    {
        string method = type is VectorDataViewType ? nameof(WriteVector) : nameof(WriteScalar);
        Call(method, type.ItemTypeOf().RawType, writer, type, getter);
    }

    /// <summary>Reads one value, as a getter of it.</summary>
    public static Delegate ReadValue(BinaryReader reader, DataViewType type)
    {
        string method = type is VectorDataViewType ? nameof(ReadVector) : nameof(ReadScalar);
        return (Delegate)Call(method, type.ItemTypeOf().RawType, reader, type);
    }

    private static VectorDataViewType ReadVectorTypeOrNull(BinaryReader reader)
    {
        DataViewType item = ReadTypeOrNull(reader);
        int count = reader.ReadInt32();
        if (count < 0 || count > reader.BaseStream.Length)
            throw new FormatException("Corrupt model file: a vector's type is damaged");
        int[] dimensions = Repeat(count, reader.ReadInt32);
        return item is not PrimitiveDataViewType primitive ? null
            : count == 0 ? new VectorDataViewType(primitive) : new VectorDataViewType(primitive, dimensions);
    }

    private static string NameOf(DataViewType type) => type is TextDataViewType ? "TextSpan" : type.RawType.Name;

    private static void WriteScalar<T>(BinaryWriter writer, DataViewType type, ValueGetter<T> getter)
    {
        T value = default;
        getter(ref value);
        WriteItems<T>(writer, [value]);
    }

    private static ValueGetter<T> ReadScalar<T>(BinaryReader reader, DataViewType type)
    {
        T value = ReadItems<T>(reader, 1)[0];
        return (ref T destination) => destination = value;
    }

    private static void WriteVector<T>(BinaryWriter writer, VectorDataViewType type, ValueGetter<VBuffer<T>> getter)
    {
        VBuffer<T> value = default;
        getter(ref value);
        writer.Write(1);
        writer.Write(type.Size);
        if (!type.IsKnownSize)
            writer.Write(value.Length);
        writer.Write(value.IsDense ? -1 : value.Count);
        writer.Write(value.GetIndices().Length);
        foreach (int index in value.GetIndices())
            writer.Write(index);
        WriteItems(writer, value.GetValues());
    }

    private static ValueGetter<VBuffer<T>> ReadVector<T>(BinaryReader reader, VectorDataViewType type)
    {
        int vectors = reader.ReadInt32(), length = reader.ReadInt32();
        if (length == 0)
            length = reader.ReadInt32();
        int count = reader.ReadInt32(), indexCount = reader.ReadInt32();
        if (vectors != 1 || length is < 0 or > LongestVector || count < -1 || count > length || indexCount != Math.Max(0, count))
            throw new FormatException("Corrupt model file: an annotation's vector is damaged");
        int[] indices = Repeat(indexCount, reader.ReadInt32);
        T[] values = ReadItems<T>(reader, count < 0 ? length : count);
        var buffer = new VBuffer<T>(length, values.Length, values, indices);
        return (ref VBuffer<T> destination) => buffer.CopyTo(ref destination);
    }

    private static void WriteItems<T>(BinaryWriter writer, ReadOnlySpan<T> items)
    {
        if (typeof(T) == typeof(ReadOnlyMemory<char>))
        {
            WriteTexts(writer, items.ToArray() as ReadOnlyMemory<char>[]);
            return;
        }
        if (typeof(T) == typeof(bool))
        {
            WriteBits(writer, items.ToArray() as bool[]);
            return;
        }
        foreach (T item in items)
        {
            if (item is DateTimeOffset offset)
                writer.Write((short)offset.Offset.TotalMinutes);
        }
        foreach (T item in items)
        {
            switch (item)
            {
                case DateTimeOffset offset: writer.Write(offset.DateTime.Ticks); break;
                case DateTime date: writer.Write(date.Ticks); break;
                default: writer.Write(BytesOf(item)); break;
            }
        }
    }

    private static byte[] BytesOf<T>(T item)
    {
        var bytes = new byte[Marshal.SizeOf<T>()];
        ByteBlock.Write(item, bytes);
        return bytes;
    }

    private static void WriteTexts(BinaryWriter writer, ReadOnlyMemory<char>[] texts)
    {
        writer.Write(texts.Length);
        int end = 0;
        foreach (ReadOnlyMemory<char> text in texts)
            writer.Write(end += text.Length);
        writer.Write(string.Concat(texts.Select(t => t.ToString())));
    }

    private static void WriteBits(BinaryWriter writer, bool[] bits)
    {
        var bytes = new byte[(bits.Length + 7) / 8];
        for (int i = 0; i < bits.Length; i++)
            bytes[i / 8] |= (byte)(bits[i] ? 1 << (i % 8) : 0);
        writer.Write(bytes);
    }

    private static T[] ReadItems<T>(BinaryReader reader, int count)
    {
        if (typeof(T) == typeof(ReadOnlyMemory<char>))
            return (T[])(object)ReadTexts(reader, count);
        if (typeof(T) == typeof(bool))
            return (T[])(object)ReadBits(reader, count);
        if (typeof(T) == typeof(DateTimeOffset))
        {
            short[] offsets = Repeat(count, reader.ReadInt16);
            return (T[])(object)Array.ConvertAll(offsets, o => new DateTimeOffset(new DateTime(reader.ReadInt64()), TimeSpan.FromMinutes(o)));
        }
        if (typeof(T) == typeof(DateTime))
            return (T[])(object)Repeat(count, () => new DateTime(reader.ReadInt64()));
        int size = Marshal.SizeOf<T>();
        return Repeat(count, () => ByteBlock.Read<T>(ReadExactly(reader, size)));
    }

    /// <summary>So many items; memory grows with what is really read, whatever a damaged file says.</summary>
    private static T[] Repeat<T>(int count, Func<T> read)
    {
        var items = new List<T>();
        while (items.Count < count)
            items.Add(read());
        return [.. items];
    }

    private static byte[] ReadExactly(BinaryReader reader, int size)
    {
        byte[] bytes = reader.ReadBytes(size);
        return bytes.Length == size ? bytes : throw new EndOfStreamException();
    }

    private static ReadOnlyMemory<char>[] ReadTexts(BinaryReader reader, int count)
    {
        if (reader.ReadInt32() != count)
            throw new FormatException("Corrupt model file: an annotation's text is damaged");
        const int LengthMask = int.MaxValue; // the high bit marked missing texts once
        int[] ends = Repeat(count, () => reader.ReadInt32() & LengthMask);
        ReadOnlyMemory<char> text = reader.ReadString().AsMemory();
        return ends.Select((end, i) => text[(i == 0 ? 0 : ends[i - 1])..end]).ToArray();
    }

    private static bool[] ReadBits(BinaryReader reader, int count)
    {
        byte[] bytes = ReadExactly(reader, (count + 7) / 8);
        return Enumerable.Range(0, count).Select(i => (bytes[i / 8] >> (i % 8) & 1) != 0).ToArray();
    }

    private static object Call(string method, Type typeArgument, params object[] arguments) =>
        typeof(BinaryCodec).GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic).MakeGenericMethod(typeArgument)
            .Invoke(null, BindingFlags.DoNotWrapExceptions, null, arguments, null);

    /// <summary>Plain values as their little-endian bytes.</summary>
    private static class ByteBlock
    {
        public static void Write<T>(T item, byte[] bytes) => System.Runtime.CompilerServices.Unsafe.WriteUnaligned(ref bytes[0], item);

        public static T Read<T>(byte[] bytes) => System.Runtime.CompilerServices.Unsafe.ReadUnaligned<T>(ref bytes[0]);
    }
}
