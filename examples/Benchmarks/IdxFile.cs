using System.Buffers.Binary;
using System.IO.Compression;

namespace Benchmarks;

/// <summary>MNIST's file format: big-endian sizes, then bytes.</summary>
/// <param name="Sizes">Number of items, then the size of one.</param>
/// <param name="Values">All items' bytes.</param>
internal sealed record IdxFile(int[] Sizes, byte[] Values)
{
    private const int HeaderWord = sizeof(int);

    /// <summary>Reads a file, compressed (with the suffix .gz) or not.</summary>
    public static IdxFile Read(string path)
    {
        byte[] content;
        if (File.Exists(path))
        {
            content = File.ReadAllBytes(path);
        }
        else
        {
            using var packed = new GZipStream(File.OpenRead(path + ".gz"), CompressionMode.Decompress);
            using var unpacked = new MemoryStream();
            packed.CopyTo(unpacked);
            content = unpacked.ToArray();
        }
        // The magic number's last byte is the number of sizes, the one before it the type: 8 for bytes.
        if (content.Length < HeaderWord || content[2] != 8)
            throw new InvalidDataException($"'{path}' is not an idx file of bytes.");
        int[] sizes = [
            .. Enumerable.Range(1, content[3])
            .Select(i => BinaryPrimitives.ReadInt32BigEndian(content.AsSpan(HeaderWord * i)))];
        byte[] values = content[(HeaderWord * (1 + sizes.Length))..];
        return values.LongLength == sizes.Aggregate(1L, (product, size) => product * size)
            ? new IdxFile(sizes, values)
            : throw new InvalidDataException(
                $"'{path}' holds {values.Length} bytes, its header promises {string.Join('x', sizes)}.");
    }
}
