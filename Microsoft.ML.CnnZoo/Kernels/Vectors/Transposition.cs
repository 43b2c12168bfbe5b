using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.CnnZoo.Kernels.Vectors;

/// <summary>Transposes blocks of floats, four rows by four columns at a time in registers.</summary>
internal static unsafe class Transposition
{
    /// <summary>target[j][i] = source[i][j] for rows i and columns j of the source.</summary>
    /// <param name="source">Element (0, 0).</param>
    /// <param name="sourceRow">Floats between rows of the source.</param>
    /// <param name="rows">Rows of the source.</param>
    /// <param name="columns">Columns of the source.</param>
    /// <param name="target">Where element (0, 0) goes.</param>
    /// <param name="targetRow">Floats between rows of the target.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(float* source, nint sourceRow, int rows, int columns, float* target, nint targetRow)
    {
        int i = 0;
        for (; i + 4 <= rows; i += 4)
            FourRows(source + (i * sourceRow), sourceRow, columns, target + i, targetRow);
        for (; i < rows; i++)
        {
            float* from = source + (i * sourceRow), to = target + i;
            for (int j = 0; j < columns; j++, to += targetRow)
                *to = from[j];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourRows(float* s0, nint sourceRow, int columns, float* target, nint targetRow)
    {
        float* s1 = s0 + sourceRow, s2 = s1 + sourceRow, s3 = s2 + sourceRow;
        int j = 0;
        for (; j + 4 <= columns; j += 4, target += 4 * targetRow)
        {
            Vector128<float> a = Vector128.Load(s0 + j), b = Vector128.Load(s1 + j), c = Vector128.Load(s2 + j),
                d = Vector128.Load(s3 + j);
            Vector128<float> ac0 = ZipLow(a, c), ac1 = ZipHigh(a, c), bd0 = ZipLow(b, d), bd1 = ZipHigh(b, d);
            ZipLow(ac0, bd0).Store(target);
            ZipHigh(ac0, bd0).Store(target + targetRow);
            ZipLow(ac1, bd1).Store(target + (2 * targetRow));
            ZipHigh(ac1, bd1).Store(target + (3 * targetRow));
        }
        for (; j < columns; j++, target += targetRow)
            Vector128.Create(s0[j], s1[j], s2[j], s3[j]).Store(target);
    }

    /// <summary>a0 b0 a1 b1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> ZipLow(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackLow(a, b) : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b)
        : Vector128.Create(a[0], b[0], a[1], b[1]);

    /// <summary>a2 b2 a3 b3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> ZipHigh(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackHigh(a, b) : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b)
        : Vector128.Create(a[2], b[2], a[3], b[3]);
}
