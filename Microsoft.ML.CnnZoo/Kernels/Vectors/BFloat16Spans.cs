using System.Numerics;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.CnnZoo.Kernels.Vectors;

/// <summary>
/// bfloat16 to float32, exactly, and back, to the nearest value, ties to even; NaN stays NaN. A bfloat16 is the upper
/// half of a float32.
/// </summary>
internal static unsafe class BFloat16Spans
{
    /// <summary>Converts one vector of bfloat16 to two of floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(ushort* x, out Vector<float> low, out Vector<float> high)
    {
        Vector.Widen(Vector.Load(x), out Vector<uint> lowBits, out Vector<uint> highBits);
        low = Vector.AsVectorSingle(lowBits << 16);
        high = Vector.AsVectorSingle(highBits << 16);
    }

    /// <summary>Converts two vectors of floats to one of bfloat16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector<float> low, Vector<float> high, ushort* y) =>
        Vector.Narrow(Round(low), Round(high)).Store(y);

    /// <summary>y[i] = x[i].</summary>
    public static void Widen(ushort* x, float* y, long n)
    {
        long i = 0;
        for (; i <= n - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Load(x + i, out Vector<float> low, out Vector<float> high);
            low.Store(y + i);
            high.Store(y + i + Vector<float>.Count);
        }
        for (; i < n; i++)
            y[i] = BitConverter.UInt32BitsToSingle((uint)x[i] << 16);
    }

    /// <summary>y[i] = x[i], rounded.</summary>
    public static void Narrow(float* x, ushort* y, long n)
    {
        long i = 0;
        for (; i <= n - Vector<ushort>.Count; i += Vector<ushort>.Count)
            Store(Vector.Load(x + i), Vector.Load(x + i + Vector<float>.Count), y + i);
        for (; i < n; i++)
            y[i] = Round(x[i]);
    }

    /// <summary>One number, rounded.</summary>
    public static ushort Round(float x)
    {
        uint bits = BitConverter.SingleToUInt32Bits(x);
        return float.IsNaN(x) ? (ushort)((bits >> 16) | 0x40) : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>The bfloat16 in the lower half of each lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> Round(Vector<float> x)
    {
        Vector<uint> bits = Vector.AsVectorUInt32(x), upper = bits >>> 16;
        Vector<uint> rounded = (bits + Vector.Create(0x7FFFu) + (upper & Vector<uint>.One)) >>> 16;
        return Vector.ConditionalSelect(Vector.AsVectorUInt32(Vector.Equals(x, x)), rounded,
            upper | Vector.Create(0x40u));
    }
}
