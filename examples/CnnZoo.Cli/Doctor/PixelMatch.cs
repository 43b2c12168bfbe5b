using System.Numerics.Tensors;

namespace CnnZoo.Cli.Doctor;

/// <summary>
/// How alike two pictures are once one is cropped, moved or mirrored to fit the other: the correlation of their
/// thumbnails. Brightness and contrast do not count.
/// </summary>
internal static class PixelMatch
{
    private const int Channels = 3, SearchFactor = 2;
    private const double Certain = 0.99;
    private static readonly float[] Scales = [1, 0.95f, 0.9f, 0.85f, 0.8f];

    /// <summary>Part of a picture, in shares of its height and width.</summary>
    private readonly record struct Window(float Top, float Left, float Scale, bool Mirror);

    /// <summary>A thumbnail at a quarter of its height and width, less each channel's mean, of norm 1.</summary>
    public static float[] Coarse(byte[] thumbnail, bool mirror)
    {
        var pixels = new float[thumbnail.Length / 16];
        Crop(Reduce(thumbnail, 4), new Window(0, 0, 1, mirror), pixels);
        return pixels;
    }

    /// <summary>The best correlation over crops of 64 to 100 % of either's area, with and without mirroring.</summary>
    /// <param name="a">A thumbnail's pixels.</param>
    /// <param name="b">Another's.</param>
    public static float Correlation(byte[] a, byte[] b)
    {
        float[] smallA = Reduce(a, SearchFactor), smallB = Reduce(b, SearchFactor), crop = new float[smallA.Length],
            wholeA = new float[smallA.Length], wholeB = new float[smallA.Length];
        Crop(smallA, default(Window) with { Scale = 1 }, wholeA);
        Crop(smallB, default(Window) with { Scale = 1 }, wholeB);
        (float Correlation, Window Window, bool OfA) best = (float.MinValue, default, true);
        foreach (Window window in Windows())
        {
            foreach (bool ofA in (bool[])[true, false])
            {
                Crop(ofA ? smallA : smallB, window, crop);
                float correlation = TensorPrimitives.Dot<float>(crop, ofA ? wholeB : wholeA);
                if (correlation > best.Correlation)
                    best = (correlation, window, ofA);
            }
            if (best.Correlation > Certain)
                break;
        }
        return Compare(Reduce(best.OfA ? a : b, 1), best.Window, Reduce(best.OfA ? b : a, 1));
    }

    private static float Compare(float[] source, Window window, float[] other)
    {
        float[] crop = new float[source.Length], whole = new float[source.Length];
        Crop(source, window, crop);
        Crop(other, default(Window) with { Scale = 1 }, whole);
        return TensorPrimitives.Dot<float>(crop, whole);
    }

    private static IEnumerable<Window> Windows()
    {
        foreach (float scale in Scales)
            foreach (bool mirror in (bool[])[false, true])
            {
                int steps = (int)Math.Round((1 - scale) * 20);
                for (int y = 0; y <= steps; y++)
                    for (int x = 0; x <= steps; x++)
                        yield return new Window((1 - scale) * y / Math.Max(1, steps), (1 - scale) * x / Math.Max(1, steps),
                            scale, mirror);
            }
    }

    /// <summary>A thumbnail at a fraction of its size: sums over blocks of pixels.</summary>
    private static float[] Reduce(byte[] thumbnail, int factor)
    {
        const int Side = ImageFacts.Side;
        int side = Side / factor;
        var pixels = new float[side * side * Channels];
        for (int i = 0; i < thumbnail.Length; i++)
        {
            int y = i / (Side * Channels) / factor, x = i / Channels % Side / factor;
            pixels[(((y * side) + x) * Channels) + (i % Channels)] += thumbnail[i];
        }
        return pixels;
    }

    /// <summary>Part of a picture at the whole's size, by linear interpolation; less each channel's mean, of norm 1.</summary>
    private static void Crop(float[] source, Window window, float[] target)
    {
        int side = (int)Math.Sqrt(source.Length / Channels);
        for (int y = 0; y < side; y++)
        {
            (int y0, float fy) = Position((side * window.Top) + ((y + 0.5f) * window.Scale) - 0.5f);
            for (int x = 0; x < side; x++)
            {
                int column = window.Mirror ? side - 1 - x : x;
                (int x0, float fx) = Position((side * window.Left) + ((column + 0.5f) * window.Scale) - 0.5f);
                int upper = ((y0 * side) + x0) * Channels, lower = upper + (side * Channels);
                for (int c = 0; c < Channels; c++, upper++, lower++)
                {
                    float above = source[upper] + (fx * (source[upper + Channels] - source[upper])),
                        below = source[lower] + (fx * (source[lower + Channels] - source[lower]));
                    target[(((y * side) + x) * Channels) + c] = above + (fy * (below - above));
                }
            }
        }
        Center(target);

        (int Before, float Fraction) Position(float at)
        {
            float clamped = Math.Clamp(at, 0, side - 1);
            int before = Math.Min((int)clamped, side - 2);
            return (before, clamped - before);
        }
    }

    private static void Center(float[] pixels)
    {
        Span<float> means = stackalloc float[Channels];
        for (int i = 0; i < pixels.Length; i++)
            means[i % Channels] += pixels[i];
        TensorPrimitives.Divide(means, pixels.Length / Channels, means);
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] -= means[i % Channels];
        Neighbors.Normalize(pixels);
    }
}
