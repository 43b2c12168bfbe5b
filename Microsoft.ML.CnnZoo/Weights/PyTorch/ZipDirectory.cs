using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.CnnZoo.Weights.PyTorch;

/// <summary>A file in a zip archive, stored as it is.</summary>
/// <param name="Offset">Its first byte in the archive.</param>
/// <param name="Length">Its bytes.</param>
internal sealed record ZipEntry(long Offset, long Length);

/// <summary>
/// Where the files of an uncompressed zip archive lie, so that they can be mapped: what torch.save writes. With the
/// 64-bit fields of large archives; every position is checked against the archive's length.
/// </summary>
/// <remarks>PKWARE, APPNOTE.TXT 6.3.10, §4.3.</remarks>
internal static class ZipDirectory
{
    private const int EndLength = 22, LocatorLength = 20, End64Length = 56, EntryLength = 46, LocalLength = 30;
    private const int MaxDirectoryBytes = 1 << 26;

    /// <summary>Reads the directory.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or a file is compressed or encrypted.</exception>
    public static Dictionary<string, ZipEntry> Read(Stream stream, string path)
    {
        (long offset, long length) = FindDirectory(stream, path);
        if (length > MaxDirectoryBytes)
            throw Invalid(path, $"its directory claims {length} bytes");
        byte[] directory = ReadBytes(stream, offset, length, path);
        var entries = new Dictionary<string, ZipEntry>(StringComparer.Ordinal);
        for (int at = 0; at < directory.Length;)
        {
            ReadOnlySpan<byte> rest = directory.AsSpan(at);
            if (rest.Length < EntryLength || UInt32(rest) != 0x02014b50)
                throw Invalid(path, "its directory is damaged");
            int name = UInt16(rest[28..]), extra = UInt16(rest[30..]), comment = UInt16(rest[32..]);
            if (rest.Length < EntryLength + name + extra + comment)
                throw Invalid(path, "its directory is damaged");
            string file = Encoding.UTF8.GetString(rest.Slice(EntryLength, name));
            if (!entries.TryAdd(file, Locate(stream, rest, rest.Slice(EntryLength + name, extra), file, path)))
                throw Invalid(path, $"it has '{file}' twice");
            at += EntryLength + name + extra + comment;
        }
        return entries;
    }

    /// <summary>Reads bytes of a file.</summary>
    /// <exception cref="InvalidDataException">They lie outside it.</exception>
    public static byte[] ReadBytes(Stream stream, long offset, long length, string path)
    {
        if (offset < 0 || length < 0 || offset > stream.Length || length > stream.Length - offset)
            throw Invalid(path, $"it refers to {length} bytes at {offset}, the file has {stream.Length}");
        var bytes = new byte[length];
        stream.Position = offset;
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static (long Offset, long Length) FindDirectory(Stream stream, string path)
    {
        long start = Math.Max(0, stream.Length - EndLength - ushort.MaxValue);
        byte[] tail = ReadBytes(stream, start, stream.Length - start, path);
        int at = tail.Length - EndLength;
        while (at >= 0 && !(UInt32(tail.AsSpan(at)) == 0x06054b50
            && UInt16(tail.AsSpan(at + 20)) == tail.Length - at - EndLength))
            at--;
        if (at < 0)
            throw Invalid(path, "the end of the archive is missing");
        (long length, long offset) = (UInt32(tail.AsSpan(at + 12)), UInt32(tail.AsSpan(at + 16)));
        if (at < LocatorLength || UInt32(tail.AsSpan(at - LocatorLength)) != 0x07064b50)
            return (offset, length);
        byte[] end = ReadBytes(stream, Int64(tail.AsSpan(at - LocatorLength + 8)), End64Length, path);
        if (UInt32(end) != 0x06064b50)
            throw Invalid(path, "its directory is damaged");
        return (Int64(end.AsSpan(48)), Int64(end.AsSpan(40)));
    }

    private static ZipEntry Locate(Stream stream, ReadOnlySpan<byte> entry, ReadOnlySpan<byte> extra, string file,
        string path)
    {
        if ((UInt16(entry[8..]) & 1) != 0 || UInt16(entry[10..]) != 0)
            throw Invalid(path, $"'{file}' in it is compressed or encrypted; torch.save stores files as they are");
        long stored = UInt32(entry[20..]), length = UInt32(entry[24..]), offset = UInt32(entry[42..]);
        while (extra.Length >= 4)
        {
            int size = UInt16(extra[2..]);
            if (size > extra.Length - 4)
                break;
            if (UInt16(extra) == 1) // 64-bit fields, those that do not fit 32 bits
            {
                ReadOnlySpan<byte> fields = extra.Slice(4, size);
                Widen(ref length, ref fields);
                Widen(ref stored, ref fields);
                Widen(ref offset, ref fields);
            }
            extra = extra[(4 + size)..];
        }
        byte[] local = ReadBytes(stream, offset, LocalLength, path);
        if (UInt32(local) != 0x04034b50 || stored != length)
            throw Invalid(path, $"the entry of '{file}' is damaged");
        long start = offset + LocalLength + UInt16(local.AsSpan(26)) + UInt16(local.AsSpan(28));
        if (length < 0 || start > stream.Length || length > stream.Length - start)
            throw Invalid(path, $"'{file}' claims {length} bytes at {start}, the file has {stream.Length}");
        return new ZipEntry(start, length);
    }

    private static void Widen(ref long value, ref ReadOnlySpan<byte> fields)
    {
        if (value != uint.MaxValue || fields.Length < 8)
            return;
        value = Int64(fields);
        fields = fields[8..];
    }

    private static ushort UInt16(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    private static uint UInt32(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    private static long Int64(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadInt64LittleEndian(bytes);

    private static InvalidDataException Invalid(string path, string why) =>
        new($"'{path}' is not a valid file of torch.save: {why}.");
}
