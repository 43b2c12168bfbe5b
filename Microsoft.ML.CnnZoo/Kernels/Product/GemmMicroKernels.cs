using System.Runtime.CompilerServices;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Product;

/// <summary>
/// Register tiles of the matrix product: C[rows, lanes] (+)= A·B over k. A is read one element at a time with any
/// strides (so a transposed operand costs nothing), B from packed panels. Written out by hand because accumulators stay
/// in registers only as separate locals: 14 rows by two vectors need 28 of AVX-512's 32 registers, 6 rows by two
/// vectors 12 of the 16 of AVX2 and SSE.
/// </summary>
internal static unsafe class GemmMicroKernels
{
    /// <summary>14 rows by 2 vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile14x2<V, L>(nint k, float* a, nint ars, nint aks, float* b, nint brs, float* c, nint ldc,
        bool accumulate)
        where V : struct where L : struct, ILanes<V>
    {
        V c0a = L.Zero, c0b = L.Zero, c1a = L.Zero, c1b = L.Zero, c2a = L.Zero, c2b = L.Zero, c3a = L.Zero, c3b = L.Zero,
            c4a = L.Zero, c4b = L.Zero, c5a = L.Zero, c5b = L.Zero, c6a = L.Zero, c6b = L.Zero, c7a = L.Zero, c7b = L.Zero,
            c8a = L.Zero, c8b = L.Zero, c9a = L.Zero, c9b = L.Zero, c10a = L.Zero, c10b = L.Zero, c11a = L.Zero, c11b = L.Zero,
            c12a = L.Zero, c12b = L.Zero, c13a = L.Zero, c13b = L.Zero;
        float* a0 = a, a3 = a + (3 * ars), a6 = a + (6 * ars), a9 = a + (9 * ars), a12 = a + (12 * ars);
        nint ars2 = 2 * ars;
        for (; k > 0; k--)
        {
            V b0 = L.Load(b), b1 = L.Load(b + L.Count), v;
            v = L.Broadcast(a0); c0a = L.MultiplyAdd(v, b0, c0a); c0b = L.MultiplyAdd(v, b1, c0b);
            v = L.Broadcast(a0 + ars); c1a = L.MultiplyAdd(v, b0, c1a); c1b = L.MultiplyAdd(v, b1, c1b);
            v = L.Broadcast(a0 + ars2); c2a = L.MultiplyAdd(v, b0, c2a); c2b = L.MultiplyAdd(v, b1, c2b);
            v = L.Broadcast(a3); c3a = L.MultiplyAdd(v, b0, c3a); c3b = L.MultiplyAdd(v, b1, c3b);
            v = L.Broadcast(a3 + ars); c4a = L.MultiplyAdd(v, b0, c4a); c4b = L.MultiplyAdd(v, b1, c4b);
            v = L.Broadcast(a3 + ars2); c5a = L.MultiplyAdd(v, b0, c5a); c5b = L.MultiplyAdd(v, b1, c5b);
            v = L.Broadcast(a6); c6a = L.MultiplyAdd(v, b0, c6a); c6b = L.MultiplyAdd(v, b1, c6b);
            v = L.Broadcast(a6 + ars); c7a = L.MultiplyAdd(v, b0, c7a); c7b = L.MultiplyAdd(v, b1, c7b);
            v = L.Broadcast(a6 + ars2); c8a = L.MultiplyAdd(v, b0, c8a); c8b = L.MultiplyAdd(v, b1, c8b);
            v = L.Broadcast(a9); c9a = L.MultiplyAdd(v, b0, c9a); c9b = L.MultiplyAdd(v, b1, c9b);
            v = L.Broadcast(a9 + ars); c10a = L.MultiplyAdd(v, b0, c10a); c10b = L.MultiplyAdd(v, b1, c10b);
            v = L.Broadcast(a9 + ars2); c11a = L.MultiplyAdd(v, b0, c11a); c11b = L.MultiplyAdd(v, b1, c11b);
            v = L.Broadcast(a12); c12a = L.MultiplyAdd(v, b0, c12a); c12b = L.MultiplyAdd(v, b1, c12b);
            v = L.Broadcast(a12 + ars); c13a = L.MultiplyAdd(v, b0, c13a); c13b = L.MultiplyAdd(v, b1, c13b);
            a0 += aks; a3 += aks; a6 += aks; a9 += aks; a12 += aks; b += brs;
        }
        Put<V, L>(c, c0a, c0b, accumulate); Put<V, L>(c + ldc, c1a, c1b, accumulate);
        Put<V, L>(c + (2 * ldc), c2a, c2b, accumulate); Put<V, L>(c + (3 * ldc), c3a, c3b, accumulate);
        Put<V, L>(c + (4 * ldc), c4a, c4b, accumulate); Put<V, L>(c + (5 * ldc), c5a, c5b, accumulate);
        Put<V, L>(c + (6 * ldc), c6a, c6b, accumulate); Put<V, L>(c + (7 * ldc), c7a, c7b, accumulate);
        Put<V, L>(c + (8 * ldc), c8a, c8b, accumulate); Put<V, L>(c + (9 * ldc), c9a, c9b, accumulate);
        Put<V, L>(c + (10 * ldc), c10a, c10b, accumulate); Put<V, L>(c + (11 * ldc), c11a, c11b, accumulate);
        Put<V, L>(c + (12 * ldc), c12a, c12b, accumulate); Put<V, L>(c + (13 * ldc), c13a, c13b, accumulate);
    }

    /// <summary>14 rows by 1 vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile14x1<V, L>(nint k, float* a, nint ars, nint aks, float* b, nint brs, float* c, nint ldc,
        bool accumulate)
        where V : struct where L : struct, ILanes<V>
    {
        V c0a = L.Zero, c1a = L.Zero, c2a = L.Zero, c3a = L.Zero, c4a = L.Zero, c5a = L.Zero, c6a = L.Zero, c7a = L.Zero,
            c8a = L.Zero, c9a = L.Zero, c10a = L.Zero, c11a = L.Zero, c12a = L.Zero, c13a = L.Zero;
        float* a0 = a, a3 = a + (3 * ars), a6 = a + (6 * ars), a9 = a + (9 * ars), a12 = a + (12 * ars);
        nint ars2 = 2 * ars;
        for (; k > 0; k--)
        {
            V b0 = L.Load(b), v;
            v = L.Broadcast(a0); c0a = L.MultiplyAdd(v, b0, c0a);
            v = L.Broadcast(a0 + ars); c1a = L.MultiplyAdd(v, b0, c1a);
            v = L.Broadcast(a0 + ars2); c2a = L.MultiplyAdd(v, b0, c2a);
            v = L.Broadcast(a3); c3a = L.MultiplyAdd(v, b0, c3a);
            v = L.Broadcast(a3 + ars); c4a = L.MultiplyAdd(v, b0, c4a);
            v = L.Broadcast(a3 + ars2); c5a = L.MultiplyAdd(v, b0, c5a);
            v = L.Broadcast(a6); c6a = L.MultiplyAdd(v, b0, c6a);
            v = L.Broadcast(a6 + ars); c7a = L.MultiplyAdd(v, b0, c7a);
            v = L.Broadcast(a6 + ars2); c8a = L.MultiplyAdd(v, b0, c8a);
            v = L.Broadcast(a9); c9a = L.MultiplyAdd(v, b0, c9a);
            v = L.Broadcast(a9 + ars); c10a = L.MultiplyAdd(v, b0, c10a);
            v = L.Broadcast(a9 + ars2); c11a = L.MultiplyAdd(v, b0, c11a);
            v = L.Broadcast(a12); c12a = L.MultiplyAdd(v, b0, c12a);
            v = L.Broadcast(a12 + ars); c13a = L.MultiplyAdd(v, b0, c13a);
            a0 += aks; a3 += aks; a6 += aks; a9 += aks; a12 += aks; b += brs;
        }
        Put<V, L>(c, c0a, accumulate); Put<V, L>(c + ldc, c1a, accumulate);
        Put<V, L>(c + (2 * ldc), c2a, accumulate); Put<V, L>(c + (3 * ldc), c3a, accumulate);
        Put<V, L>(c + (4 * ldc), c4a, accumulate); Put<V, L>(c + (5 * ldc), c5a, accumulate);
        Put<V, L>(c + (6 * ldc), c6a, accumulate); Put<V, L>(c + (7 * ldc), c7a, accumulate);
        Put<V, L>(c + (8 * ldc), c8a, accumulate); Put<V, L>(c + (9 * ldc), c9a, accumulate);
        Put<V, L>(c + (10 * ldc), c10a, accumulate); Put<V, L>(c + (11 * ldc), c11a, accumulate);
        Put<V, L>(c + (12 * ldc), c12a, accumulate); Put<V, L>(c + (13 * ldc), c13a, accumulate);
    }

    /// <summary>7 rows by 2 vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile7x2<V, L>(nint k, float* a, nint ars, nint aks, float* b, nint brs, float* c, nint ldc,
        bool accumulate)
        where V : struct where L : struct, ILanes<V>
    {
        V c0a = L.Zero, c0b = L.Zero, c1a = L.Zero, c1b = L.Zero, c2a = L.Zero, c2b = L.Zero, c3a = L.Zero, c3b = L.Zero,
            c4a = L.Zero, c4b = L.Zero, c5a = L.Zero, c5b = L.Zero, c6a = L.Zero, c6b = L.Zero;
        float* a0 = a, a3 = a + (3 * ars), a6 = a + (6 * ars);
        nint ars2 = 2 * ars;
        for (; k > 0; k--)
        {
            V b0 = L.Load(b), b1 = L.Load(b + L.Count), v;
            v = L.Broadcast(a0); c0a = L.MultiplyAdd(v, b0, c0a); c0b = L.MultiplyAdd(v, b1, c0b);
            v = L.Broadcast(a0 + ars); c1a = L.MultiplyAdd(v, b0, c1a); c1b = L.MultiplyAdd(v, b1, c1b);
            v = L.Broadcast(a0 + ars2); c2a = L.MultiplyAdd(v, b0, c2a); c2b = L.MultiplyAdd(v, b1, c2b);
            v = L.Broadcast(a3); c3a = L.MultiplyAdd(v, b0, c3a); c3b = L.MultiplyAdd(v, b1, c3b);
            v = L.Broadcast(a3 + ars); c4a = L.MultiplyAdd(v, b0, c4a); c4b = L.MultiplyAdd(v, b1, c4b);
            v = L.Broadcast(a3 + ars2); c5a = L.MultiplyAdd(v, b0, c5a); c5b = L.MultiplyAdd(v, b1, c5b);
            v = L.Broadcast(a6); c6a = L.MultiplyAdd(v, b0, c6a); c6b = L.MultiplyAdd(v, b1, c6b);
            a0 += aks; a3 += aks; a6 += aks; b += brs;
        }
        Put<V, L>(c, c0a, c0b, accumulate); Put<V, L>(c + ldc, c1a, c1b, accumulate);
        Put<V, L>(c + (2 * ldc), c2a, c2b, accumulate); Put<V, L>(c + (3 * ldc), c3a, c3b, accumulate);
        Put<V, L>(c + (4 * ldc), c4a, c4b, accumulate); Put<V, L>(c + (5 * ldc), c5a, c5b, accumulate);
        Put<V, L>(c + (6 * ldc), c6a, c6b, accumulate);
    }

    /// <summary>7 rows by 1 vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile7x1<V, L>(nint k, float* a, nint ars, nint aks, float* b, nint brs, float* c, nint ldc,
        bool accumulate)
        where V : struct where L : struct, ILanes<V>
    {
        V c0a = L.Zero, c1a = L.Zero, c2a = L.Zero, c3a = L.Zero, c4a = L.Zero, c5a = L.Zero, c6a = L.Zero;
        float* a0 = a, a3 = a + (3 * ars), a6 = a + (6 * ars);
        nint ars2 = 2 * ars;
        for (; k > 0; k--)
        {
            V b0 = L.Load(b), v;
            v = L.Broadcast(a0); c0a = L.MultiplyAdd(v, b0, c0a);
            v = L.Broadcast(a0 + ars); c1a = L.MultiplyAdd(v, b0, c1a);
            v = L.Broadcast(a0 + ars2); c2a = L.MultiplyAdd(v, b0, c2a);
            v = L.Broadcast(a3); c3a = L.MultiplyAdd(v, b0, c3a);
            v = L.Broadcast(a3 + ars); c4a = L.MultiplyAdd(v, b0, c4a);
            v = L.Broadcast(a3 + ars2); c5a = L.MultiplyAdd(v, b0, c5a);
            v = L.Broadcast(a6); c6a = L.MultiplyAdd(v, b0, c6a);
            a0 += aks; a3 += aks; a6 += aks; b += brs;
        }
        Put<V, L>(c, c0a, accumulate); Put<V, L>(c + ldc, c1a, accumulate);
        Put<V, L>(c + (2 * ldc), c2a, accumulate); Put<V, L>(c + (3 * ldc), c3a, accumulate);
        Put<V, L>(c + (4 * ldc), c4a, accumulate); Put<V, L>(c + (5 * ldc), c5a, accumulate);
        Put<V, L>(c + (6 * ldc), c6a, accumulate);
    }

    /// <summary>6 rows by 2 vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile6x2<V, L>(nint k, float* a, nint ars, nint aks, float* b, nint brs, float* c, nint ldc,
        bool accumulate)
        where V : struct where L : struct, ILanes<V>
    {
        V c0a = L.Zero, c0b = L.Zero, c1a = L.Zero, c1b = L.Zero, c2a = L.Zero, c2b = L.Zero, c3a = L.Zero, c3b = L.Zero,
            c4a = L.Zero, c4b = L.Zero, c5a = L.Zero, c5b = L.Zero;
        float* a0 = a, a3 = a + (3 * ars);
        nint ars2 = 2 * ars;
        for (; k > 0; k--)
        {
            V b0 = L.Load(b), b1 = L.Load(b + L.Count), v;
            v = L.Broadcast(a0); c0a = L.MultiplyAdd(v, b0, c0a); c0b = L.MultiplyAdd(v, b1, c0b);
            v = L.Broadcast(a0 + ars); c1a = L.MultiplyAdd(v, b0, c1a); c1b = L.MultiplyAdd(v, b1, c1b);
            v = L.Broadcast(a0 + ars2); c2a = L.MultiplyAdd(v, b0, c2a); c2b = L.MultiplyAdd(v, b1, c2b);
            v = L.Broadcast(a3); c3a = L.MultiplyAdd(v, b0, c3a); c3b = L.MultiplyAdd(v, b1, c3b);
            v = L.Broadcast(a3 + ars); c4a = L.MultiplyAdd(v, b0, c4a); c4b = L.MultiplyAdd(v, b1, c4b);
            v = L.Broadcast(a3 + ars2); c5a = L.MultiplyAdd(v, b0, c5a); c5b = L.MultiplyAdd(v, b1, c5b);
            a0 += aks; a3 += aks; b += brs;
        }
        Put<V, L>(c, c0a, c0b, accumulate); Put<V, L>(c + ldc, c1a, c1b, accumulate);
        Put<V, L>(c + (2 * ldc), c2a, c2b, accumulate); Put<V, L>(c + (3 * ldc), c3a, c3b, accumulate);
        Put<V, L>(c + (4 * ldc), c4a, c4b, accumulate); Put<V, L>(c + (5 * ldc), c5a, c5b, accumulate);
    }

    /// <summary>6 rows by 1 vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile6x1<V, L>(nint k, float* a, nint ars, nint aks, float* b, nint brs, float* c, nint ldc,
        bool accumulate)
        where V : struct where L : struct, ILanes<V>
    {
        V c0a = L.Zero, c1a = L.Zero, c2a = L.Zero, c3a = L.Zero, c4a = L.Zero, c5a = L.Zero;
        float* a0 = a, a3 = a + (3 * ars);
        nint ars2 = 2 * ars;
        for (; k > 0; k--)
        {
            V b0 = L.Load(b), v;
            v = L.Broadcast(a0); c0a = L.MultiplyAdd(v, b0, c0a);
            v = L.Broadcast(a0 + ars); c1a = L.MultiplyAdd(v, b0, c1a);
            v = L.Broadcast(a0 + ars2); c2a = L.MultiplyAdd(v, b0, c2a);
            v = L.Broadcast(a3); c3a = L.MultiplyAdd(v, b0, c3a);
            v = L.Broadcast(a3 + ars); c4a = L.MultiplyAdd(v, b0, c4a);
            v = L.Broadcast(a3 + ars2); c5a = L.MultiplyAdd(v, b0, c5a);
            a0 += aks; a3 += aks; b += brs;
        }
        Put<V, L>(c, c0a, accumulate); Put<V, L>(c + ldc, c1a, accumulate);
        Put<V, L>(c + (2 * ldc), c2a, accumulate); Put<V, L>(c + (3 * ldc), c3a, accumulate);
        Put<V, L>(c + (4 * ldc), c4a, accumulate); Put<V, L>(c + (5 * ldc), c5a, accumulate);
    }

    /// <summary>1 row by 2 vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile1x2<V, L>(nint k, float* a, nint ars, nint aks, float* b, nint brs, float* c, nint ldc,
        bool accumulate)
        where V : struct where L : struct, ILanes<V>
    {
        V c0a = L.Zero, c0b = L.Zero;
        float* a0 = a;
        for (; k > 0; k--)
        {
            V b0 = L.Load(b), b1 = L.Load(b + L.Count), v;
            v = L.Broadcast(a0); c0a = L.MultiplyAdd(v, b0, c0a); c0b = L.MultiplyAdd(v, b1, c0b);
            a0 += aks; b += brs;
        }
        Put<V, L>(c, c0a, c0b, accumulate);
    }

    /// <summary>1 row by 1 vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile1x1<V, L>(nint k, float* a, nint ars, nint aks, float* b, nint brs, float* c, nint ldc,
        bool accumulate)
        where V : struct where L : struct, ILanes<V>
    {
        V c0a = L.Zero;
        float* a0 = a;
        for (; k > 0; k--)
        {
            V b0 = L.Load(b), v;
            v = L.Broadcast(a0); c0a = L.MultiplyAdd(v, b0, c0a);
            a0 += aks; b += brs;
        }
        Put<V, L>(c, c0a, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<V, L>(float* c, V x, V y, bool accumulate) where V : struct where L : struct, ILanes<V>
    {
        if (accumulate)
        {
            x = L.Add(x, L.Load(c));
            y = L.Add(y, L.Load(c + L.Count));
        }
        L.Store(x, c);
        L.Store(y, c + L.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<V, L>(float* c, V x, bool accumulate) where V : struct where L : struct, ILanes<V> =>
        L.Store(accumulate ? L.Add(x, L.Load(c)) : x, c);
}
