using System.Buffers.Binary;
using Microsoft.ML.Data;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>A folder of small image files that is gone after the test.</summary>
internal sealed class ImageFiles : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("images").FullName;

    public string Path(string name) => System.IO.Path.Combine(Folder, name);

    public string Write(string name, byte[] contents)
    {
        File.WriteAllBytes(Path(name), contents);
        return Path(name);
    }

    public string Save(string name, MLImage image)
    {
        image.Save(Path(name));
        return Path(name);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>The image of the observations: red 200, 201, …, green 100, …, blue 10, … row by row.</summary>
    public static MLImage Counting(int width, int height, MLPixelFormat format = MLPixelFormat.Bgra32) =>
        Make(width, height, (x, y) =>
            ((byte)(200 + (y * width) + x), (byte)(100 + (y * width) + x), (byte)(10 + (y * width) + x), 255), format);

    /// <summary>Pixels that no codec can compress to nothing: a fixed pseudo-random pattern.</summary>
    public static MLImage Noise(int width, int height, int seed)
    {
        var random = new Random(seed);
        byte[] values = new byte[width * height * 3];
        random.NextBytes(values);
        return Make(width, height, (x, y) =>
            (values[3 * ((y * width) + x)], values[(3 * ((y * width) + x)) + 1], values[(3 * ((y * width) + x)) + 2],
            255));
    }

    public static MLImage Make(
        int width, int height, Func<int, int, (byte R, byte G, byte B, byte A)> pixel,
            MLPixelFormat format = MLPixelFormat.Bgra32)
    {
        byte[] pixels = new byte[width * height * 4];
        for (int i = 0; i < width * height; i++)
        {
            (byte r, byte g, byte b, byte a) = pixel(i % width, i / width);
            bool bgra = format == MLPixelFormat.Bgra32;
            new[] { bgra ? b : r, g, bgra ? r : b, a }.CopyTo(pixels, 4 * i);
        }
        return MLImage.CreateFromPixels(width, height, format, pixels);
    }

    public static byte[] EncodePng(MLImage image)
    {
        using var files = new ImageFiles();
        return File.ReadAllBytes(files.Save("image.png", image));
    }

    public static byte[] EncodeJpeg(MLImage image)
    {
        using var files = new ImageFiles();
        return File.ReadAllBytes(files.Save("image.jpg", image));
    }

    /// <summary>A PNG of the given size with one pixel's data, as small as files that claim to be huge are.</summary>
    public static byte[] HugePng(uint width, uint height)
    {
        byte[] png = EncodePng(Counting(1, 1));
        BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(16), width);
        BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(20), height);
        BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(29), System.IO.Hashing.Crc32.HashToUInt32(png.AsSpan(12, 17)));
        return png;
    }

    /// <summary>A JPEG whose EXIF segment says how it lies, 1 to 8.</summary>
    public static byte[] WithOrientation(byte[] jpeg, byte orientation) =>
    [
        .. jpeg[..2], 0xFF, 0xE1, 0, 34, .. "Exif\0\0II*\0"u8, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation,
            0, 0, 0, 0, 0, 0, 0, .. jpeg[2..],
    ];

    /// <summary>
    /// A bitmap file of 24 bits a pixel with the header's size but only the pixel bytes given, bottom row first.
    /// </summary>
    public static byte[] Bmp(int width, int height, params byte[] pixels)
    {
        byte[] bmp = new byte[54 + pixels.Length];
        "BM"u8.CopyTo(bmp);
        BinaryPrimitives.WriteInt32LittleEndian(bmp.AsSpan(2), bmp.Length);
        BinaryPrimitives.WriteInt32LittleEndian(bmp.AsSpan(10), 54);
        BinaryPrimitives.WriteInt32LittleEndian(bmp.AsSpan(14), 40);
        BinaryPrimitives.WriteInt32LittleEndian(bmp.AsSpan(18), width);
        BinaryPrimitives.WriteInt32LittleEndian(bmp.AsSpan(22), height);
        bmp[26] = 1;
        bmp[28] = 24;
        pixels.CopyTo(bmp, 54);
        return bmp;
    }
}
