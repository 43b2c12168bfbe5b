using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Imaging;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Imaging;

/// <summary>Crops of images: exact, mirrored, padded, scaled, shifted in color.</summary>
public class ImageCropTests
{
    private static readonly PixelNormalization Normal = new([0.5f, 0.25f, 2], [1, -3, 0.5f]);

    [Theory]
    [InlineData(2, 1, false)]
    [InlineData(2, 1, true)]
    [InlineData(0, 0, true)]
    [InlineData(3, 4, false)]
    public void Write_CropOfTheNetworksSize_IsThosePixels(int top, int left, bool mirror)
    {
        byte[] pixels = Noise(7 * 9 * 3);
        float[] target = Write(pixels, 7, 9, new ImageCrop(new(top, left, 4, 5), mirror), 4, 5);
        for (int y = 0; y < 4; y++)
            for (int x = 0; x < 5; x++)
                for (int c = 0; c < 3; c++)
                {
                    byte value = pixels[(((y + top) * 9 + left + (mirror ? 4 - x : x)) * 3) + c];
                    Assert.Equal((value * Normal.Scale[c]) + Normal.Offset[c], target[(((y * 5) + x) * 3) + c]);
                }
    }

    [Fact]
    public void Write_OverTheEdges_IsZeroAfterNormalization()
    {
        byte[] pixels = Noise(3 * 3 * 3);
        float[] target = Write(pixels, 3, 3, new ImageCrop(new(-1, 1, 3, 3), Mirror: true), 3, 3);
        for (int y = 0; y < 3; y++)
            for (int x = 0; x < 3; x++)
                for (int c = 0; c < 3; c++)
                {
                    int row = y - 1, column = 1 + (2 - x);
                    float expected = row < 0 || column > 2 ? 0
                        : (pixels[(((row * 3) + column) * 3) + c] * Normal.Scale[c]) + Normal.Offset[c];
                    Assert.Equal(expected, target[(((y * 3) + x) * 3) + c]);
                }
    }

    [Fact]
    public void Write_CropOutsideOfTheImage_IsAllZero() =>
        Assert.All(Write(Noise(27), 3, 3, new ImageCrop(new(-5, 7, 3, 3)), 3, 3), v => Assert.Equal(0, v));

    [Fact]
    public void Write_Color_ShiftsPixelsBeforeNormalization()
    {
        byte[] pixels = Noise(2 * 2 * 3);
        float[] plain = Write(pixels, 2, 2, new ImageCrop(new(0, 0, 2, 2)), 2, 2),
            shifted = Write(pixels, 2, 2, new ImageCrop(new(0, 0, 2, 2), false, [4, -8, 1]), 2, 2);
        float[] expected = [4 * 0.5f, -8 * 0.25f, 1 * 2];
        for (int i = 0; i < plain.Length; i++)
            Assert.Equal(expected[i % 3], shifted[i] - plain[i], 1e-4);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Write_LargerCrop_IsItsScaledPixels(bool mirror)
    {
        // Four by four source pixels to two by two: a triangle of two pixels to each side of the center, cut at the
        // image's edge and normalized.
        byte[] pixels = Noise(6 * 6);
        var target = new float[4];
        new CropWriter(2, 2, 1).Write<byte>(
            pixels, 6, 6, new ImageCrop(new(1, 2, 4, 4), mirror), PixelNormalization.Identity(1), target);
        for (int y = 0; y < 2; y++)
            for (int x = 0; x < 2; x++)
                Assert.Equal(Expected(pixels, 1 + (2 * y) + 1, 2 + (2 * (mirror ? 1 - x : x)) + 1), target[(y * 2) + x],
                    1e-3);
    }

    [Fact]
    public void Write_BytesAndFloats_AreTheSame()
    {
        byte[] pixels = Noise(7 * 9 * 3);
        foreach (ImageCrop crop in new ImageCrop[] { new(new(2, 1, 4, 5), true), new(new(0.5, 1.25, 6, 7)),
            new(new(-2, -2, 4, 5)) })
        {
            var fromFloats = new float[4 * 5 * 3];
            new CropWriter(4, 5, 3).Write<float>(Array.ConvertAll(pixels, b => (float)b), 7, 9, crop, Normal, fromFloats);
            Assert.Equal(Write(pixels, 7, 9, crop, 4, 5), fromFloats);
        }
    }

    [Theory]
    [InlineData(256, 256, 256.0 / 224, 16, 16, 224, 224)]
    [InlineData(224, 224, 1, 0, 0, 224, 224)]
    [InlineData(512, 1024, 384.0 / 224, 512 / 2 - 512 * 224 / 384.0 / 2, 512 - 512 * 224 / 384.0 / 2, 512 * 224 / 384.0,
        512 * 224 / 384.0)]
    public void Center_OfAnImage_HasTheNetworksShareOfIt(
        int height, int width, double factor, double top, double left, double partHeight, double partWidth)
    {
        ImageRegion region = ImageCrop.Center(height, width, 224, 224, factor).Region;
        Assert.Equal(top, region.Top, 1e-9);
        Assert.Equal(left, region.Left, 1e-9);
        Assert.Equal(partHeight, region.Height, 1e-9);
        Assert.Equal(partWidth, region.Width, 1e-9);
    }

    private static double Expected(byte[] pixels, double centerY, double centerX)
    {
        double sum = 0, weights = 0;
        for (int y = 0; y < 6; y++)
            for (int x = 0; x < 6; x++)
            {
                double weight = Math.Max(0, 1 - (Math.Abs(y + 0.5 - centerY) / 2)) * Math.Max(
                    0, 1 - (Math.Abs(x + 0.5 - centerX) / 2));
                sum += weight * pixels[(y * 6) + x];
                weights += weight;
            }
        return sum / weights;
    }

    private static float[] Write(byte[] pixels, int height, int width, in ImageCrop crop, int networkHeight,
        int networkWidth)
    {
        var target = new float[networkHeight * networkWidth * 3];
        target.AsSpan().Fill(float.NaN);
        new CropWriter(networkHeight, networkWidth, 3).Write<byte>(pixels, height, width, crop, Normal, target);
        return target;
    }

    private static byte[] Noise(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }
}
