using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Imaging;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Imaging;

/// <summary>Scaling, cropping, color order and normalization of pixels.</summary>
public class ImageScalerTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Scale_SameSize_KeepsEveryPixel(bool planar)
    {
        byte[] pixels = Noise(5 * 7 * 3, 1);
        var target = new byte[5 * 7 * 3];
        new ImageScaler(5, 7, 3).Scale(pixels, PixelFormat.FromChannels(5, 7, 3, planar), target);
        for (int y = 0; y < 5; y++)
            for (int x = 0; x < 7; x++)
                for (int c = 0; c < 3; c++)
                    Assert.Equal(pixels[planar ? (((c * 5) + y) * 7) + x : (((y * 7) + x) * 3) + c], target[(((y * 7) + x) * 3) + c]);
    }

    [Fact]
    public void Scale_Bgra32AndRgba32_GiveRedFirst()
    {
        var target = new byte[3];
        new ImageScaler(1, 1, 3).Scale([30, 20, 10, 255], PixelFormat.Bgra32(1, 1), target);
        Assert.Equal([10, 20, 30], target);
        new ImageScaler(1, 1, 3).Scale([10, 20, 30, 255], PixelFormat.Rgba32(1, 1), target);
        Assert.Equal([10, 20, 30], target);
    }

    [Fact]
    public void Scale_FourChannelsOfAVector_BeginWithAlpha()
    {
        var target = new float[3];
        new ImageScaler(1, 1, 3).Scale([1f, 10, 20, 30], PixelFormat.FromChannels(1, 1, 4, false), target);
        Assert.Equal([10f, 20, 30], target);
    }

    [Fact]
    public void Scale_ColorToGray_WeighsByBt601()
    {
        var target = new float[1];
        new ImageScaler(1, 1, 1).Scale([100f, 50, 10], PixelFormat.FromChannels(1, 1, 3, false), target);
        Assert.Equal((0.299 * 100) + (0.587 * 50) + (0.114 * 10), target[0], 1e-4);
    }

    [Fact]
    public void Scale_GrayToColor_Repeats()
    {
        var target = new byte[3];
        new ImageScaler(1, 1, 3).Scale([77], PixelFormat.FromChannels(1, 1, 1, false), target);
        Assert.Equal([77, 77, 77], target);
    }

    [Theory]
    [InlineData(9, 12, 4, 5, 1)]
    [InlineData(4, 5, 9, 12, 3)]
    [InlineData(28, 28, 32, 32, 1)]
    [InlineData(64, 48, 31, 17, 3)]
    [InlineData(1, 1, 3, 3, 1)]
    public void Scale_Stretch_EqualsTheNaiveTriangleFilter(int height, int width, int targetHeight, int targetWidth, int channels)
    {
        float[] pixels = Array.ConvertAll(Noise(height * width * channels, 2), b => (float)b);
        var target = new float[targetHeight * targetWidth * channels];
        new ImageScaler(targetHeight, targetWidth, channels, ImageFit.Stretch)
            .Scale(pixels, PixelFormat.FromChannels(height, width, channels, false), target);
        for (int y = 0; y < targetHeight; y++)
            for (int x = 0; x < targetWidth; x++)
                for (int c = 0; c < channels; c++)
                    Assert.Equal(
                        Naive(pixels, height, width, channels, y, x, c, (double)height / targetHeight,
                            (double)width / targetWidth),
                        target[(((y * targetWidth) + x) * channels) + c], 2e-3);
    }

    [Fact]
    public void Scale_CenterCrop_CutsTheSidesOfAWideImage()
    {
        // 2x6, the middle 2x2 is kept as it is
        byte[] pixels = [0, 0, 1, 2, 0, 0, 0, 0, 3, 4, 0, 0];
        var target = new byte[4];
        new ImageScaler(2, 2, 1).Scale(pixels, PixelFormat.FromChannels(2, 6, 1, false), target);
        Assert.Equal([1, 2, 3, 4], target);
    }

    [Fact]
    public void Scale_ConstantImage_StaysConstantAtAnySize()
    {
        byte[] pixels = [.. Enumerable.Repeat((byte)201, 37 * 53)];
        foreach ((int h, int w) in new[] { (3, 5), (37, 53), (50, 90) })
        {
            var target = new byte[h * w];
            new ImageScaler(h, w, 1, ImageFit.Stretch).Scale(pixels, PixelFormat.FromChannels(37, 53, 1, false), target);
            Assert.All(target, b => Assert.Equal(201, b));
        }
    }

    [Fact]
    public void Scale_TooFewValues_SaysHowMany()
    {
        var error = Assert.Throws<ArgumentException>(() =>
            new ImageScaler(2, 2, 1).Scale(new byte[3], PixelFormat.FromChannels(2, 2, 1, false), new byte[4]));
        Assert.Contains("has 4 values; 3 were given", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Apply_BytesOfAnyCount_EqualFormula()
    {
        for (int n = 1; n <= 40; n++)
        {
            byte[] pixels = Noise(n * 3, n);
            var target = new float[n * 3];
            var normalization = new PixelNormalization([0.5f, 2, 1], [1, -3, 0]);
            normalization.Apply(pixels, target);
            for (int i = 0; i < target.Length; i++)
                Assert.Equal((pixels[i] * normalization.Scale[i % 3]) + normalization.Offset[i % 3], target[i], 1e-4f);
        }
    }

    [Fact]
    public void FromStatistics_MeasuredChannels_BecomeMeanZeroDeviationOne()
    {
        byte[] pixels = Noise(3000, 9);
        var statistics = new ChannelStatistics(3);
        statistics.Add(pixels.AsSpan(0, 1500));
        statistics.Add(pixels.AsSpan(1500));
        var target = new float[3000];
        PixelNormalization.FromStatistics(statistics).Apply(pixels, target);
        for (int c = 0; c < 3; c++)
        {
            double[] channel = [.. target.Where((_, i) => i % 3 == c).Select(v => (double)v)];
            Assert.Equal(0, channel.Average(), 1e-4);
            Assert.Equal(1, Math.Sqrt(channel.Average(v => v * v)), 1e-4);
        }
    }

    [Fact]
    public void FromStatistics_ConstantChannel_StaysFinite()
    {
        var statistics = new ChannelStatistics(1);
        statistics.Add([5, 5, 5]);
        PixelNormalization normalization = PixelNormalization.FromStatistics(statistics);
        Assert.Equal((1f, -5f), (normalization.Scale[0], normalization.Offset[0]));
    }

    private static double Naive(float[] pixels, int height, int width, int channels, int y, int x, int c, double scaleY, double scaleX)
    {
        double sum = 0, total = 0;
        for (int sy = 0; sy < height; sy++)
            for (int sx = 0; sx < width; sx++)
            {
                double weight = Weight(sy, y, scaleY) * Weight(sx, x, scaleX);
                sum += weight * pixels[(((sy * width) + sx) * channels) + c];
                total += weight;
            }
        return sum / total;
    }

    private static double Weight(int source, int target, double scale) =>
        Math.Max(0, 1 - (Math.Abs(source + 0.5 - ((target + 0.5) * scale)) / Math.Max(1, scale)));

    private static byte[] Noise(int count, int seed)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
