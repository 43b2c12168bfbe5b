using System.Runtime.Intrinsics;
using Microsoft.ML.CnnZoo.Kernels.Vectors;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Kernels.Vectors;

/// <summary>Vectors of every width compute the same as one lane, for ordinary and for special values.</summary>
public sealed unsafe class LanesTests
{
    private static readonly float[] Numbers =
    [
        0, -0f, 1, -1, 1.00390625f, 1.01171875f, -3.1415927f, 65504, 3.4e38f, -3.4e38f, 1e-40f, -1e-40f,
        float.PositiveInfinity, float.NegativeInfinity, float.NaN, 0.1f,
    ];

    [Fact]
    public void FourLanesAreFourTimesOne() => Check<Vector128<float>, Lanes128>();

    [Fact]
    public void EightLanesAreEightTimesOne()
    {
        if (Lanes256.IsSupported)
            Check<Vector256<float>, Lanes256>();
        else
            Assert.False(Vector256.IsHardwareAccelerated);
    }

    [Fact]
    public void SixteenLanesAreSixteenTimesOne()
    {
        if (Lanes512.IsSupported)
            Check<Vector512<float>, Lanes512>();
        else
            Assert.False(Vector512.IsHardwareAccelerated);
    }

    [Fact]
    public void OneLaneRoundsToNearestAndKeepsNaN()
    {
        ushort stored;
        Lanes1.StoreBFloat16(1.00390625f, &stored); // half-way between 1 and the next bfloat16: the even one
        Assert.Equal(1f, Lanes1.LoadBFloat16(&stored));
        Lanes1.StoreBFloat16(1.01171875f, &stored);
        Assert.Equal(1.015625f, Lanes1.LoadBFloat16(&stored));
        Lanes1.StoreBFloat16(float.NaN, &stored);
        Assert.True(float.IsNaN(Lanes1.LoadBFloat16(&stored)));
        Assert.True(float.IsNaN(Lanes1.Rectify(float.NaN)));
        Assert.Equal(0, Lanes1.Rectify(-2));
    }

    private static void Check<V, L>() where V : struct where L : struct, ILanes<V>
    {
        float* input = stackalloc float[16], result = stackalloc float[16];
        ushort* stored = stackalloc ushort[16];
        for (int start = 0; start < Numbers.Length; start++)
        {
            for (int i = 0; i < L.Count; i++)
                input[i] = Numbers[(start + i) % Numbers.Length];
            V v = L.Load(input), reversed = L.Subtract(L.Zero, v);
            L.StoreBFloat16(v, stored);
            L.Store(L.LoadBFloat16(stored), result);
            for (int i = 0; i < L.Count; i++)
            {
                Assert.Equal(BFloat16Spans.Round(input[i]), stored[i]);
                Assert.Equal(Lanes1.LoadBFloat16(stored + i), result[i]);
            }
            L.Store(L.Rectify(v), result);
            for (int i = 0; i < L.Count; i++)
                Assert.Equal(Lanes1.Rectify(input[i]), result[i]);
            L.Store(L.KeepPositive(L.Create(7), reversed), result);
            for (int i = 0; i < L.Count; i++)
                Assert.Equal(Lanes1.KeepPositive(7, 0 - input[i]), result[i]);
        }
    }
}
