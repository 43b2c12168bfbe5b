using Microsoft.ML.CnnZoo.Imaging;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Imaging;

/// <summary>Turned, scaled, moved and sheared crops: exact where they fall on pixels, else against a double loop.</summary>
public class WarpScalerTests
{
    [Theory]
    [InlineData(5, 90, 1)]
    [InlineData(5, 90, 3)]
    [InlineData(5, 180, 3)]
    [InlineData(5, -90, 1)]
    [InlineData(5, 360, 3)]
    [InlineData(19, 90, 1)] // as many at a time as a vector has lanes, and a rest
    [InlineData(19, 180, 1)]
    [InlineData(1, 180, 1)]
    public void Scale_QuarterTurns_MoveWholePixels(int side, double degrees, int channels)
    {
        byte[] pixels = Noise(side * side * channels);
        float[] target = Warp(pixels, side, side, channels, side, side, degrees);
        for (int y = 0; y < side; y++)
            for (int x = 0; x < side; x++)
                for (int c = 0; c < channels; c++)
                {
                    // Counterclockwise: what was at the right is at the top.
                    (int fromY, int fromX) = degrees switch
                    {
                        90 => (x, side - 1 - y),
                        -90 => (side - 1 - x, y),
                        180 => (side - 1 - y, side - 1 - x),
                        _ => (y, x),
                    };
                    Assert.Equal(pixels[(fromY * side + fromX) * channels + c],
                        target[(y * side + x) * channels + c], 1e-3f);
                }
    }

    [Fact]
    public void Scale_ShiftedByWholePixels_RepeatsTheEdge()
    {
        byte[] pixels = Noise(4 * 4);
        float[] target = new float[16];
        Write(pixels, 4, 4, 1, new ImageCrop(new(0, 0, 4, 4)) { Warp = ImageWarp.Create(0, 1, 0, 0, 2, -1) }, 4, 4, target);
        for (int y = 0; y < 4; y++)
            for (int x = 0; x < 4; x++)
                Assert.Equal(pixels[Math.Min(3, y + 1) * 4 + Math.Max(0, x - 2)], target[y * 4 + x], 1e-3f);
    }

    [Theory]
    [InlineData(1, 17.0, 1.3, 0, 0, false)]
    [InlineData(3, -33.0, 0.4, 0, 0, true)]
    [InlineData(3, 0, 1, 0.3, 0, false)]
    [InlineData(1, 0, 1, 0, -0.2, true)]
    public void Scale_AnyWarp_IsTheMeanOfItsSamples(
        int channels, double degrees, double scale, double shearX, double shearY, bool mirror)
    {
        byte[] pixels = Noise(13 * 11 * channels);
        var warp = ImageWarp.Create(degrees, scale, shearX, shearY, 1.5, -0.75);
        var crop = new ImageCrop(new(1.5, 2, 9, 7), mirror) { Warp = warp };
        var target = new float[6 * 8 * channels];
        Write(pixels, 13, 11, channels, crop, 6, 8, target);
        // Forward: shear, enlarge, turn counterclockwise with y pointing down, move; solved for where a pixel is from.
        double angle = degrees * Math.PI / 180, cos = Math.Cos(angle) * scale, sin = Math.Sin(angle) * scale;
        double[,] m = { { cos + sin * shearY, cos * shearX + sin }, { -sin + cos * shearY, -sin * shearX + cos } };
        double det = m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0];
        (double X, double Y) From(double x, double y)
        {
            (double tx, double ty) = (x - 4 - 1.5, y - 3 + 0.75);
            double px = (m[1, 1] * tx - m[0, 1] * ty) / det, py = (-m[1, 0] * tx + m[0, 0] * ty) / det;
            return (2 + 3.5 + px * 7 / 8, 1.5 + 4.5 + py * 9 / 6);
        }
        (double ox, double oy) = From(0, 0);
        int n = Samples(From(1, 0)), k = Samples(From(0, 1));
        int Samples((double X, double Y) p) =>
            Math.Max(1, (int)Math.Ceiling(Math.Sqrt((p.X - ox) * (p.X - ox) + (p.Y - oy) * (p.Y - oy)) - 0.25));
        for (int y = 0; y < 6; y++)
            for (int x = 0; x < 8; x++)
                for (int c = 0; c < channels; c++)
                {
                    double sum = 0;
                    for (int i = 0; i < n; i++)
                        for (int j = 0; j < k; j++)
                        {
                            double tx = x + (i + 0.5) / n;
                            (double sx, double sy) = From(mirror ? 8 - tx : tx, y + (j + 0.5) / k);
                            sum += Bilinear(sx - 0.5, sy - 0.5, c);
                        }
                    Assert.Equal(sum / (n * k), target[(y * 8 + x) * channels + c], 0.02);
                }

        double Bilinear(double x, double y, int c)
        {
            (x, y) = (Math.Clamp(x, 0, 10), Math.Clamp(y, 0, 12));
            (int x0, int y0) = ((int)x, (int)y);
            (int x1, int y1) = (Math.Min(x0 + 1, 10), Math.Min(y0 + 1, 12));
            (double fx, double fy) = (x - x0, y - y0);
            double At(int row, int column) => pixels[(row * 11 + column) * channels + c];
            return (1 - fy) * ((1 - fx) * At(y0, x0) + fx * At(y0, x1)) + fy * ((1 - fx) * At(y1, x0) + fx * At(y1, x1));
        }
    }

    [Fact]
    public void Scale_Shrinking_DoesNotAlias()
    {
        // Stripes of one pixel, shrunk eight times: gray, wherever the samples fall.
        var pixels = new byte[64 * 64];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)(i % 2 * 255);
        float[] target = Warp(pixels, 64, 64, 1, 8, 8, 7);
        for (int y = 2; y < 6; y++)
            for (int x = 2; x < 6; x++)
                Assert.InRange(target[y * 8 + x], 110, 145);
    }

    [Fact]
    public void Write_WarpOfFloats_IsThatOfBytes()
    {
        byte[] pixels = Noise(9 * 7 * 3);
        float[] fromBytes = new float[5 * 4 * 3], fromFloats = new float[5 * 4 * 3];
        var crop = new ImageCrop(new(0, 0, 9, 7), true)
        {
            Warp = ImageWarp.Create(12, 1, 0, 0, 0, 0), Erased = new(1, 2, 3, 2),
        };
        Write(pixels, 9, 7, 3, crop, 5, 4, fromBytes);
        new CropWriter(5, 4, 3).Write<float>(
            Array.ConvertAll(pixels, b => (float)b), 9, 7, crop, PixelNormalization.Identity(3), fromFloats);
        Assert.Equal(fromBytes, fromFloats);
        for (int y = 0; y < 5; y++)
            for (int x = 0; x < 4; x++)
                Assert.Equal(y is >= 1 and < 4 && x >= 2, fromBytes[(y * 4 + x) * 3] == 0);
    }

    private static float[] Warp(byte[] pixels, int height, int width, int channels, int toHeight, int toWidth,
        double degrees)
    {
        var target = new float[toHeight * toWidth * channels];
        var crop = new ImageCrop(ImageRegion.All(height, width)) { Warp = ImageWarp.Create(degrees, 1, 0, 0, 0, 0) };
        Write(pixels, height, width, channels, crop, toHeight, toWidth, target);
        return target;
    }

    private static void Write(byte[] pixels, int height, int width, int channels, in ImageCrop crop, int toHeight,
        int toWidth, float[] target) => new CropWriter(toHeight, toWidth, channels).Write<byte>(
            pixels, height, width, crop, PixelNormalization.Identity(channels), target);

    private static byte[] Noise(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        for (int i = 0; i < length; i++)
            bytes[i] = Math.Max((byte)1, bytes[i]); // 0 is what was erased
        return bytes;
    }
}
