using Microsoft.ML.CnnZoo.Kernels.Vectors;
using Microsoft.ML.CnnZoo.Weights;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Kernels.Vectors;

/// <summary>Rounding to bfloat16 and back, in vectors and in their remainders.</summary>
public sealed unsafe class BFloat16SpansTests
{
    [Theory]
    [InlineData(1f, 0x3F80)]
    [InlineData(1.00390625f, 0x3F80)] // halfway: to even, down
    [InlineData(1.01171875f, 0x3F82)] // halfway: to even, up
    [InlineData(1.0039064f, 0x3F81)]
    [InlineData(-1.00390625f, 0xBF80)]
    [InlineData(0f, 0)]
    [InlineData(-0f, 0x8000)]
    [InlineData(float.MaxValue, 0x7F80)] // rounds to infinity
    [InlineData(float.PositiveInfinity, 0x7F80)]
    [InlineData(float.NegativeInfinity, 0xFF80)]
    [InlineData(1e-40f, 0x0001)] // a subnormal
    public void Narrow_Value_IsRoundedToNearestEven(float value, int expected)
    {
        foreach (int n in new[] { 1, 7, 16, 33 })
            Assert.All(Narrow([.. Enumerable.Repeat(value, n)]), bits => Assert.Equal(expected, bits));
    }

    [Theory]
    [InlineData(0x7FC00000u)]
    [InlineData(0x7F800001u)] // the upper half alone would be infinity
    [InlineData(0xFFFFFFFFu)] // adding would overflow
    public void Narrow_NaN_StaysNaN(uint bits) =>
        Assert.All(Widen(Narrow([.. Enumerable.Repeat(BitConverter.UInt32BitsToSingle(bits), 21)])),
            v => Assert.True(float.IsNaN(v)));

    [Fact]
    public void NarrowAndWiden_RandomBits_AgreeWithOneAtATime()
    {
        var random = new Random(1);
        foreach (int n in new[] { 1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 1000 })
        {
            float[] values = [.. Enumerable.Range(0, n)
                .Select(_ => BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue)))];
            ushort[] narrow = Narrow(values);
            float[] wide = Widen(narrow);
            for (int i = 0; i < n; i++)
            {
                Assert.Equal(narrow[i], BFloat16Spans.Round(values[i]));
                if (!float.IsNaN(values[i]))
                    Assert.Equal(TensorElements.ToBFloat16(values[i]), narrow[i]);
                Assert.Equal((uint)narrow[i] << 16, BitConverter.SingleToUInt32Bits(wide[i]));
            }
        }
    }

    private static ushort[] Narrow(float[] values)
    {
        var result = new ushort[values.Length];
        fixed (float* x = values)
        fixed (ushort* y = result)
            BFloat16Spans.Narrow(x, y, values.Length);
        return result;
    }

    private static float[] Widen(ushort[] values)
    {
        var result = new float[values.Length];
        fixed (ushort* x = values)
        fixed (float* y = result)
            BFloat16Spans.Widen(x, y, values.Length);
        return result;
    }
}
