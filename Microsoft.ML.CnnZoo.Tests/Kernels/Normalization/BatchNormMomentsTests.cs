using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.Normalization;
using Microsoft.ML.CnnZoo.Kernels.Vectors;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Kernels.Normalization;

/// <summary>
/// Sums over pixels for every remainder of channels in vectors of 16, 8, 4 and one lane, with strided rows.
/// </summary>
public sealed unsafe class BatchNormMomentsTests
{
    private const int Rows = 37, Pitch = 41, Mean = 1000;

    [Theory]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(12, false)]
    [InlineData(31, false)]
    [InlineData(40, false)]
    [InlineData(31, true)]
    [InlineData(40, true)]
    public void Run_NumbersFarFromZero_KeepTheirVariance(int channels, bool isBFloat16)
    {
        var random = new Random(channels);
        float[] x = [.. Enumerable.Range(0, Rows * Pitch).Select(_ => Mean + (16 * random.NextSingle()))];
        ushort[] halves = Array.ConvertAll(x, BFloat16Spans.Round);
        if (isBFloat16)
            x = Array.ConvertAll(halves, h => BitConverter.UInt32BitsToSingle((uint)h << 16));
        double[] sums = new double[channels], squares = new double[channels];
        fixed (float* px = x)
        fixed (ushort* ph = halves)
        fixed (double* ps = sums, pq = squares)
        {
            var moments = new BatchNormMoments(new PixelMatrix(isBFloat16 ? (nint)ph : (nint)px, Pitch),
                channels, ps, pq);
            PixelColumns.Run(ref moments, isBFloat16, Rows, channels);
        }
        for (int c = 0; c < channels; c++)
        {
            double[] column = [.. Enumerable.Range(0, Rows).Select(r => (double)x[(r * Pitch) + c])];
            double mean = column.Average(), variance = column.Sum(v => (v - mean) * (v - mean)) / Rows;
            // A piece's sum of 16 numbers near 1000 is rounded by at most 16 half units of 2^-10, its mean by 2^-11:
            // 5e-7 of it.
            Assert.Equal(mean, sums[c] / Rows, mean * 5e-7);
            // Differences from the mean are below 16: twice that times the mean's error, relative to a variance of
            // about 21.
            Assert.Equal(variance, (squares[c] / Rows) - (sums[c] / Rows * sums[c] / Rows), 2 * 16 * mean * 5e-7);
        }
    }
}
