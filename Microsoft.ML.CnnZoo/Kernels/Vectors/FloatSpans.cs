using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.CnnZoo.Kernels.Vectors;

/// <summary>
/// Copies, clears and adds short runs of floats, for which a call into the runtime costs more than the work.
/// </summary>
internal static unsafe class FloatSpans
{
    /// <summary>
    /// target[0..n) = source[0..n). Up to 16 floats use two overlapping vectors; source and target must not overlap.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(float* target, float* source, long n)
    {
        if (n is >= 4 and <= 8)
        {
            Vector128<float> last = Vector128.Load(source + n - 4);
            Vector128.Load(source).Store(target);
            last.Store(target + n - 4);
        }
        else if (n is > 8 and <= 16)
        {
            Vector256<float> last = Vector256.Load(source + n - 8);
            Vector256.Load(source).Store(target);
            last.Store(target + n - 8);
        }
        else if (n < 4)
        {
            for (long i = 0; i < n; i++)
                target[i] = source[i];
        }
        else
            CopyLong(target, source, n);
    }

    /// <summary>target[0..n) = 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Clear(float* target, long n)
    {
        if (n <= 16)
            for (long i = 0; i < n; i++)
                target[i] = 0;
        else
            Unsafe.InitBlockUnaligned(target, 0, checked((uint)(n * sizeof(float))));
    }

    /// <summary>target[0..n) += source[0..n).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(float* target, float* source, long n)
    {
        long i = 0;
        for (; i <= n - Vector<float>.Count; i += Vector<float>.Count)
            (Vector.Load(target + i) + Vector.Load(source + i)).Store(target + i);
        if (i <= n - 4)
        {
            (Vector128.Load(target + i) + Vector128.Load(source + i)).Store(target + i);
            i += 4;
        }
        for (; i < n; i++)
            target[i] += source[i];
    }

    /// <summary>target[0..n) = max(target, source).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Max(float* target, float* source, long n)
    {
        long i = 0;
        for (; i <= n - Vector<float>.Count; i += Vector<float>.Count)
            Vector.Max(Vector.Load(target + i), Vector.Load(source + i)).Store(target + i);
        if (i <= n - 4)
        {
            Vector128.Max(Vector128.Load(target + i), Vector128.Load(source + i)).Store(target + i);
            i += 4;
        }
        for (; i < n; i++)
            target[i] = MathF.Max(target[i], source[i]);
    }

    /// <summary>target[0..n) += factor · source.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddScaled(float* target, float* source, float factor, long n)
    {
        long i = 0;
        for (; i <= n - Vector<float>.Count; i += Vector<float>.Count)
            Vector.MultiplyAddEstimate(Vector.Load(source + i), Vector.Create(factor), Vector.Load(target + i))
                .Store(target + i);
        if (i <= n - 4)
        {
            Vector128.MultiplyAddEstimate(Vector128.Load(source + i), Vector128.Create(factor),
                Vector128.Load(target + i)).Store(target + i);
            i += 4;
        }
        for (; i < n; i++)
            target[i] += factor * source[i];
    }

    /// <summary>Σ a·b, in 4 vectors of sums.</summary>
    public static float Dot(float* a, float* b, long n)
    {
        int lanes = Vector<float>.Count;
        Vector<float> s0 = Vector<float>.Zero, s1 = s0, s2 = s0, s3 = s0;
        long i = 0;
        for (; i <= n - (4 * lanes); i += 4 * lanes)
        {
            s0 = Vector.MultiplyAddEstimate(Vector.Load(a + i), Vector.Load(b + i), s0);
            s1 = Vector.MultiplyAddEstimate(Vector.Load(a + i + lanes), Vector.Load(b + i + lanes), s1);
            s2 = Vector.MultiplyAddEstimate(Vector.Load(a + i + (2 * lanes)), Vector.Load(b + i + (2 * lanes)), s2);
            s3 = Vector.MultiplyAddEstimate(Vector.Load(a + i + (3 * lanes)), Vector.Load(b + i + (3 * lanes)), s3);
        }
        float sum = Vector.Sum(s0 + s1 + (s2 + s3));
        for (; i < n; i++)
            sum += a[i] * b[i];
        return sum;
    }

    /// <summary>target[0..n) *= factor.</summary>
    public static void Scale(float* target, float factor, long n)
    {
        long i = 0;
        for (; i <= n - Vector<float>.Count; i += Vector<float>.Count)
            (Vector.Load(target + i) * factor).Store(target + i);
        for (; i < n; i++)
            target[i] *= factor;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyLong(float* target, float* source, long n)
    {
        if (n > 1024)
        {
            Buffer.MemoryCopy(source, target, n * sizeof(float), n * sizeof(float));
            return;
        }
        long i = 0;
        for (; i <= n - 8; i += 8)
            Vector256.Load(source + i).Store(target + i);
        Vector256.Load(source + n - 8).Store(target + n - 8);
    }
}
