using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Pooling;

/// <summary>How a pool combines pixels.</summary>
internal interface IPoolOperator
{
    /// <summary>Whether the result is divided by the number of pixels.</summary>
    static abstract bool IsMean { get; }

    static abstract V Combine<V, L>(V a, V b) where V : struct where L : struct, ILanes<V>;
}

/// <summary>The maximum; NaN if any is NaN.</summary>
internal readonly struct MaximumPool : IPoolOperator
{
    public static bool IsMean => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Combine<V, L>(V a, V b) where V : struct where L : struct, ILanes<V> => L.Max(a, b);
}

/// <summary>The mean.</summary>
internal readonly struct MeanPool : IPoolOperator
{
    public static bool IsMean => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Combine<V, L>(V a, V b) where V : struct where L : struct, ILanes<V> => L.Add(a, b);
}

/// <summary>
/// <c>MaxPool</c> and <c>AvgPool</c>, threads on rows of output pixels: the rows of a window are combined first, all
/// channels of all their pixels as one vector, then the columns. So a pool of few channels fills vectors too.
/// </summary>
internal sealed unsafe class PoolForwardKernel<TOperator>(KernelRequest request)
    : PoolKernel(request, request.Inputs[0].Shape) where TOperator : struct, IPoolOperator
{
    /// <summary>Floats of combined rows that stay in the first-level cache.</summary>
    private const int CachedFloats = 4096;

    /// <summary>Floats past the combined rows that a vector may read.</summary>
    private const int Margin = 16;

    private readonly int _pitch = request.OutputPitch();

    public override long ScratchBytes => RowFloats * sizeof(float) * Workers.ThreadCount;

    /// <summary>Output pixels whose rows are combined at a time.</summary>
    private int Block => Math.Max(1, CachedFloats / (Geometry.Channels * Geometry.StrideWidth));

    private long RowFloats => WholeLines(((((Math.Min(Block, Geometry.OutputWidth) - 1L) * Geometry.StrideWidth)
        + Geometry.WindowWidth) * Geometry.Channels) + Margin);

    protected override void RunRange(long first, long last, int part)
    {
        Pool2DGeometry g = Geometry;
        float* row = (float*)Scratch + (part * RowFloats);
        for (long line = first; line < last; line++)
            for (int x = 0; x < g.OutputWidth; x += Block)
                Pool(line, x, Math.Min(Block, g.OutputWidth - x), row);
    }

    protected override void Compute() => Share((long)Geometry.Batch * Geometry.OutputHeight, Work);

    private void Pool(long line, int x, int pixels, float* row)
    {
        Pool2DGeometry g = Geometry;
        (int top, int bottom) = Clip((int)(line % g.OutputHeight), g.StrideHeight, g.PadTop, g.WindowHeight, g.Height);
        int left = Clip(x, g.StrideWidth, g.PadLeft, g.WindowWidth, g.Width).From,
            right = Clip(x + pixels - 1, g.StrideWidth, g.PadLeft, g.WindowWidth, g.Width).To;
        long stride = (long)g.Width * g.Channels;
        float* image = Input(0) + (((line / g.OutputHeight * g.Height) + top) * stride) + ((long)left * g.Channels),
            y = Output() + (((line * g.OutputWidth) + x) * _pitch);
        CombineRows(image, stride, bottom - top, row, (right - left) * g.Channels);
        var block = new PoolBlock(x, pixels, (nint)(row - ((long)left * g.Channels)), (nint)y, bottom - top);
        if (Lanes512.IsSupported && g.Channels > Lanes256.Count)
            CombineColumns<Vector512<float>, Lanes512>(block);
        else if (Lanes256.IsSupported && g.Channels > Lanes128.Count)
            CombineColumns<Vector256<float>, Lanes256>(block);
        else
            CombineColumns<Vector128<float>, Lanes128>(block);
    }

    private static void CombineRows(float* x, long stride, int rows, float* y, int n)
    {
        int i = 0;
        if (Lanes512.IsSupported)
            i = CombineRows<Vector512<float>, Lanes512>(x, stride, rows, y, i, n);
        if (Lanes256.IsSupported)
            i = CombineRows<Vector256<float>, Lanes256>(x, stride, rows, y, i, n);
        i = CombineRows<Vector128<float>, Lanes128>(x, stride, rows, y, i, n);
        CombineRows<float, Lanes1>(x, stride, rows, y, i, n);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int CombineRows<V, L>(float* x, long stride, int rows, float* y, int i, int n)
        where V : struct where L : struct, ILanes<V>
    {
        for (; i <= n - L.Count; i += L.Count)
        {
            float* p = x + i;
            V v = L.Load(p);
            for (int row = 1; row < rows; row++)
                v = TOperator.Combine<V, L>(v, L.Load(p += stride));
            L.Store(v, y + i);
        }
        return i;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void CombineColumns<V, L>(in PoolBlock block) where V : struct where L : struct, ILanes<V>
    {
        int channels = Geometry.Channels, last = channels - L.Count;
        // A vector wider than a pixel spills into the next ones, which are written later.
        int spilling = _pitch == channels ? block.Pixels - ((L.Count + channels - 1) / channels) : -1;
        float* y = block.Target, pixel = stackalloc float[Margin];
        for (int i = 0; i < block.Pixels; i++, y += _pitch)
        {
            (int from, int to) = Clip(block.First + i, Geometry.StrideWidth, Geometry.PadLeft, Geometry.WindowWidth,
                Geometry.Width);
            float* x = block.Row + ((long)from * channels);
            float factor = 1f / ((to - from) * block.Rows);
            if (last < 0)
            {
                float* target = i <= spilling ? y : pixel;
                L.Store(Window<V, L>(x, to - from, factor), target);
                if (target != y)
                    FloatSpans.Copy(y, pixel, channels);
                continue;
            }
            for (int c = 0; c < channels; c += L.Count)
            {
                c = Math.Min(c, last);
                L.Store(Window<V, L>(x + c, to - from, factor), y + c);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private V Window<V, L>(float* x, int columns, float factor) where V : struct where L : struct, ILanes<V>
    {
        V v = L.Load(x);
        for (; columns > 1; columns--)
            v = TOperator.Combine<V, L>(v, L.Load(x += Geometry.Channels));
        return TOperator.IsMean ? L.Multiply(v, L.Create(factor)) : v;
    }

    /// <summary>Some output pixels of a row whose input rows are combined.</summary>
    /// <param name="First">The first one's column.</param>
    /// <param name="Pixels">Pixels.</param>
    /// <param name="RowAddress">Combined rows, at column 0.</param>
    /// <param name="TargetAddress">The first output pixel.</param>
    /// <param name="Rows">Rows combined.</param>
    private readonly record struct PoolBlock(int First, int Pixels, nint RowAddress, nint TargetAddress, int Rows)
    {
        public float* Row => (float*)RowAddress;
        public float* Target => (float*)TargetAddress;
    }
}
