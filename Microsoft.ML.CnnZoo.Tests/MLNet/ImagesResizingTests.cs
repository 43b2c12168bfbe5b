using Microsoft.ML.Data;
using Xunit;
using static Microsoft.ML.Transforms.Image.ImageResizingEstimator;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>ResizeImages: where the picture lies for each kind and anchor, and what the filters make of it.</summary>
public sealed class ImagesResizingTests
{
    private readonly MLContext _context = new(seed: 1);

    private MLImage Resize(MLImage image, int width, int height, ResizingKind kind, Anchor anchor = Anchor.Center)
    {
        IDataView images = ImageRows.Any(_context, image);
        IDataView view = _context.Transforms.ResizeImages("R", width, height, "I", kind, anchor).Fit(images).Transform(images);
        return Assert.Single(ImageRows.Read(
            view, "R", (MLImage read) => MLImage.CreateFromPixels(read.Width, read.Height, read.PixelFormat, read.Pixels)));
    }

    /// <summary>The red values of a row or, with <paramref name="column"/>, of a column.</summary>
    private static int[] Reds(MLImage image, int? row = null, int? column = null) => row is int y
        ? [.. Enumerable.Range(0, image.Width).Select(x => (int)image.GetBGRPixels[(3 * ((y * image.Width) + x)) + 2])]
        : [.. Enumerable.Range(0, image.Height).Select(y => (int)image.GetBGRPixels[(3 * ((y * image.Width) + column!.Value)) + 2])];

    [Fact]
    public void ResizeImages_Type_IsHeightFirst()
    {
        IDataView images = ImageRows.Small(_context, ImageFiles.Counting(3, 2));
        IDataView view = _context.Transforms.ResizeImages("R", imageWidth: 5, imageHeight: 4, "I").Fit(images).Transform(images);
        Assert.Equal("Image<4, 5>", view.Schema["R"].Type.ToString());
        Assert.Equal((5, 4), Assert.Single(ImageRows.Read(view, "R", (MLImage image) => (image.Width, image.Height))));
    }

    [Fact]
    public void ResizeImages_RightSize_PassesTheSameObjectOn()
    {
        MLImage image = ImageFiles.Counting(3, 2);
        IDataView images = ImageRows.Any(_context, image);
        IDataView view = _context.Transforms.ResizeImages("R", 3, 2, "I").Fit(images).Transform(images);
        Assert.True(Assert.Single(ImageRows.Read(view, "R", (MLImage read) => ReferenceEquals(read, image))));
    }

    [Fact]
    public void ResizeImages_NullAndTag_PassThrough()
    {
        MLImage image = ImageFiles.Counting(3, 2);
        image.Tag = "its tag";
        IDataView images = ImageRows.Any(_context, null, image, null);
        IDataView view = _context.Transforms.ResizeImages("R", 4, 4, "I").Fit(images).Transform(images);
        Assert.Equal([null, "its tag", null], ImageRows.Read(view, "R", (MLImage? read) => read?.Tag));
    }

    [Theory]
    [InlineData(2, "1,3")] // centres at 1 and 3 of 4: on an edge the right one counts
    [InlineData(8, "0,0,1,1,2,2,3,3")]
    [InlineData(3, "0,2,3")] // centres at 0.67, 2, 3.33
    [InlineData(1, "2")]
    public void Fill_TakesTheNearestPixel(int width, string expected)
    {
        MLImage read = Resize(ImageFiles.Make(4, 2, (x, _) => ((byte)x, 0, 0, 77)), width, 2, ResizingKind.Fill);
        Assert.Equal(expected, string.Join(',', Reds(read, row: 1)));
        Assert.All(read.Pixels.ToArray().Where((_, i) => i % 4 == 3), alpha => Assert.Equal(77, alpha));
    }

    [Fact]
    public void IsoPad_WideImage_LiesInTheMiddleOnBlack()
    {
        MLImage read = Resize(ImageFiles.Make(4, 2, (_, _) => (200, 200, 200, 255)), 8, 8, ResizingKind.IsoPad);
        Assert.Equal([0, 0, 200, 200, 200, 200, 0, 0], Reds(read, column: 3));
        Assert.All(Reds(read, row: 3), red => Assert.Equal(200, red));
        Assert.All(read.Pixels.ToArray().Where((_, i) => i % 4 == 3), alpha => Assert.Equal(255, alpha));
    }

    [Fact]
    public void IsoPad_HighImage_LiesInTheMiddleOnBlackAndOffsetIsTruncated()
    {
        // 3x6 into 5x6: scale 1, offset (5 - 3) / 2 = 1; into 6x6 offset 1.5 -> 1.
        MLImage image = ImageFiles.Make(3, 6, (x, y) => ((byte)(50 + x), (byte)y, 0, 255));
        Assert.Equal([0, 50, 51, 52, 0], Reds(Resize(image, 5, 6, ResizingKind.IsoPad), row: 4));
        image = ImageFiles.Make(3, 6, (x, y) => ((byte)(50 + x), (byte)y, 0, 255));
        Assert.Equal([0, 50, 51, 52, 0, 0], Reds(Resize(image, 6, 6, ResizingKind.IsoPad, Anchor.Left), row: 4));
    }

    [Fact]
    public void IsoPad_ExtremeProportions_GivesBlackRatherThanFail() =>
        Assert.All(Resize(ImageFiles.Make(1, 1000, (_, _) => (9, 9, 9, 255)), 8, 8, ResizingKind.IsoPad).GetBGRPixels, value => Assert.Equal(0, value));

    [Theory]
    [InlineData(Anchor.Left, 0)]
    [InlineData(Anchor.Right, 5)]
    [InlineData(Anchor.Center, 2)]
    [InlineData(Anchor.Top, 2)]
    [InlineData(Anchor.Bottom, 2)]
    public void IsoCrop_WideImage_KeepsTheSideOfTheAnchor(Anchor anchor, int first)
    {
        // 8x3 into 3x3: scale 1, overhang -5; centred (int)(-2.5) = -2.
        MLImage read = Resize(ImageFiles.Make(8, 3, (x, y) => ((byte)(10 * x), (byte)y, 0, 255)), 3, 3, ResizingKind.IsoCrop, anchor);
        Assert.Equal([10 * first, 10 * (first + 1), 10 * (first + 2)], Reds(read, row: 2));
    }

    [Theory]
    [InlineData(Anchor.Top, 0)]
    [InlineData(Anchor.Bottom, 5)]
    [InlineData(Anchor.Center, 2)]
    [InlineData(Anchor.Left, 2)]
    [InlineData(Anchor.Right, 2)]
    public void IsoCrop_HighImage_KeepsTheEndOfTheAnchor(Anchor anchor, int first)
    {
        MLImage read = Resize(ImageFiles.Make(3, 8, (x, y) => ((byte)(10 * y), (byte)x, 0, 255)), 3, 3, ResizingKind.IsoCrop, anchor);
        Assert.Equal([10 * first, 10 * (first + 1), 10 * (first + 2)], Reds(read, column: 1));
    }

    [Theory]
    [InlineData(5, 4, 10, 8)]
    [InlineData(5, 4, 13, 17)]
    [InlineData(7, 9, 8, 8)]
    [InlineData(1, 1, 6, 6)]
    [InlineData(2, 3, 31, 31)]
    public void IsoCrop_Enlarging_IsMitchellsBicubicFilter(int sourceWidth, int sourceHeight, int width, int height)
    {
        MLImage source = ImageFiles.Noise(sourceWidth, sourceHeight, seed: 5);
        byte[] from = source.GetBGRPixels;
        byte[] to = Resize(source, width, height, ResizingKind.IsoCrop, Anchor.Center).GetBGRPixels;
        double scale = Math.Max((double)width / sourceWidth, (double)height / sourceHeight);
        int drawnX = (int)((width - (sourceWidth * scale)) / 2);
        int drawnY = (int)((height - (sourceHeight * scale)) / 2);
        double scaleX = Math.Max(width - drawnX, (int)(sourceWidth * scale)) / (double)sourceWidth;
        double scaleY = Math.Max(height - drawnY, (int)(sourceHeight * scale)) / (double)sourceHeight;
        for (int i = 0; i < to.Length; i++)
        {
            double x = (((i / 3) % width) - drawnX + 0.5) / scaleX;
            double y = ((i / 3 / width) - drawnY + 0.5) / scaleY;
            double expected = Bicubic(from, sourceWidth, sourceHeight, x, y, i % 3);
            Assert.InRange(to[i], Math.Clamp(expected, 0, 255) - 0.51, Math.Clamp(expected, 0, 255) + 0.51);
        }
    }

    [Fact]
    public void IsoPad_Shrinking_LetsEveryPixelCount()
    {
        // One-pixel black and white squares: a filter that skips pixels would give patterns, not grey.
        MLImage checkers = ImageFiles.Make(96, 96, (x, y) => (byte)((x + y) % 2 * 255) is var v ? (v, v, v, (byte)255) : default);
        MLImage read = Resize(checkers, 11, 11, ResizingKind.IsoPad);
        Assert.All(read.GetBGRPixels, value => Assert.InRange(value, 124, 131));
    }

    [Theory]
    [InlineData(ResizingKind.IsoCrop)]
    [InlineData(ResizingKind.IsoPad)]
    [InlineData(ResizingKind.Fill)]
    public void ResizeImages_ConstantImage_StaysConstant(ResizingKind kind)
    {
        foreach ((int width, int height) in ((int, int)[])[(3, 3), (50, 50), (224, 224), (17, 17)])
        {
            MLImage read = Resize(ImageFiles.Make(31, 31, (_, _) => (255, 128, 1, 255)), width, height, kind);
            byte[] bgr = read.GetBGRPixels;
            Assert.Equal(Enumerable.Repeat<byte[]>([1, 128, 255], width * height).SelectMany(color => color), bgr);
        }
    }

    [Theory]
    [InlineData(0, 5)]
    [InlineData(5, -1)]
    public void ResizeImages_SizeNotPositive_Throws(int width, int height) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _context.Transforms.ResizeImages("R", width, height, "I"));

    private static double Bicubic(byte[] bgr, int width, int height, double x, double y, int channel)
    {
        int left = (int)Math.Floor(x - 0.5), top = (int)Math.Floor(y - 0.5);
        double sum = 0;
        for (int j = top - 1; j <= top + 2; j++)
        {
            for (int i = left - 1; i <= left + 2; i++)
            {
                int pixel = (Math.Clamp(j, 0, height - 1) * width) + Math.Clamp(i, 0, width - 1);
                sum += bgr[(3 * pixel) + channel] * Mitchell(x - i - 0.5) * Mitchell(y - j - 0.5);
            }
        }
        return sum;
    }

    /// <summary>The definition with B = C = 1/3.</summary>
    private static double Mitchell(double x)
    {
        const double B = 1.0 / 3, C = 1.0 / 3;
        x = Math.Abs(x);
        if (x < 1)
            return (((12 - (9 * B) - (6 * C)) * x * x * x) + ((-18 + (12 * B) + (6 * C)) * x * x) + 6 - (2 * B)) / 6;
        return x < 2
            ? (((-B - (6 * C)) * x * x * x) + (((6 * B) + (30 * C)) * x * x) + (((-12 * B) - (48 * C)) * x) + (8 * B) + (24 * C)) / 6
            : 0;
    }
}
