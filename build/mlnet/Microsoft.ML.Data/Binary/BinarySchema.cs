// Internal: a schema as a binary data view (.idv) without rows, the form in which model files hold it. Version 1.1.1.5:
// a header of 256 bytes, the annotations' values, a table of annotations for each column that has some, the table of
// columns, a tail mark. Columns of types that have no codec, such as images, are left out, as are their annotations.
using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Text;

namespace Microsoft.ML.Data;

internal static class BinarySchema
{
    private const int HeaderSize = 256;
    private const ulong Signature = 0x00425644004C4D43; // "CML\0DVB\0"
    private const ulong TailSignature = 0x434D4C0044564200;
    private const ulong Version = 0x0001000100010005;
    private const ulong OldestVersion = 0x0001000100010004;
    private const int RowsPerBlock = 1;
    private const int LargestBlock = 1 << 28;

    private enum Compression : byte
    {
        None = 0,
        Deflate = 1,
        Zlib = 2,
    }

    /// <summary>Writes the columns that have codecs.</summary>
    public static void Write(Stream stream, DataViewSchema schema)
    {
        long start = stream.Position;
        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        writer.Write(new byte[HeaderSize]);
        DataViewSchema.Column[] columns = schema.Where(c => BinaryCodec.CanWrite(c.Type)).ToArray();
        long lookup = Position(writer) - start;
        long[] annotations = Array.ConvertAll(columns, c => WriteAnnotations(writer, c, start));
        long table = Position(writer) - start;
        for (int i = 0; i < columns.Length; i++)
        {
            writer.Write(columns[i].Name);
            BinaryCodec.WriteType(writer, columns[i].Type);
            writer.Write((byte)Compression.Deflate);
            writer.Write7BitEncodedInt(RowsPerBlock);
            writer.Write(lookup);
            writer.Write(annotations[i]);
        }
        long tail = Position(writer) - start;
        writer.Write(TailSignature);
        WriteHeader(writer, start, table, tail, columns.Length);
    }

    /// <summary>Reads the columns whose codecs are known.</summary>
    /// <exception cref="FormatException">It is not a binary data view.</exception>
    public static DataViewSchema Read(Stream stream)
    {
        try
        {
            using var reader = new BinaryReader(stream, Encoding.UTF8, leaveOpen: true);
            return Read(reader);
        }
        catch (Exception ex) when (ex is EndOfStreamException or ArgumentException or OverflowException or InvalidDataException)
        {
            throw new FormatException("Corrupt model file: its schema cannot be read", ex);
        }
    }

    private static DataViewSchema Read(BinaryReader reader)
    {
        Check(reader.ReadUInt64() == Signature, "this is not a binary data view");
        Check(reader.ReadUInt64() >= OldestVersion && reader.ReadUInt64() <= Version, "the version of the binary data view is not known");
        long table = reader.ReadInt64(), tail = reader.ReadInt64();
        _ = reader.ReadInt64();
        int count = reader.ReadInt32();
        Check(table >= HeaderSize && table <= tail && tail <= reader.BaseStream.Length - sizeof(ulong) && count >= 0, "the header is damaged");
        reader.BaseStream.Position = tail;
        Check(reader.ReadUInt64() == TailSignature, "the tail is missing");
        reader.BaseStream.Position = table;
        var builder = new DataViewSchema.Builder();
        for (int i = 0; i < count; i++)
        {
            string name = reader.ReadString();
            DataViewType type = BinaryCodec.ReadTypeOrNull(reader);
            _ = reader.ReadByte();
            _ = reader.Read7BitEncodedInt64();
            _ = reader.ReadInt64();
            long annotations = reader.ReadInt64();
            if (type != null)
                builder.AddColumn(name, type, annotations == 0 ? null : ReadAnnotations(reader, annotations));
        }
        Check(reader.BaseStream.Position == tail, "the table of columns is damaged");
        return builder.ToSchema();
    }

    private static void WriteHeader(BinaryWriter writer, long start, long table, long tail, int columns)
    {
        long end = Position(writer);
        writer.BaseStream.Position = start;
        writer.Write(Signature);
        writer.Write(Version);
        writer.Write(OldestVersion);
        writer.Write(table);
        writer.Write(tail);
        writer.Write(0L);
        writer.Write(columns);
        writer.Flush();
        writer.BaseStream.Position = end;
    }

    private static long WriteAnnotations(BinaryWriter writer, DataViewSchema.Column column, long start)
    {
        DataViewSchema.Column[] kinds = column.Annotations.Schema.Where(a => BinaryCodec.CanWrite(a.Type)).ToArray();
        if (kinds.Length == 0)
            return 0;
        var blocks = new List<(long Offset, long Length)>();
        foreach (DataViewSchema.Column kind in kinds)
        {
            long offset = Position(writer);
            BinaryCodec.WriteValue(writer, kind.Type, column.Annotations.GetGetterDelegate(kind.Index));
            blocks.Add((offset - start, Position(writer) - offset));
        }
        long table = Position(writer) - start;
        writer.Write7BitEncodedInt(kinds.Length);
        for (int i = 0; i < kinds.Length; i++)
        {
            writer.Write(kinds[i].Name);
            BinaryCodec.WriteType(writer, kinds[i].Type);
            writer.Write((byte)Compression.None);
            writer.Write(blocks[i].Offset);
            writer.Write7BitEncodedInt64(blocks[i].Length);
        }
        return table;
    }

    private static DataViewSchema.Annotations ReadAnnotations(BinaryReader reader, long table)
    {
        long back = reader.BaseStream.Position;
        reader.BaseStream.Position = table;
        var builder = new DataViewSchema.Annotations.Builder();
        int count = reader.Read7BitEncodedInt();
        for (int i = 0; i < count; i++)
        {
            string kind = reader.ReadString();
            DataViewType type = BinaryCodec.ReadTypeOrNull(reader);
            var compression = (Compression)reader.ReadByte();
            long offset = reader.ReadInt64(), length = reader.Read7BitEncodedInt64();
            if (type == null)
                continue;
            long next = reader.BaseStream.Position;
            Check(offset >= 0 && length >= 0 && length <= reader.BaseStream.Length - offset && length <= LargestBlock, "an annotation is damaged");
            reader.BaseStream.Position = offset;
            using BinaryReader block = OpenBlock(reader.ReadBytes((int)length), compression);
            builder.Add(kind, type, BinaryCodec.ReadValue(block, type));
            reader.BaseStream.Position = next;
        }
        reader.BaseStream.Position = back;
        return builder.ToAnnotations();
    }

    private static BinaryReader OpenBlock(byte[] bytes, Compression compression)
    {
        var packed = new MemoryStream(bytes);
        Stream stream = compression switch
        {
            Compression.None => packed,
            Compression.Deflate => new DeflateStream(packed, CompressionMode.Decompress),
            Compression.Zlib => new ZLibStream(packed, CompressionMode.Decompress),
            _ => throw new FormatException($"Corrupt model file: compression {compression} is not known"),
        };
        return new BinaryReader(stream, Encoding.UTF8);
    }

    private static long Position(BinaryWriter writer)
    {
        writer.Flush();
        return writer.BaseStream.Position;
    }

    private static void Check(bool condition, string what)
    {
        if (!condition)
            throw new FormatException($"Corrupt model file: {what}");
    }
}
