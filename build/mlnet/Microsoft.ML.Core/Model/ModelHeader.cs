// Internal: the frame of a Model.key stream. 256 bytes of header, the model block, a table of UTF-16 strings, the name of the
// loader's assembly in UTF-16, a tail mark. Offsets count from the header's first byte; numbers are little-endian.
using System;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace Microsoft.ML;

internal struct ModelHeader
{
    public const int Size = 256;

    private const ulong SignatureValue = 0x4C45444F4D004C4D; // "ML\0MODEL"
    private const ulong TailSignatureValue = 0x4D4C004D4F44454C; // "LEDOM\0LM"
    private const uint Version = 0x00010002;
    private const uint OldestVersion = 0x00010001;
    private const int SignatureLength = 24;

    public ulong ModelSignature;
    public uint ModelVerWritten;
    public uint ModelVerReadable;
    public string LoaderSignature;
    public string LoaderSignatureAlt;
    public string LoaderAssemblyName;
    public long ModelLength;
    private long _end;

    public void SetVersionInfo(VersionInfo info)
    {
        ModelSignature = info.ModelSignature;
        ModelVerWritten = info.VerWrittenCur;
        ModelVerReadable = info.VerReadableCur;
        LoaderSignature = info.LoaderSignature;
        LoaderSignatureAlt = info.LoaderSignatureAlt;
        LoaderAssemblyName = info.LoaderAssemblyName;
    }

    /// <summary>Leaves room for the header.</summary>
    public static void BeginWrite(BinaryWriter writer) => writer.Write(new byte[Size]);

    /// <summary>Writes what follows the model block, then the header.</summary>
    public void EndWrite(BinaryWriter writer, long start, IReadOnlyList<string> strings)
    {
        writer.Flush();
        ModelLength = writer.BaseStream.Position - start - Size;
        long stringTable = strings.Count == 0 ? 0 : Size + ModelLength, tableLength = (long)strings.Count * sizeof(long), charsLength = 0;
        foreach (string text in strings)
            writer.Write(charsLength += text.Length * sizeof(char));
        foreach (string text in strings)
            writer.Write(Encoding.Unicode.GetBytes(text));
        string assembly = LoaderAssemblyName ?? "";
        long assemblyStart = Size + ModelLength + tableLength + charsLength;
        writer.Write(Encoding.Unicode.GetBytes(assembly));
        long tail = assemblyStart + (assembly.Length * sizeof(char));
        writer.Write(TailSignatureValue);
        writer.Flush();

        writer.BaseStream.Position = start;
        writer.Write(SignatureValue);
        writer.Write(Version);
        writer.Write(Version);
        writer.Write((long)Size);
        writer.Write(ModelLength);
        writer.Write(stringTable);
        writer.Write(tableLength);
        writer.Write(stringTable == 0 ? 0 : stringTable + tableLength);
        writer.Write(charsLength);
        writer.Write(ModelSignature);
        writer.Write(ModelVerWritten);
        writer.Write(ModelVerReadable);
        WriteSignature(writer, LoaderSignature);
        WriteSignature(writer, LoaderSignatureAlt);
        writer.Write(tail);
        writer.Write(tail + sizeof(ulong));
        writer.Write(assembly.Length == 0 ? 0 : assemblyStart);
        writer.Write(assembly.Length * sizeof(char));
        writer.Flush();
        writer.BaseStream.Position = start + tail + sizeof(ulong);
    }

    /// <summary>Reads the header and the strings; the reader is then at the model block.</summary>
    /// <exception cref="FormatException">It is not the frame of a model.</exception>
    public static ModelHeader BeginRead(BinaryReader reader, out string[] strings)
    {
        try
        {
            return ReadFrame(reader, out strings);
        }
        catch (Exception ex) when (ex is EndOfStreamException or ArgumentException or OverflowException)
        {
            throw new FormatException("Corrupt model file", ex);
        }
    }

    /// <summary>Checks that the model block was read to its end, and goes behind the tail.</summary>
    public readonly void EndRead(BinaryReader reader, long start)
    {
        Check(reader.BaseStream.Position - start == Size + ModelLength, "Corrupt model file: the model was not read to its end");
        reader.BaseStream.Position = start + _end;
    }

    private static ModelHeader ReadFrame(BinaryReader reader, out string[] strings)
    {
        long start = reader.BaseStream.Position, available = reader.BaseStream.Length - start;
        Check(available >= Size, "Corrupt model file: it has no header");
        Check(reader.ReadUInt64() == SignatureValue, "Wrong file type");
        uint written = reader.ReadUInt32(), readable = reader.ReadUInt32();
        Check(readable <= written, "Corrupt file header");
        Check(readable <= Version, "File is too new");
        Check(written >= OldestVersion, "File is too old");
        Check(reader.ReadInt64() == Size, "Corrupt file header");
        var header = new ModelHeader { ModelLength = reader.ReadInt64() };
        long table = reader.ReadInt64(), tableLength = reader.ReadInt64(), chars = reader.ReadInt64(), charsLength = reader.ReadInt64();
        header.ModelSignature = reader.ReadUInt64();
        header.ModelVerWritten = reader.ReadUInt32();
        header.ModelVerReadable = reader.ReadUInt32();
        header.LoaderSignature = ReadSignature(reader);
        header.LoaderSignatureAlt = ReadSignature(reader);
        long tail = reader.ReadInt64();
        header._end = reader.ReadInt64();
        long assembly = written >= Version ? reader.ReadInt64() : 0;
        long assemblyLength = written >= Version ? reader.ReadUInt32() : 0;

        long next = Size + header.ModelLength;
        Check(header.ModelLength >= 0 && header._end <= available && tail == header._end - sizeof(ulong), "Corrupt file header");
        Check(next <= tail && tableLength % sizeof(long) == 0 && tableLength >= 0 && charsLength >= 0 && charsLength % sizeof(char) == 0, "Corrupt file header");
        Check(table == 0 ? tableLength == 0 && charsLength == 0 : table == next && chars == table + tableLength, "Corrupt file header");
        Check(tableLength <= tail - next && charsLength <= tail - next - tableLength, "Corrupt file header");
        next += tableLength + charsLength;
        Check(assembly == 0 ? assemblyLength == 0 : assembly == next && assemblyLength % sizeof(char) == 0, "Corrupt file header");
        Check(tail == next + assemblyLength, "Corrupt file header");

        strings = ReadStrings(reader, start + table, (int)(tableLength / sizeof(long)), charsLength);
        reader.BaseStream.Position = start + tail - assemblyLength;
        header.LoaderAssemblyName = Encoding.Unicode.GetString(reader.ReadBytes((int)assemblyLength));
        Check(reader.ReadUInt64() == TailSignatureValue, "Corrupt model file tail");
        reader.BaseStream.Position = start + Size;
        return header;
    }

    private static string[] ReadStrings(BinaryReader reader, long table, int count, long charsLength)
    {
        if (count == 0)
            return [];
        reader.BaseStream.Position = table;
        var ends = new long[count];
        for (int i = 0; i < count; i++)
        {
            ends[i] = reader.ReadInt64();
            Check(ends[i] >= (i == 0 ? 0 : ends[i - 1]) && ends[i] <= charsLength && ends[i] % sizeof(char) == 0, "Corrupt string table");
        }
        Check(ends[^1] == charsLength, "Corrupt string table");
        var strings = new string[count];
        for (int i = 0; i < count; i++)
            strings[i] = Encoding.Unicode.GetString(reader.ReadBytes((int)(ends[i] - (i == 0 ? 0 : ends[i - 1]))));
        return strings;
    }

    private static void WriteSignature(BinaryWriter writer, string signature)
    {
        signature ??= "";
        if (signature.Length > SignatureLength)
            throw new InvalidOperationException($"Loader signature '{signature}' is longer than {SignatureLength} characters");
        for (int start = 0; start < SignatureLength; start += sizeof(ulong))
            writer.Write(VersionInfo.Pack(signature, start));
    }

    private static string ReadSignature(BinaryReader reader) => Encoding.Latin1.GetString(reader.ReadBytes(SignatureLength)).TrimEnd('\0');

    private static void Check(bool condition, string message)
    {
        if (!condition)
            throw new FormatException(message);
    }
}
