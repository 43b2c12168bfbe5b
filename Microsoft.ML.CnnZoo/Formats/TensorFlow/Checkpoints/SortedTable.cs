using System.Buffers.Binary;
using System.Text;
using Microsoft.ML.CnnZoo.Files;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Checkpoints;

/// <summary>
/// Reads a sorted string table as LevelDB writes it: data blocks of prefix-compressed keys, an index block that points
/// to them, a footer that points to the index. A checkpoint's <c>variables.index</c> is one.
/// </summary>
internal static class SortedTable
{
    private const int FooterLength = 48;
    private const int TrailerLength = 5; // compression type, masked CRC-32C of block and type
    private const ulong Magic = 0xDB4775248B80FB57;

    /// <summary>All keys with their values, in the table's order.</summary>
    /// <param name="table">The whole file.</param>
    /// <param name="origin">Its name, for messages.</param>
    /// <exception cref="InvalidDataException">It is not a table, is damaged, or holds compressed blocks.</exception>
    public static IEnumerable<KeyValuePair<string, byte[]>> Read(byte[] table, string origin)
    {
        foreach ((_, byte[] handle) in Entries(Block(table, IndexHandle(table, origin), origin), origin))
        {
            int at = 0;
            foreach ((byte[] key, byte[] value) in Entries(Block(table, ReadHandle(handle, ref at, origin), origin),
                origin))
                yield return new(Encoding.UTF8.GetString(key), value);
        }
    }

    private static (ulong Offset, ulong Size) IndexHandle(byte[] table, string origin)
    {
        if (table.Length < FooterLength)
            throw Invalid(origin, $"it has {table.Length} bytes, less than the {FooterLength} of a footer");
        ReadOnlySpan<byte> footer = table.AsSpan(table.Length - FooterLength);
        if (BinaryPrimitives.ReadUInt64LittleEndian(footer[^sizeof(ulong)..]) != Magic)
            throw Invalid(origin, "it does not end with a table's magic number");
        int at = 0;
        ReadHandle(footer, ref at, origin); // the index of filters, which checkpoints do not have
        return ReadHandle(footer, ref at, origin);
    }

    /// <summary>A block's content, its checksum verified.</summary>
    private static ReadOnlyMemory<byte> Block(byte[] table, (ulong Offset, ulong Size) handle, string origin)
    {
        ulong length = (ulong)table.Length;
        if (handle.Size > length || handle.Offset > length - handle.Size
            || length - handle.Size - handle.Offset < TrailerLength)
            throw Invalid(origin,
                $"a block of {handle.Size} bytes at {handle.Offset} exceeds the file of {table.Length}");
        int offset = (int)handle.Offset, size = (int)handle.Size;
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(table.AsSpan(offset + size + 1));
        if (Crc32C.Mask(Crc32C.Append(0, table.AsSpan(offset, size + 1))) != stored)
            throw Invalid(origin, $"the checksum of the block at byte {offset} does not match");
        return table[offset + size] switch
        {
            0 => table.AsMemory(offset, size),
            1 => throw Invalid(origin, "its blocks are compressed by Snappy; TensorFlow writes checkpoints without "
                + "compression"),
            byte type => throw Invalid(origin, $"a block has the unknown compression type {type}"),
        };
    }

    /// <summary>The entries of a block. The array of restart points at its end is for searching, not for reading.
    /// </summary>
    private static List<(byte[] Key, byte[] Value)> Entries(ReadOnlyMemory<byte> memory, string origin)
    {
        ReadOnlySpan<byte> block = memory.Span;
        if (block.Length < sizeof(uint))
            throw Invalid(origin, "a block is too short");
        uint restarts = BinaryPrimitives.ReadUInt32LittleEndian(block[^sizeof(uint)..]);
        long end = block.Length - sizeof(uint) - ((long)restarts * sizeof(uint));
        if (end < 0)
            throw Invalid(origin, $"a block of {block.Length} bytes announces {restarts} restart points");
        var entries = new List<(byte[], byte[])>();
        byte[] key = [];
        for (int at = 0; at < end;)
        {
            ulong shared = ReadVarint(block, ref at, origin), own = ReadVarint(block, ref at, origin),
                length = ReadVarint(block, ref at, origin);
            ulong left = (ulong)Math.Max(0, end - at);
            if (shared > (ulong)key.Length || own > left || length > left - own)
                throw Invalid(origin, "an entry exceeds its block");
            key = [.. key.AsSpan(0, (int)shared), .. block.Slice(at, (int)own)];
            entries.Add((key, block.Slice(at + (int)own, (int)length).ToArray()));
            at += (int)(own + length);
        }
        return entries;
    }

    private static (ulong Offset, ulong Size) ReadHandle(ReadOnlySpan<byte> bytes, ref int at, string origin)
    {
        ulong offset = ReadVarint(bytes, ref at, origin);
        return (offset, ReadVarint(bytes, ref at, origin));
    }

    /// <summary>A number in groups of seven bits, lowest first.</summary>
    internal static ulong ReadVarint(ReadOnlySpan<byte> bytes, ref int at, string origin)
    {
        ulong value = 0;
        for (int shift = 0; shift < 64 && at < bytes.Length; shift += 7)
        {
            byte b = bytes[at++];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
                return value;
        }
        throw Invalid(origin, "a number does not end");
    }

    private static InvalidDataException Invalid(string origin, string why) =>
        new($"'{origin}' is not a valid index of a checkpoint: {why}.");
}
