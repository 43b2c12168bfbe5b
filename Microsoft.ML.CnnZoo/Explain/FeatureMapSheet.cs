using Microsoft.ML.CnnZoo.Data;
using SkiaSharp;

namespace Microsoft.ML.CnnZoo.Explain;

/// <summary>Draws feature maps, projections and filters side by side, each from its own least to its own most.</summary>
internal static class FeatureMapSheet
{
    private static readonly SKColor Ink = new(0x33, 0x33, 0x33);

    /// <summary>Feature maps, black to white, with their numbers and largest activations, as PNG.</summary>
    public static byte[] Maps(IReadOnlyList<FeatureMap> maps, int side) => Draw(
        new ImageShape(maps[0].Height, maps[0].Width, 1), [.. maps.Select(m => (Stretched(m.Values), Caption(m)))], side);

    /// <summary>Projections to the image; what is 0 is gray.</summary>
    public static byte[] Projections(IReadOnlyList<FeatureMap> maps, ImageShape image, int side) =>
        Draw(image, [.. maps.Select(m => (Centered(m.Values), Caption(m)))], side);

    /// <summary>Filters [height, width, channels, filters] of a convolution that reads images; what is 0 is gray.</summary>
    public static byte[] Filters(ReadOnlySpan<float> kernel, ImageShape shape, int side)
    {
        int count = kernel.Length / shape.ValueCount;
        var tiles = new (float[] Pixels, string Caption)[count];
        for (int filter = 0; filter < count; filter++)
        {
            var pixels = new float[shape.ValueCount];
            for (int i = 0; i < pixels.Length; i++)
                pixels[i] = kernel[i * count + filter];
            tiles[filter] = (Centered(pixels), $"{filter}");
        }
        return Draw(shape, tiles, side);
    }

    private static byte[] Draw(ImageShape shape, (float[] Pixels, string Caption)[] tiles, int side)
    {
        int columns = (int)Math.Ceiling(Math.Sqrt(tiles.Length));
        using var sheet = new ContactSheet(shape, (tiles.Length + columns - 1) / columns, columns,
            PixelNormalization.Identity(shape.Channels), (0, 1), Math.Max(1, side / columns));
        for (int i = 0; i < tiles.Length; i++)
        {
            sheet.Draw(i / columns, i % columns, tiles[i].Pixels);
            sheet.Write(i / columns, i % columns, tiles[i].Caption, Ink);
        }
        return sheet.ToPng();
    }

    private static string Caption(FeatureMap map) => FormattableString.Invariant($"{map.Channel}: {map.Peak:g3}");

    private static float[] Stretched(float[] values)
    {
        (float least, float most) = (values.Min(), values.Max());
        return Array.ConvertAll(values, v => most > least ? (v - least) / (most - least) : 0);
    }

    private static float[] Centered(float[] values)
    {
        float most = values.Max(Math.Abs);
        return Array.ConvertAll(values, v => most > 0 ? 0.5f + v / most / 2 : 0.5f);
    }
}
