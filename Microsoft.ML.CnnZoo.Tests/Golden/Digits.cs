using System.IO.Compression;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Tests.Golden;

/// <summary>The first 640 MNIST training images, in file order: 28x28 bytes each.</summary>
internal static class Digits
{
    /// <summary>Number of images.</summary>
    public const int Count = 640;

    /// <summary>Rows and columns of an image.</summary>
    public const int Side = 28;

    private static readonly Lazy<byte[]> File = new(Load);

    /// <summary>The digit shown, 0 to 9.</summary>
    public static int Label(int index) => File.Value[index];

    /// <summary>The pixels, row by row; 0 is background.</summary>
    public static ReadOnlySpan<byte> Pixels(int index) => File.Value.AsSpan(Count + (index * Side * Side), Side * Side);

    /// <summary>The pixels with 2 pixels of background on each side: 32x32.</summary>
    public static byte[] Padded(int index)
    {
        var padded = new byte[32 * 32];
        for (int y = 0; y < Side; y++)
            Pixels(index).Slice(y * Side, Side).CopyTo(padded.AsSpan(((y + 2) * 32) + 2));
        return padded;
    }

    private static byte[] Load()
    {
        using FileStream file = System.IO.File.OpenRead(Path.Combine(GoldenFiles.Folder, "digits", "mnist640.bin.gz"));
        using var unzip = new GZipStream(file, CompressionMode.Decompress);
        var bytes = new byte[Count * ((Side * Side) + 1)];
        unzip.ReadExactly(bytes);
        return bytes;
    }
}
