using System.Buffers.Binary;

namespace Microsoft.ML.Data;

/// <summary>What the first bytes of an encoded image say: its format, and for PNG whether all of it is there.</summary>
internal static class ImageFormat
{
    private static ReadOnlySpan<byte> PngSignature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>The marker that ends a JPEG.</summary>
    public static ReadOnlySpan<byte> JpegEnd => [0xFF, 0xD9];

    /// <summary>gdk-pixbuf's name of the format, or null if the bytes begin like none of those that ML.NET decodes.</summary>
    public static string Recognize(ReadOnlySpan<byte> encoded) => encoded switch
    {
        _ when encoded.StartsWith(PngSignature) => "png",
        [0xFF, 0xD8, 0xFF, ..] => "jpeg",
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', ..] => "gif",
        [(byte)'B', (byte)'M', ..] => "bmp",
        [0, 0, 1, 0, ..] => "ico",
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => "webp",
        _ => null,
    };

    /// <summary>Width and height from a PNG's header, which stands ahead of everything else; false if even that is cut off.</summary>
    public static bool TryReadPngSize(ReadOnlySpan<byte> encoded, out uint width, out uint height)
    {
        width = height = 0;
        if (encoded.Length < 24 || !encoded.Slice(12, 4).SequenceEqual("IHDR"u8))
            return false;
        width = BinaryPrimitives.ReadUInt32BigEndian(encoded[16..]);
        height = BinaryPrimitives.ReadUInt32BigEndian(encoded[20..]);
        return true;
    }

    /// <summary>Whether a PNG's chain of chunks reaches the end chunk: the decoder itself takes a file that stops before.</summary>
    public static bool IsPngComplete(ReadOnlySpan<byte> encoded)
    {
        const int ChunkFrame = 12; // length, type and checksum, four bytes each
        long position = PngSignature.Length;
        while (position + ChunkFrame <= encoded.Length)
        {
            ReadOnlySpan<byte> chunk = encoded[(int)position..];
            if (chunk.Slice(4, 4).SequenceEqual("IEND"u8))
                return true;
            position += ChunkFrame + (long)BinaryPrimitives.ReadUInt32BigEndian(chunk);
        }
        return false;
    }
}
