using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Imaging;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Imaging;

/// <summary>Covariance of colors and its eigenvectors.</summary>
public class PrincipalColorsTests
{
    [Fact]
    public void Covariance_FourPixels_IsThatComputedByHand()
    {
        // red 0 2 4 6, green 1 3 3 5, blue 9 9 9 9: means 3, 3, 9; deviations -3 -1 1 3 and -2 0 0 2.
        var statistics = new ChannelStatistics(3);
        statistics.Add([0, 1, 9, 2, 3, 9]);
        statistics.Add([4, 3, 9, 6, 5, 9]);
        Assert.Equal(20 / 4.0, statistics.Covariance(0, 0));
        Assert.Equal(12 / 4.0, statistics.Covariance(0, 1));
        Assert.Equal(12 / 4.0, statistics.Covariance(1, 0));
        Assert.Equal(8 / 4.0, statistics.Covariance(1, 1));
        Assert.Equal(0, statistics.Covariance(2, 0));
        Assert.Equal(Math.Sqrt(5), statistics.StandardDeviation(0));
    }

    [Fact]
    public void Components_OfThatCovariance_AreThoseComputedByHand()
    {
        // [5 3; 3 2] has the eigenvalues (7 ± √45) / 2; the blue channel does not vary.
        var statistics = new ChannelStatistics(3);
        statistics.Add([0, 1, 9, 2, 3, 9, 4, 3, 9, 6, 5, 9]);
        var colors = new PrincipalColors(statistics);
        double first = (7 + Math.Sqrt(45)) / 2;
        Assert.Equal(first, colors.Value(0), 1e-12);
        Assert.Equal((7 - Math.Sqrt(45)) / 2, colors.Value(1), 1e-12);
        Assert.Equal(0, colors.Value(2), 1e-12);
        double length = Math.Sqrt(9 + ((first - 5) * (first - 5)));
        Assert.Equal([3 / length, (first - 5) / length, 0], colors.Vector(0).ToArray().Select(v => Math.Round(v, 12)),
            (a, b) => Math.Abs(a - b) < 1e-9);
    }

    [Fact]
    public void Components_OfNoise_SatisfyTheEigenvalueEquation()
    {
        var pixels = new byte[3 * 5000];
        new Random(3).NextBytes(pixels);
        for (int i = 0; i < pixels.Length; i += 3)
            (pixels[i + 1], pixels[i + 2]) = ((byte)((pixels[i] + pixels[i + 1]) / 2), (byte)((pixels[i] + pixels[i + 2]) / 3));
        ChannelStatistics bytes = new(3), floats = new(3);
        bytes.Add(pixels);
        floats.Add(Array.ConvertAll(pixels, p => (float)p));
        var colors = new PrincipalColors(bytes);
        for (int i = 0; i < 3; i++)
        {
            double[] v = colors.Vector(i).ToArray();
            Assert.Equal(1, v.Sum(x => x * x), 1e-12);
            for (int row = 0; row < 3; row++)
            {
                Assert.Equal(colors.Value(i) * v[row], Enumerable.Range(0, 3).Sum(c => bytes.Covariance(row, c) * v[c]), 1e-8);
                Assert.Equal(bytes.Covariance(row, i), floats.Covariance(row, i), 1e-6);
            }
        }
        Assert.True(colors.Value(0) > colors.Value(1) && colors.Value(1) > colors.Value(2));
    }

    [Fact]
    public void Shift_IsTheSumOfWeightedComponents()
    {
        var statistics = new ChannelStatistics(3);
        statistics.Add([0, 1, 9, 2, 3, 9, 4, 3, 9, 6, 5, 9]);
        var colors = new PrincipalColors(statistics);
        float[] shift = colors.Shift([0.5, -2, 7]);
        for (int c = 0; c < 3; c++)
            Assert.Equal((0.5 * Math.Sqrt(colors.Value(0)) * colors.Vector(0)[c])
                - (2 * Math.Sqrt(colors.Value(1)) * colors.Vector(1)[c]), shift[c], 1e-6);
    }
}
