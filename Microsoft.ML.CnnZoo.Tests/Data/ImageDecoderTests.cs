using System.Runtime.InteropServices;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.MLNet;
using Microsoft.ML.CnnZoo.Tests.MLNet;
using Microsoft.ML.Data;
using SkiaSharp;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Data;

/// <summary>
/// Encoded files and ML.NET's images become pixels completely, upright and without alpha, or are refused with a reason.
/// </summary>
public sealed class ImageDecoderTests : IDisposable
{
    private const int Rows = 40, Columns = 60;
    private readonly ImageFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData(SKEncodedImageFormat.Jpeg)]
    [InlineData(SKEncodedImageFormat.Png)]
    [InlineData(SKEncodedImageFormat.Webp)]
    public void Decode_FileCutOff_IsIncompleteHoweverMuchIsMissing(SKEncodedImageFormat format)
    {
        byte[] whole = Encode(Photo(), format);
        Assert.Equal((Rows, Columns), Size(Decode(whole)!.Value));
        foreach (double share in new[] { 0.95, 0.6, 0.3 })
            Assert.Contains(" incomplete", Problem(whole[..(int)(whole.Length * share)]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "there is no image (0 bytes)")]
    [InlineData("hello", "its 5 bytes are no image: JPEG, PNG, GIF, WebP, BMP, ICO and WBMP are read; TIFF, HEIC and AVIF are")]
    [InlineData("II*\0....", "it is a TIFF file: JPEG, PNG")]
    [InlineData("MM\0*....", "it is a TIFF file: JPEG, PNG")]
    public void Decode_NoImage_SaysWhatItIs(string file, string reason) =>
        Assert.StartsWith(reason, Problem([.. file.Select(c => (byte)c)]), StringComparison.Ordinal);

    [Fact]
    public void Decode_HugeHeader_IsRefusedAtOnceWithNumbersAndOption()
    {
        byte[] bomb = ImageFiles.HugePng(60000, 60000);
        long before = GC.GetTotalAllocatedBytes();
        const string Size = "it has 60000x60000 (width x height) = 3,600,000,000 pixels";
        Assert.Equal($"{Size}; Options.MaxImagePixels permits 100,000,000", Problem(bomb));
        Assert.Equal($"{Size}; more than 2 GiB cannot be decoded", Problem(bomb, long.MaxValue));
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 1 << 20);
        Assert.Contains("MaxImagePixels permits 2,399",
            Problem(Encode(Photo(), SKEncodedImageFormat.Png), (Rows * Columns) - 1), StringComparison.Ordinal);
        Assert.NotNull(Decode(Encode(Photo(), SKEncodedImageFormat.Png), Rows * Columns));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(128)]
    [InlineData(255)]
    public void Decode_Transparency_IsDroppedAndColorsAreTheStored(byte alpha)
    {
        byte[] png = Encode(Bitmap(3, 2, (x, y) => new SKColor((byte)(200 + x), (byte)(100 + y), 7, alpha)),
            SKEncodedImageFormat.Png);
        CachedImage<byte> image = Decode(png)!.Value;
        for (int i = 0; i < 6; i++)
            Assert.Equal([(byte)(200 + (i % 3)), (byte)(100 + (i / 3)), 7], image.Pixels[(3 * i)..(3 * (i + 1))]);
    }

    [Fact]
    public void Decode_TransparencyOfAnMLImage_IsTheSameWithinRounding()
    {
        byte[] png = Encode(Bitmap(16, 16, (x, y) =>
            new SKColor((byte)(16 * x), (byte)(16 * y), (byte)(x * y), (byte)(64 + (12 * x)))),
            SKEncodedImageFormat.Png);
        byte[] encoded = Decode(png)!.Value.Pixels, bitmap = Decode(Load(_files.Write("a.png", png)))!.Value.Pixels;
        Assert.Equal(encoded, bitmap, (a, b) => Math.Abs(a - b) <= 2); // half of 255 / 64
        Assert.NotEqual(0, encoded.Zip(bitmap, (a, b) => a * b).Max());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    [InlineData(8)]
    public void Decode_ExifOrientation_IsAppliedToFilesAndLoadedImages(byte orientation)
    {
        byte[] jpeg = ImageFiles.WithOrientation(Encode(Photo(), SKEncodedImageFormat.Jpeg), orientation),
            plain = Encode(Photo(), SKEncodedImageFormat.Jpeg);
        CachedImage<byte> upright = Decode(plain)!.Value, turned = Decode(jpeg)!.Value,
            loaded = Decode(Load(_files.Write("o.jpg", jpeg)))!.Value;
        Assert.Equal(orientation >= 5 ? (Columns, Rows) : (Rows, Columns), Size(turned));
        Assert.Equal(Size(turned), Size(loaded));
        Assert.Equal(turned.Pixels, loaded.Pixels);
        (int y, int x) = orientation switch
        {
            3 => (Rows - 1, Columns - 1),
            6 => (Rows - 1, 0),
            8 => (0, Columns - 1),
            _ => (0, 0),
        };
        // the picture's upper left pixel
        Assert.Equal(upright.Pixels.AsSpan(3 * ((y * Columns) + x), 3).ToArray(), turned.Pixels[..3]);
    }

    [Theory]
    [InlineData(SKEncodedImageFormat.Jpeg, 255)]
    [InlineData(SKEncodedImageFormat.Png, 255)]
    [InlineData(SKEncodedImageFormat.Png, 77)]
    public void Decode_MLImageOfAFileCutOff_IsIncomplete(SKEncodedImageFormat format, byte alpha)
    {
        byte[] whole = Encode(Photo(alpha), format);
        Assert.NotNull(Decode(Load(_files.Write("whole", whole))));
        var raw = Load(_files.Write("cut", whole[..(whole.Length / 2)]));
        Assert.Null(Decode(raw));
        Assert.Equal($"'{_files.Path("cut")}': it is incomplete: the file ends before its {Columns}x{Rows} pixels do",
            raw.ProblemWithFile);
    }

    [Fact]
    public void Decode_MLImageWithAnEmptyLastRow_IsCompleteWhenItsFileIs()
    {
        byte[] png = Encode(Bitmap(8, 8, (x, y) => y == 7 ? SKColors.Transparent : SKColors.Red),
            SKEncodedImageFormat.Png);
        Assert.NotNull(Decode(Load(_files.Write("empty.png", png))));
    }

    [Fact]
    public void Decode_ValueNotFinite_IsRefusedWithItsPlace()
    {
        foreach (float bad in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            var raw = new RawImage();
            PixelFormat format = PixelFormat.FromChannels(5, 5, 1, true);
            raw.SetPixels<float>(format)[..25].Clear();
            raw.SetPixels<float>(format)[17] = bad;
            Assert.Null(new ImageDecoder(ImageScaler.KeepingShape(5, 1), 100).Decode<float>(raw));
            Assert.Equal($"its value 17 is {bad}", raw.Problem);
        }
    }

    /// <summary>An image as LoadImages makes it: its tag is the path.</summary>
    private static RawImage Load(string path)
    {
        using MLImage image = MLImage.CreateFromFile(path);
        image.Tag = path;
        var raw = new RawImage();
        Assert.True(ImageFetcher.TryCopy(image, raw));
        return raw;
    }

    private static (int Height, int Width) Size(CachedImage<byte> image) => (image.Height, image.Width);

    private static CachedImage<byte>? Decode(RawImage raw, long maxPixels = ImageDecoder.DefaultMaxPixels) =>
        new ImageDecoder(ImageScaler.KeepingShape(1000, 3), maxPixels).Decode<byte>(raw);

    private static CachedImage<byte>? Decode(byte[] file, long maxPixels = ImageDecoder.DefaultMaxPixels) =>
        Decode(Raw(file), maxPixels);

    private static string Problem(byte[] file, long maxPixels = ImageDecoder.DefaultMaxPixels)
    {
        RawImage raw = Raw(file);
        Assert.Null(Decode(raw, maxPixels));
        return raw.Problem;
    }

    private static RawImage Raw(byte[] file)
    {
        var raw = new RawImage();
        file.CopyTo(raw.SetEncoded(file.Length));
        return raw;
    }

    private static SKBitmap Photo(byte alpha = 255)
    {
        var random = new Random(1);
        return Bitmap(Columns, Rows, (x, y) =>
            new SKColor((byte)(4 * x), (byte)(6 * y), (byte)random.Next(256), alpha));
    }

    /// <summary>
    /// Pixels as they are, not multiplied by alpha; encoded to a file without alpha where all are opaque.
    /// </summary>
    private static SKBitmap Bitmap(int width, int height, Func<int, int, SKColor> color)
    {
        SKColor[] colors = [.. Enumerable.Range(0, width * height).Select(i => color(i % width, i / width))];
        SKAlphaType alpha = colors.All(c => c.Alpha == 255) ? SKAlphaType.Opaque : SKAlphaType.Unpremul;
        var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, alpha));
        byte[] pixels = [.. colors.SelectMany(c => new[] { c.Red, c.Green, c.Blue, c.Alpha })];
        Marshal.Copy(pixels, 0, bitmap.GetPixels(), pixels.Length);
        return bitmap;
    }

    private static byte[] Encode(SKBitmap bitmap, SKEncodedImageFormat format)
    {
        using (bitmap)
        using (SKData data = bitmap.Encode(format, 90))
            return data.ToArray();
    }
}
