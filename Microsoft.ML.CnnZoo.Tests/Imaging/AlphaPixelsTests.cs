using Microsoft.ML.CnnZoo.Imaging;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Imaging;

/// <summary>Colors multiplied by alpha, and back.</summary>
public class AlphaPixelsTests
{
    [Fact]
    public void Unpremultiply_Products_GiveTheColorWithinRounding()
    {
        for (int alpha = 1; alpha <= 255; alpha++)
            for (int color = 0; color <= 255; color++)
            {
                byte product = (byte)Math.Round(color * alpha / 255.0);
                byte[] pixel = [product, 0, 0, (byte)alpha];
                AlphaPixels.Unpremultiply(pixel);
                Assert.InRange(pixel[0], color - (0.5 * 255 / alpha) - 0.5, color + (0.5 * 255 / alpha) + 0.5);
            }
    }

    [Fact]
    public void Unpremultiply_TransparentAndOpaque_StayAsTheyAre()
    {
        byte[] pixels = [0, 0, 0, 0, 7, 8, 9, 255];
        AlphaPixels.Unpremultiply(pixels);
        Assert.Equal([0, 0, 0, 0, 7, 8, 9, 255], pixels);
    }

    [Fact]
    public void Unpremultiply_ColorAboveItsAlpha_LeavesAllPixels()
    {
        byte[] pixels = [10, 10, 10, 128, 200, 0, 0, 128];
        AlphaPixels.Unpremultiply(pixels);
        Assert.Equal([10, 10, 10, 128, 200, 0, 0, 128], pixels);
    }

    [Theory]
    [InlineData(255, true)]
    [InlineData(254, false)]
    [InlineData(0, false)]
    public void IsOpaque_OnePixel_IsByItsAlpha(byte alpha, bool expected) =>
        Assert.Equal(expected, AlphaPixels.IsOpaque([0, 0, 0, 255, 1, 2, 3, alpha]));
}
