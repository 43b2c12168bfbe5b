using Microsoft.ML.CnnZoo.Data;
using SkiaSharp;

namespace Microsoft.ML.CnnZoo.Explain;

/// <summary>Draws a heat map over the image that it explains.</summary>
internal static class HeatMapPicture
{
    private const double Coldest = 0.1, Hottest = 0.7, OutlierShare = 0.005;

    /// <summary>Colors from nothing to the most, evenly spaced: the lighter, the more, also for who sees no red.</summary>
    private static readonly (byte Red, byte Green, byte Blue)[] Colors =
        [(20, 20, 90), (30, 90, 200), (20, 170, 190), (120, 210, 90), (250, 205, 40), (255, 120, 20), (225, 30, 30)];

    /// <summary>An image's pixels, 0…255, of the network's input.</summary>
    /// <param name="image">[height, width, channels], normalized.</param>
    /// <param name="normalization">Is undone.</param>
    /// <param name="areBytes">Whether that gives pixels; other values are shown from the least to the greatest.</param>
    public static byte[] Pixels(ReadOnlySpan<float> image, PixelNormalization normalization, bool areBytes)
    {
        (float least, float most) = areBytes ? (0, 255) : ContactSheet.RangeOf(image, normalization);
        var pixels = new byte[image.Length];
        for (int i = 0; i < pixels.Length; i++)
        {
            float value = normalization.Undo(image[i], i % normalization.Channels);
            pixels[i] = (byte)Math.Clamp((value - least) / (most - least) * 255 + 0.5f, 0, 255);
        }
        return pixels;
    }

    /// <summary>Rows and columns of a picture whose longer side is given.</summary>
    public static (int Height, int Width) Size(ImageShape shape, int side)
    {
        double scale = (double)side / Math.Max(shape.Height, shape.Width);
        return (Math.Max(1, (int)Math.Round(shape.Height * scale)), Math.Max(1, (int)Math.Round(shape.Width * scale)));
    }

    /// <summary>The picture.</summary>
    /// <param name="image">Its pixels, gray or red, green, blue, 0…255, row by row.</param>
    /// <param name="shape">Its size.</param>
    /// <param name="map">The heat map, of any size: it lies over the whole image. Negative values are not shown.</param>
    /// <param name="side">Pixels of the picture's longer side.</param>
    public static Picture Draw(ReadOnlySpan<byte> image, ImageShape shape, HeatMap map, int side)
    {
        (int height, int width) = Size(shape, side);
        using SKBitmap scaled = Scale(image, shape, height, width);
        ReadOnlySpan<byte> pixels = scaled.GetPixelSpan();
        float most = Most(map.Values);
        var picture = new byte[height * width * 4];
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                int at = (y * width + x) * 4;
                double heat = Math.Clamp(At(map, (y + 0.5) * map.Height / height, (x + 0.5) * map.Width / width) / most, 0, 1);
                Blend(pixels.Slice(at, 4), heat, picture.AsSpan(at, 4));
            }
        return new(height, width, picture);
    }

    /// <summary>The image in another size: its pixels as squares where they are enlarged much.</summary>
    private static SKBitmap Scale(ReadOnlySpan<byte> image, ImageShape shape, int height, int width)
    {
        var target = new byte[shape.Height * shape.Width * 4];
        for (int i = 0; i < shape.Height * shape.Width; i++)
        {
            ReadOnlySpan<byte> pixel = image.Slice(i * shape.Channels, shape.Channels);
            int last = shape.Channels - 1;
            (target[i * 4], target[i * 4 + 1], target[i * 4 + 2], target[i * 4 + 3]) =
                (pixel[0], pixel[Math.Min(1, last)], pixel[Math.Min(2, last)], 255);
        }
        using SKBitmap bitmap = new Picture(shape.Height, shape.Width, target).ToBitmap();
        return bitmap.Resize(Picture.Info(height, width),
            height >= 3 * shape.Height ? SKFilterQuality.None : SKFilterQuality.High);
    }

    /// <summary>What is drawn in the hottest color: the largest value without a few outliers of large maps.</summary>
    private static float Most(float[] values)
    {
        float[] sorted = [.. values.Order()];
        float most = sorted[^(1 + (int)(values.Length * OutlierShare))];
        return most > 0 ? most : Math.Max(sorted[^1], float.Epsilon);
    }

    /// <summary>A map's value between its places, bilinear.</summary>
    private static double At(HeatMap map, double row, double column)
    {
        double y = Math.Clamp(row - 0.5, 0, map.Height - 1), x = Math.Clamp(column - 0.5, 0, map.Width - 1);
        int top = (int)y, left = (int)x, bottom = Math.Min(top + 1, map.Height - 1), right = Math.Min(left + 1, map.Width - 1);
        double Row(int at) => map.Values[at * map.Width + left] * (1 - (x - left)) + map.Values[at * map.Width + right] * (x - left);
        return Row(top) * (1 - (y - top)) + Row(bottom) * (y - top);
    }

    private static void Blend(ReadOnlySpan<byte> pixel, double heat, Span<byte> target)
    {
        double gray = 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2], share = Coldest + (Hottest - Coldest) * heat;
        double place = heat * (Colors.Length - 1);
        int low = Math.Min((int)place, Colors.Length - 2);
        (byte Red, byte Green, byte Blue) cold = Colors[low], hot = Colors[low + 1];
        byte Mix(byte a, byte b, byte original)
        {
            double under = (gray + original) / 2; // half its color: what is hot stands out
            return (byte)(under + share * (a + (b - a) * (place - low) - under) + 0.5);
        }
        (target[0], target[1], target[2], target[3]) = (Mix(cold.Red, hot.Red, pixel[0]),
            Mix(cold.Green, hot.Green, pixel[1]), Mix(cold.Blue, hot.Blue, pixel[2]), 255);
    }
}
