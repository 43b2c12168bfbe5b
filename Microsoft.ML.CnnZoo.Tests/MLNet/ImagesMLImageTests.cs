using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>MLImage by itself: pixels in, pixels out, files, and what happens to bad ones.</summary>
public sealed class ImagesMLImageTests
{
    [Fact]
    public void CreateFromPixels_BothFormats_KeepsBytesAndGivesBgr()
    {
        byte[] bytes = [1, 2, 3, 4, 5, 6, 7, 8];
        using var bgra = MLImage.CreateFromPixels(2, 1, MLPixelFormat.Bgra32, bytes);
        using var rgba = MLImage.CreateFromPixels(2, 1, MLPixelFormat.Rgba32, bytes);
        Assert.Equal((2, 1, 32, MLPixelFormat.Bgra32), (bgra.Width, bgra.Height, bgra.BitsPerPixel, bgra.PixelFormat));
        Assert.Equal(bytes, bgra.Pixels.ToArray());
        Assert.Equal(bytes, rgba.Pixels.ToArray());
        Assert.Equal([1, 2, 3, 5, 6, 7], bgra.GetBGRPixels);
        Assert.Equal([3, 2, 1, 7, 6, 5], rgba.GetBGRPixels);
        Assert.Null(bgra.Tag);
    }

    [Theory]
    [InlineData(2, 1, MLPixelFormat.Bgra32, 7)]
    [InlineData(2, 1, MLPixelFormat.Bgra32, 9)]
    [InlineData(0, 1, MLPixelFormat.Bgra32, 0)]
    [InlineData(1, -1, MLPixelFormat.Bgra32, 4)]
    [InlineData(65536, 65536, MLPixelFormat.Bgra32, 0)]
    [InlineData(1, 1, MLPixelFormat.Unknown, 4)]
    public void CreateFromPixels_WrongArgument_Throws(int width, int height, MLPixelFormat format, int length) =>
        Assert.Throws<ArgumentException>(() => MLImage.CreateFromPixels(width, height, format, new byte[length]));

    [Theory]
    [InlineData(MLPixelFormat.Bgra32)]
    [InlineData(MLPixelFormat.Rgba32)]
    public void SavePng_Opaque_ComesBackExactlyAsBgra(MLPixelFormat format)
    {
        using var files = new ImageFiles();
        using MLImage image = ImageFiles.Counting(7, 5, format);
        using MLImage read = MLImage.CreateFromFile(files.Save("a.PNG", image));
        Assert.Equal((7, 5, MLPixelFormat.Bgra32), (read.Width, read.Height, read.PixelFormat));
        Assert.Equal(image.GetBGRPixels, read.GetBGRPixels);
        Assert.All(read.Pixels.ToArray().Where((_, i) => i % 4 == 3), alpha => Assert.Equal(255, alpha));
    }

    [Fact]
    public void SavePng_WithAlpha_KeepsPremultipliedPixels()
    {
        using MLImage image = ImageFiles.Make(256, 2, (x, y) => ((byte)(y * x), (byte)(x / 2), (byte)x, (byte)x));
        using MLImage read = Decode(ImageFiles.EncodePng(image));
        Assert.Equal(image.Pixels.ToArray(), read.Pixels.ToArray());
    }

    [Fact]
    public void CreateFromStream_PngWithAlpha_IsPremultiplied()
    {
        // One pixel (200, 100, 50) with alpha 128: 200 x 128 / 255 = 100.4, 50.2, 25.1.
        byte[] png = Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGM4kWLUAAAFNQHfc2Lj2wAAAABJRU5ErkJggg==");
        using MLImage image = Decode(png);
        Assert.Equal([25, 50, 100, 128], image.Pixels.ToArray());
    }

    [Theory]
    [InlineData("grey, 1 bit", "iVBORw0KGgoAAAANSUhEUgAAAAMAAAABAQAAAAAzmykZAAAACklEQVR4nGNYAAAAogCh3I2xzAAAAABJRU5ErkJggg==", "255,255,255,255,0,0,0,255,255,255,255,255")]
    [InlineData("grey 100, alpha 128", "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR4nGNIaQAAAUsA5Wb0my8AAAAASUVORK5CYII=", "50,50,50,128")]
    [InlineData("palette red and transparent green", "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAMAAADD/I+4AAAABlBMVEX/AAAA/wDSh+9xAAAAAnRSTlP/AOW3MEoAAAALSURBVHicY2BgBAAABAACv3o/SgAAAABJRU5ErkJggg==", "0,0,255,255,0,0,0,0")]
    [InlineData("16 bits: 0x1234, 0x8000, 0xFFFF", "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABEAIAAADA54+dAAAAD0lEQVR4nGMQMmlg+P8fAAZ0AsVlKljjAAAAAElFTkSuQmCC", "255,128,18,255")]
    [InlineData("interlaced", "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAAHncGNIAAAADElEQVR4nGNgZGIGAAAOAAfXb+R4AAAAAElFTkSuQmCC", "3,2,1,255")]
    public void CreateFromStream_EveryKindOfPng_BecomesBgra(string kind, string base64, string expected)
    {
        using MLImage image = Decode(Convert.FromBase64String(base64));
        Assert.True(expected == string.Join(',', image.Pixels.ToArray()), kind);
    }

    [Fact]
    public void CreateFromStream_ProgressiveJpeg_DecodesAndMayNotBeCut()
    {
        // 16x16 of (200, 100, 50), quality 90.
        byte[] jpeg = Convert.FromBase64String(
            "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/" +
            "2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wgARCAAQABADASIAAhEBAxEB/8QA" +
            "FQABAQAAAAAAAAAAAAAAAAAAAAP/xAAVAQEBAAAAAAAAAAAAAAAAAAAGB//aAAwDAQACEAMQAAABiA9I/8QAFBABAAAAAAAAAAAAAAAAAAAAIP/aAAgBAQAB" +
            "BQIf/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAgBAwEBPwF//8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAgBAgEBPwF//8QAFBABAAAAAAAAAAAAAAAAAAAA" +
            "IP/aAAgBAQAGPwIf/8QAFBABAAAAAAAAAAAAAAAAAAAAIP/aAAgBAQABPyEf/9oADAMBAAIAAwAAABDz/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAgBAwEB" +
            "PxB//8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAgBAgEBPxB//8QAFBABAAAAAAAAAAAAAAAAAAAAIP/aAAgBAQABPxAf/9k=");
        using MLImage image = Decode(jpeg);
        Assert.Equal((16, 16), (image.Width, image.Height));
        Assert.All(image.GetBGRPixels.Chunk(3), bgr => Assert.True(
            Math.Abs(bgr[0] - 50) <= 3 && Math.Abs(bgr[1] - 100) <= 3 && Math.Abs(bgr[2] - 200) <= 3, string.Join(',', bgr)));
        ArgumentException e = Assert.Throws<ArgumentException>(() => Decode(jpeg[..^20]));
        Assert.StartsWith("Invalid input stream contents: the jpeg image is truncated", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SaveJpeg_SmoothImage_ComesBackNearly()
    {
        using MLImage image = ImageFiles.Make(32, 24, (x, y) => ((byte)(x * 6), (byte)(y * 8), 90, 255));
        using MLImage read = Decode(ImageFiles.EncodeJpeg(image));
        Assert.Equal((32, 24), (read.Width, read.Height));
        Assert.All(image.GetBGRPixels.Zip(read.GetBGRPixels), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 12));
    }

    [Fact]
    public void CreateFromStream_Bmp_RowsAreTopDown()
    {
        byte[] bmp = ImageFiles.Bmp(1, 2, 1, 2, 3, 0, 4, 5, 6, 0);
        using MLImage image = Decode(bmp);
        Assert.Equal([4, 5, 6, 1, 2, 3], image.GetBGRPixels);
    }

    [Fact]
    public void CreateFromStream_Gif_Decodes()
    {
        // 1x1, palette (255, 0, 0) and (0, 0, 255), pixel 0.
        byte[] gif = [.. "GIF89a"u8, 1, 0, 1, 0, 0x80, 0, 0, 255, 0, 0, 0, 0, 255, 0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3B];
        using MLImage image = Decode(gif);
        Assert.Equal([0, 0, 255], image.GetBGRPixels);
    }

    [Theory]
    [InlineData("a.tga")]
    [InlineData("a")]
    public void Save_UnknownExtension_Throws(string name)
    {
        using var files = new ImageFiles();
        using MLImage image = ImageFiles.Counting(1, 1);
        ArgumentException e = Assert.Throws<ArgumentException>(() => image.Save(files.Path(name)));
        Assert.StartsWith("Path has invalid image file extension", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Dispose_Twice_ThenEveryUseThrows()
    {
        MLImage image = ImageFiles.Counting(1, 1);
        image.Dispose();
        image.Dispose();
        Assert.Throws<InvalidOperationException>(() => image.Width);
        Assert.Throws<InvalidOperationException>(() => image.Pixels.Length);
        Assert.Throws<InvalidOperationException>(() => image.Save("never.png"));
    }

    [Theory]
    [InlineData("this is a text file\nof two lines\n")]
    [InlineData("")]
    public void CreateFromStream_NotAnImage_ThrowsMLNetsMessage(string text)
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => Decode(System.Text.Encoding.ASCII.GetBytes(text)));
        Assert.Equal("Invalid input stream contents (Parameter 'imageStream')", e.Message);
    }

    [Fact]
    public void CreateFromStream_EveryPrefixOfAPng_Throws()
    {
        byte[] png = ImageFiles.EncodePng(ImageFiles.Noise(9, 8, seed: 1));
        for (int length = 8; length < png.Length - 12; length++)
        {
            ArgumentException e = Assert.Throws<ArgumentException>(() => Decode(png[..length]));
            Assert.StartsWith("Invalid input stream contents: the png image is truncated", e.Message, StringComparison.Ordinal);
        }
        Decode(png).Dispose();
    }

    [Fact]
    public void CreateFromStream_DamagedPngData_Throws()
    {
        byte[] png = ImageFiles.EncodePng(ImageFiles.Noise(9, 8, seed: 1));
        png[png.AsSpan().IndexOf("IDAT"u8) + 20] ^= 0x55;
        ArgumentException e = Assert.Throws<ArgumentException>(() => Decode(png));
        Assert.StartsWith("Invalid input stream contents: the png image can't be decoded", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.02)]
    [InlineData(0.3)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void CreateFromStream_TruncatedJpeg_Throws(double share)
    {
        byte[] jpeg = ImageFiles.EncodeJpeg(ImageFiles.Noise(64, 64, seed: 2));
        ArgumentException e = Assert.Throws<ArgumentException>(() => Decode(jpeg[..(int)(jpeg.Length * share)]));
        Assert.StartsWith("Invalid input stream contents: the jpeg image", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CreateFromStream_TruncatedBmp_Throws()
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => Decode(ImageFiles.Bmp(1, 3, 1, 2, 3, 0, 4, 5, 6, 0)));
        Assert.StartsWith("Invalid input stream contents: the bmp image", e.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, byte[], string> HugeHeaders => new()
    {
        { "png", ImageFiles.PngHeader(100_000, 100_000), "100000x100000" },
        { "bmp", ImageFiles.Bmp(100_000, 100_000, 0, 0, 0, 0), "100000x100000" },
        { "gif", [.. "GIF89a"u8, 255, 255, 255, 255, 0, 0, 0, 0x2C, 0, 0, 0, 0, 255, 255, 255, 255, 0, 2, 2, 0x44, 1, 0, 0x3B], "65535x65535" },
    };

    [Theory]
    [MemberData(nameof(HugeHeaders))]
    public void CreateFromStream_HugeHeader_IsRefusedWithItsSize(string format, byte[] encoded, string size)
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => Decode(encoded));
        Assert.True(e.Message.StartsWith($"Invalid input stream contents: the image is {size} pixels", StringComparison.Ordinal), $"{format}: {e.Message}");
    }

    [Fact]
    public void CreateFromFile_MissingOrBad_NamesTheFile()
    {
        using var files = new ImageFiles();
        Assert.Contains("none.png", Assert.Throws<ArgumentException>(() => MLImage.CreateFromFile(files.Path("none.png"))).Message, StringComparison.Ordinal);
        string bad = files.Write("bad.png", "no image"u8.ToArray());
        Assert.Contains("bad.png", Assert.Throws<ArgumentException>(() => MLImage.CreateFromFile(bad)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CreateFromStream_FromManyThreads_EachGetsItsOwn()
    {
        byte[][] encoded = [.. Enumerable.Range(0, 16).Select(i => ImageFiles.EncodePng(ImageFiles.Noise(20 + i, 30, seed: i)))];
        Parallel.For(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            int which = i % encoded.Length;
            using MLImage expected = ImageFiles.Noise(20 + which, 30, seed: which);
            using MLImage read = Decode(encoded[which]);
            Assert.Equal(expected.GetBGRPixels, read.GetBGRPixels);
            Assert.Throws<ArgumentException>(() => Decode(encoded[which].AsSpan(0, 200).ToArray()));
        });
    }

    private static MLImage Decode(byte[] encoded)
    {
        using var stream = new MemoryStream(encoded);
        return MLImage.CreateFromStream(stream);
    }
}
