using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Imaging;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Imaging;

/// <summary>Whole images with their shape kept: where they lie, and what fills the rest.</summary>
public class LetterboxTests
{
    [Theory]
    [InlineData(20, 40, 16, 16, 4, 0, 8, 16)]
    [InlineData(40, 20, 16, 16, 0, 4, 16, 8)]
    [InlineData(10, 10, 16, 16, 0, 0, 16, 16)]
    [InlineData(30, 40, 16, 16, 2, 0, 12, 16)]
    [InlineData(4, 400, 16, 16, 7, 0, 1, 16)]
    [InlineData(5, 5, 10, 20, 0, 5, 10, 10)]
    public void Scale_Letterbox_CentersTheWholeImage(
        int height, int width, int toHeight, int toWidth, int top, int left, int innerHeight, int innerWidth)
    {
        // The image is 200; at its edges the bars adjoin, they have its color: mark what is inside by a darker center.
        byte[] pixels = [.. Enumerable.Repeat((byte)200, height * width * 3)];
        float[] stretched = Scale(pixels, height, width, innerHeight, innerWidth, ImageFit.Stretch),
            boxed = Scale(Ramp(height, width), height, width, toHeight, toWidth, ImageFit.Letterbox),
            inner = Scale(Ramp(height, width), height, width, innerHeight, innerWidth, ImageFit.Stretch);
        Assert.All(stretched, v => Assert.Equal(200, v, 1e-2f));
        for (int y = 0; y < innerHeight; y++)
            for (int x = 0; x < innerWidth * 3; x++)
                Assert.Equal(inner[y * innerWidth * 3 + x], boxed[((top + y) * toWidth + left) * 3 + x]);
        for (int c = 0; c < 3; c++)
        {
            double edge = innerHeight < toHeight
                ? Enumerable.Range(0, innerWidth).Average(x =>
                    (inner[x * 3 + c] + inner[((innerHeight - 1) * innerWidth + x) * 3 + c]) / 2)
                : Enumerable.Range(0, innerHeight).Average(y =>
                    (inner[y * innerWidth * 3 + c] + inner[(y * innerWidth + innerWidth - 1) * 3 + c]) / 2);
            for (int y = 0; y < toHeight; y++)
                for (int x = 0; x < toWidth; x++)
                    if (y < top || y >= top + innerHeight || x < left || x >= left + innerWidth)
                        Assert.Equal(edge, boxed[(y * toWidth + x) * 3 + c], 1e-2);
        }
    }

    [Fact]
    public void Center_OfAnImageInItsOwnShape_IsTheLetterboxedImage()
    {
        var network = new ImageShape(16, 16, 3);
        var plan = new CropPlan(ImageAugmentation.Inception, network, ImageFit.Letterbox);
        Assert.Equal(network, plan.ValidationImage);
        Assert.Equal((57, 114), plan.CreateTrainingScaler().SizeOf(PixelFormat.Rgba32(60, 120)));
        var written = new float[16 * 16 * 3];
        new CropWriter(16, 16, 3).Write<byte>(
            Ramp(20, 40), 20, 40, plan.Center(20, 40), PixelNormalization.Identity(3), written);
        Assert.Equal(Scale(Ramp(20, 40), 20, 40, 16, 16, ImageFit.Letterbox), written);
    }

    [Theory]
    [InlineData(100, 100, 0)]
    [InlineData(100, 200, 0.5)]
    [InlineData(300, 100, 2 / 3.0)]
    public void LostByCenterCrop_OfAnImage_IsWhatLiesOutside(int height, int width, double lost) =>
        Assert.Equal(lost, CropPlan.LostByCenterCrop(height, width, new(32, 32, 3)), 1e-9);

    private static byte[] Ramp(int height, int width) => [.. Enumerable.Range(0, height * width * 3)
        .Select(i => (byte)(i / 3 / width * 3 + i / 3 % width * 2 + i % 3 * 9))];

    private static float[] Scale(byte[] pixels, int height, int width, int toHeight, int toWidth, ImageFit fit)
    {
        var target = new float[toHeight * toWidth * 3];
        new ImageScaler(toHeight, toWidth, 3, fit).Scale(
            Array.ConvertAll(pixels, b => (float)b), PixelFormat.FromChannels(height, width, 3, false), target);
        return target;
    }
}
