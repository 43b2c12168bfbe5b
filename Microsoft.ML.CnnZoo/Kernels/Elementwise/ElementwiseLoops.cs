using System.Numerics;
using System.Runtime.CompilerServices;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Elementwise;

/// <summary>y = f(x) on a vector of floats.</summary>
internal interface IUnaryOperator
{
    static abstract Vector<float> Invoke(Vector<float> x);
}

/// <summary>y = f(a, b) on vectors of floats.</summary>
internal interface IBinaryOperator
{
    static abstract Vector<float> Invoke(Vector<float> a, Vector<float> b);
}

/// <summary>The greater or the smaller of two; NaN if either is NaN.</summary>
internal interface IExtremeOperator : IBinaryOperator
{
    /// <summary>The result for no elements: −∞ or ∞.</summary>
    static abstract float OfNothing { get; }
    static abstract float Invoke(float a, float b);
}

/// <summary>
/// Loops that drive elementwise operators: full vectors (4, 8 or 16 lanes), then the remainder in one padded vector.
/// Input and output may be the same.
/// </summary>
internal static unsafe class ElementwiseLoops
{
    /// <summary>y[i] = f(x[i]).</summary>
    [SkipLocalsInit]
    public static void Map<TOperator>(float* x, float* y, long n) where TOperator : struct, IUnaryOperator
    {
        int lanes = Vector<float>.Count;
        long i = 0;
        for (; i <= n - lanes; i += lanes)
            TOperator.Invoke(Vector.Load(x + i)).Store(y + i);
        if (i == n)
            return;
        float* rest = stackalloc float[lanes];
        Vector<float>.One.Store(rest);
        FloatSpans.Copy(rest, x + i, n - i);
        TOperator.Invoke(Vector.Load(rest)).Store(rest);
        FloatSpans.Copy(y + i, rest, n - i);
    }

    /// <summary>
    /// y[i] = f(a[i], b[i]); with <paramref name="aStep"/> or <paramref name="bStep"/> 0 that operand is one number.
    /// </summary>
    [SkipLocalsInit]
    public static void Zip<TOperator>(float* a, int aStep, float* b, int bStep, float* y, long n)
        where TOperator : struct, IBinaryOperator
    {
        int lanes = Vector<float>.Count;
        long i = 0;
        if (n >= lanes)
        {
            Vector<float> av = Vector.Create(*a), bv = Vector.Create(*b);
            if (aStep != 0 && bStep != 0)
                for (; i <= n - lanes; i += lanes)
                    TOperator.Invoke(Vector.Load(a + i), Vector.Load(b + i)).Store(y + i);
            else if (aStep != 0)
                for (; i <= n - lanes; i += lanes)
                    TOperator.Invoke(Vector.Load(a + i), bv).Store(y + i);
            else
                for (; i <= n - lanes; i += lanes)
                    TOperator.Invoke(av, bStep == 0 ? bv : Vector.Load(b + i)).Store(y + i);
        }
        if (i == n)
            return;
        float* rest = stackalloc float[2 * lanes];
        Vector<float>.One.Store(rest);
        Vector<float>.One.Store(rest + lanes);
        for (long j = i; j < n; j++)
            (rest[j - i], rest[lanes + j - i]) = (a[j * aStep], b[j * bStep]);
        TOperator.Invoke(Vector.Load(rest), Vector.Load(rest + lanes)).Store(rest);
        FloatSpans.Copy(y + i, rest, n - i);
    }
}
