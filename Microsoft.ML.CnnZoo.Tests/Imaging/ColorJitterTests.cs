using Microsoft.ML.CnnZoo.Imaging;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Imaging;

/// <summary>Brightness, contrast, saturation and hue against their formulas, pixel by pixel in double.</summary>
public class ColorJitterTests
{
    private const int Pixels = 37; // more than any vector's lanes, and a rest

    [Theory]
    [InlineData(0.3f, 0, 0, 0)]
    [InlineData(-0.6f, 0, 0, 0)]
    [InlineData(0, 0.7f, 0, 0)]
    [InlineData(0, -0.4f, 0, 0)]
    [InlineData(0, 0, 0.9f, 0)]
    [InlineData(0, 0, -1, 0)]
    [InlineData(0, 0, 0, 0.1f)]
    [InlineData(0, 0, 0, -0.37f)]
    [InlineData(0.2f, -0.3f, 0.4f, 0.5f)]
    public void Apply_OneFactorOrAll_IsTheFormula(float brightness, float contrast, float saturation, float hue)
    {
        float[] pixels = Noise(), changed = [.. pixels];
        new ColorJitter(3).Apply(changed, new ColorFactors(brightness, contrast, saturation, hue), isBounded: true);
        double[] expected = Expected(pixels, 1 + brightness, 1 + contrast, 1 + saturation, hue);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], changed[i], 0.01);
        Assert.All(changed, v => Assert.InRange(v, -1e-3f, 255.001f));
    }

    [Fact]
    public void Apply_Hue_ThereAndBackIsTheSame()
    {
        float[] pixels = Noise(), changed = [.. pixels];
        var jitter = new ColorJitter(3);
        jitter.Apply(changed, new ColorFactors(0, 0, 0, 0.31f), isBounded: true);
        Assert.NotEqual(pixels, changed);
        jitter.Apply(changed, new ColorFactors(0, 0, 0, -0.31f), isBounded: true);
        Assert.Equal(pixels, changed, (a, b) => Math.Abs(a - b) < 0.01f);
    }

    [Fact]
    public void Apply_HueOfAThird_PermutesTheChannels()
    {
        float[] pixels = [200, 30, 90];
        new ColorJitter(3).Apply(pixels, new ColorFactors(0, 0, 0, 1 / 3f), isBounded: true);
        Assert.Equal([90, 200, 30], pixels, (a, b) => Math.Abs(a - b) < 0.01f);
    }

    [Fact]
    public void Apply_Gray_HasNeitherSaturationNorHue()
    {
        float[] gray = [10, 250, 100, 40], repeated = [.. gray.SelectMany(v => new[] { v, v, v })], changed = [.. gray];
        new ColorJitter(1).Apply(changed, new ColorFactors(0, 0, 0.5f, 0.2f), isBounded: true);
        Assert.Equal(gray, changed);
        float[] expected = [.. repeated];
        new ColorJitter(3).Apply(expected, new ColorFactors(0, 0, 0.5f, 0.2f), isBounded: true);
        Assert.Equal(repeated, expected, (a, b) => Math.Abs(a - b) < 0.01f);
        new ColorJitter(1).Apply(changed, new ColorFactors(0.1f, 0.3f, 0, 0), isBounded: true);
        new ColorJitter(3).Apply(expected, new ColorFactors(0.1f, 0.3f, 0, 0), isBounded: true);
        for (int i = 0; i < gray.Length; i++)
            Assert.Equal(expected[3 * i], changed[i], 0.05);
    }

    [Fact]
    public void Apply_FloatsOfAnyUnit_AreNotCut()
    {
        float[] pixels = [-2, 1, 300, 4, 5, 6];
        new ColorJitter(3).Apply(pixels, new ColorFactors(1, 0, 0, 0), isBounded: false);
        Assert.Equal([-4, 2, 600, 8, 10, 12], pixels);
    }

    private static float[] Noise()
    {
        var random = new Random(4);
        return [.. Enumerable.Range(0, 3 * Pixels).Select(_ => (float)random.Next(256))];
    }

    private static double[] Expected(float[] pixels, double brightness, double contrast, double saturation, double hue)
    {
        double[] v = [.. pixels.Select(p => Math.Clamp(p * brightness, 0, 255))];
        double mean = Enumerable.Range(0, Pixels).Average(i => Gray(v, i));
        v = [.. v.Select(p => Math.Clamp(contrast * p + (1 - contrast) * mean, 0, 255))];
        double[] before = [.. v];
        for (int i = 0; i < v.Length; i++)
            v[i] = Math.Clamp(saturation * v[i] + (1 - saturation) * Gray(before, i / 3), 0, 255);
        for (int i = 0; i < Pixels; i++)
            Turn(v.AsSpan(3 * i, 3), hue);
        return v;
    }

    private static double Gray(double[] v, int i) => 0.299 * v[3 * i] + 0.587 * v[3 * i + 1] + 0.114 * v[3 * i + 2];

    /// <summary>By way of hue, saturation and value, case by case.</summary>
    private static void Turn(Span<double> rgb, double turns)
    {
        (double r, double g, double b) = (rgb[0], rgb[1], rgb[2]);
        double value = Math.Max(r, Math.Max(g, b)), chroma = value - Math.Min(r, Math.Min(g, b));
        if (chroma == 0)
            return;
        double h = value == r ? (g - b) / chroma : value == g ? 2 + (b - r) / chroma : 4 + (r - g) / chroma;
        h = ((h + 6 * turns) % 6 + 6) % 6;
        double x = chroma * (1 - Math.Abs(h % 2 - 1)), m = value - chroma;
        (r, g, b) = (int)h switch
        {
            0 => (chroma, x, 0.0),
            1 => (x, chroma, 0),
            2 => (0, chroma, x),
            3 => (0, x, chroma),
            4 => (x, 0, chroma),
            _ => (chroma, 0, x),
        };
        (rgb[0], rgb[1], rgb[2]) = (r + m, g + m, b + m);
    }
}
