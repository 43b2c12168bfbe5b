using System.Numerics;
using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Distributed;

/// <summary>
/// Gradients rounded to bfloat16 for the wire. What rounding took is kept and added in the next step (error feedback:
/// Seide et al. 2014; Karimireddy et al. 2019, arXiv:1901.09847), on the way out and once more for the mean.
/// </summary>
/// <param name="length">Elements of the bucket.</param>
/// <param name="share">Elements of the share that this rank adds up.</param>
internal sealed unsafe class BFloat16Wire(int length, int share) : IDisposable
{
    private readonly NativeBuffer _errors = new(length * (long)sizeof(float)), _sum = new(share * (long)sizeof(float)),
        _sumErrors = new(share * (long)sizeof(float));

    /// <summary>Rounds, with what earlier steps left, and keeps what is left now.</summary>
    /// <param name="source">Gradients.</param>
    /// <param name="target">Receives bfloat16.</param>
    /// <param name="at">Where they are in the bucket.</param>
    public void Pack(ReadOnlySpan<float> source, ushort* target, int at)
    {
        fixed (float* values = source)
            Round(values, (float*)_errors.Pointer + at, target, source.Length);
    }

    /// <summary>Adds a rank's share to the sum.</summary>
    public void Add(ushort* values, int count, float weight)
    {
        var sum = (float*)_sum.Pointer;
        int i = 0;
        var weights = new Vector<float>(weight);
        for (; i <= count - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(Vector.Load(values + i), out Vector<uint> low, out Vector<uint> high);
            AddTo(sum + i, low, weights);
            AddTo(sum + i + Vector<float>.Count, high, weights);
        }
        for (; i < count; i++)
            sum[i] = MathF.FusedMultiplyAdd(Widen(values[i]), weight, sum[i]);
    }

    /// <summary>Rounds the sum, and begins another.</summary>
    public void TakeSum(ushort* target, int count)
    {
        Round((float*)_sum.Pointer, (float*)_sumErrors.Pointer, target, count);
        _sum.Span<float>()[..count].Clear();
    }

    /// <summary>bfloat16 as float32.</summary>
    public static void Widen(ushort* source, Span<float> target)
    {
        for (int i = 0; i < target.Length; i++)
            target[i] = Widen(source[i]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _errors.Dispose();
        _sum.Dispose();
        _sumErrors.Dispose();
    }

    private static void AddTo(float* sum, Vector<uint> halves, Vector<float> weights) =>
        Vector.FusedMultiplyAdd(Vector.AsVectorSingle(halves << 16), weights, Vector.Load(sum)).Store(sum);

    /// <summary>To nearest, ties to even; infinities and NaN stay what they are, and leave nothing behind.</summary>
    private static void Round(float* values, float* errors, ushort* target, int count)
    {
        for (int i = 0; i < count; i++)
        {
            float value = values[i] + errors[i];
            uint bits = BitConverter.SingleToUInt32Bits(value);
            if (!float.IsFinite(value))
            {
                (target[i], errors[i]) = ((ushort)((bits >> 16) | (float.IsNaN(value) ? 1u : 0)), 0);
                continue;
            }
            target[i] = (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
            float error = value - Widen(target[i]);
            errors[i] = float.IsFinite(error) ? error : 0;
        }
    }

    private static float Widen(ushort value) => BitConverter.UInt32BitsToSingle((uint)value << 16);
}
