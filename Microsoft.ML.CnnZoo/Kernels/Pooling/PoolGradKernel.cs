using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Pooling;

/// <summary>How a pool's gradient is spread over the pixels of a window.</summary>
internal interface IPoolGradient
{
    /// <summary>Whether each real pixel gets an equal share; else x and the pool's result are read.</summary>
    static abstract bool IsMean { get; }
}

/// <summary>The gradient goes to the first pixel, row-major, that equals the maximum.</summary>
internal readonly struct MaximumPoolGradient : IPoolGradient
{
    public static bool IsMean => false;
}

/// <summary>Equal shares.</summary>
internal readonly struct MeanPoolGradient : IPoolGradient
{
    public static bool IsMean => true;
}

/// <summary>
/// <c>MaxPoolGrad</c> (x, y, dy) and <c>AvgPoolGrad</c> (shape, dy): windows may overlap, so each thread owns whole
/// images or, when there are too few, blocks of channels.
/// </summary>
internal sealed unsafe class PoolGradKernel<TGradient>(KernelRequest request)
    : PoolKernel(request, request.Outputs[0].Shape) where TGradient : struct, IPoolGradient
{
    private const int ChannelBlock = 32;

    private readonly int _resultPitch = TGradient.IsMean ? 0 : request.Inputs[1].Pitch;

    /// <summary>Whether each pixel belongs to at most one window, so that its gradient is written, not added.</summary>
    private bool IsDisjoint => Geometry.WindowHeight <= Geometry.StrideHeight
        && Geometry.WindowWidth <= Geometry.StrideWidth;

    /// <summary>Blocks of channels that each image is divided into.</summary>
    private int Blocks => Geometry.Batch % Workers.ThreadCount == 0 ? 1 : (Geometry.Channels + ChannelBlock - 1) / ChannelBlock;

    protected override void RunRange(long first, long last, int part)
    {
        Pool2DGeometry g = Geometry;
        int blocks = Blocks, width = blocks == 1 ? g.Channels : ChannelBlock;
        for (long item = first; item < last; item++)
        {
            int channel = (int)(item % blocks) * width;
            if (TGradient.IsMean && g.TilesImage && blocks == 1)
                SpreadTiles(item);
            else
                SpreadImage(item / blocks, channel, Math.Min(width, g.Channels - channel));
        }
    }

    protected override void Compute() => Share((long)Geometry.Batch * Blocks, Work);

    /// <summary>dx of one image, for a block of channels; rows are cleared just before they are needed.</summary>
    private void SpreadImage(long n, int channel, int channels)
    {
        Pool2DGeometry g = Geometry;
        long row = (long)g.Width * g.Channels, image = (n * g.Height * row) + channel;
        int cleared = 0;
        for (int y = 0; y < g.OutputHeight; y++)
        {
            (int top, int bottom) = Clip(y, g.StrideHeight, g.PadTop, g.WindowHeight, g.Height);
            for (int end = y == g.OutputHeight - 1 ? g.Height : bottom; cleared < end; cleared++)
                ClearRow(Output() + image + (cleared * row), channels);
            long result = ((n * g.OutputHeight) + y) * g.OutputWidth;
            var windows = new WindowRow((nint)(TGradient.IsMean ? null : Input(0) + image + (top * row)),
                (nint)(Output() + image + (top * row)),
                (nint)(TGradient.IsMean ? null : Input(1) + (result * _resultPitch) + channel),
                (nint)(Input(TGradient.IsMean ? 1 : 2) + (result * g.Channels) + channel), bottom - top, channels);
            int c = 0;
            if (Lanes512.IsSupported)
                c = SpreadRow<Vector512<float>, Lanes512>(windows, c);
            if (Lanes256.IsSupported && c < channels)
                c = SpreadRow<Vector256<float>, Lanes256>(windows, c);
            if (c < channels)
                c = SpreadRow<Vector128<float>, Lanes128>(windows, c);
            if (c < channels)
                SpreadRow<float, Lanes1>(windows, c);
        }
    }

    /// <summary>
    /// dx of one image whose pixels belong to one window each: the rows of a window are equal.
    /// </summary>
    private void SpreadTiles(long n)
    {
        Pool2DGeometry g = Geometry;
        int channels = g.Channels;
        long row = (long)g.Width * channels;
        float share = 1f / (g.WindowHeight * g.WindowWidth);
        float* dx = Output() + (n * g.Height * row), dy = Input(1) + (n * g.OutputHeight * g.OutputWidth * channels);
        for (int y = 0; y < g.OutputHeight; y++)
        {
            float* pixel = dx;
            for (int x = 0; x < g.OutputWidth; x++, dy += channels)
                for (int w = 0; w < g.WindowWidth; w++, pixel += channels)
                    for (int c = 0; c < channels; c++)
                        pixel[c] = dy[c] * share;
            float* first = dx;
            dx += row;
            for (int h = 1; h < g.WindowHeight; h++, dx += row)
                FloatSpans.Copy(dx, first, row);
        }
    }

    private void ClearRow(float* dx, int channels)
    {
        if (channels == Geometry.Channels)
            FloatSpans.Clear(dx, (long)Geometry.Width * channels);
        else
            for (int w = 0; w < Geometry.Width; w++, dx += Geometry.Channels)
                FloatSpans.Clear(dx, channels);
    }

    /// <summary>
    /// All windows of a row, for the channels from <paramref name="first"/> on that fill pairs of vectors; returns the
    /// first channel left. What is written may be written twice, so the vectors of disjoint windows may overlap.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int SpreadRow<V, L>(in WindowRow row, int first) where V : struct where L : struct, ILanes<V>
    {
        Pool2DGeometry g = Geometry;
        bool isDisjoint = IsDisjoint;
        int channels = row.Channels, last = channels - L.Count, all = g.Channels,
            end = isDisjoint || L.Count == 1 ? last : last - L.Count, c = first;
        if (c > end)
            return c;
        float* dy = (float*)row.Gradient, y = (float*)row.Result;
        nint stride = (nint)g.Width * all;
        for (int x = 0; x < g.OutputWidth; x++, dy += all, y += _resultPitch)
        {
            (int left, int right) = Clip(x, g.StrideWidth, g.PadLeft, g.WindowWidth, g.Width);
            V share = L.Create(1f / (row.Rows * (right - left)));
            for (c = first; c < (isDisjoint ? channels : end + 1); c += 2 * L.Count)
            {
                int start = Math.Min(c, last), next = Math.Min(start + L.Count, last);
                V ga = L.Load(dy + start), gb = L.Load(dy + next), ya = L.Zero, yb = L.Zero;
                if (TGradient.IsMean)
                    (ga, gb) = (L.Multiply(ga, share), L.Multiply(gb, share));
                else
                    (ya, yb) = (L.Load(y + start), L.Load(y + next));
                if (start == next && !isDisjoint)
                    gb = L.Zero;
                nint offset = (nint)left * all;
                for (int h = row.Rows; h > 0; h--, offset += stride)
                {
                    float* p = (float*)row.Image + offset + start, q = (float*)row.Target + offset + start;
                    nint second = next - start;
                    for (int w = right - left; w > 0; w--, p += all, q += all)
                    {
                        V a = ga, b = gb;
                        if (!TGradient.IsMean)
                        {
                            V xa = L.Load(p), xb = L.Load(p + second);
                            (a, b) = (L.KeepEqual(ga, xa, ya), L.KeepEqual(gb, xb, yb));
                            (ga, gb) = (L.KeepDifferent(ga, xa, ya), L.KeepDifferent(gb, xb, yb));
                        }
                        L.Store(isDisjoint ? a : L.Add(a, L.Load(q)), q);
                        L.Store(isDisjoint ? b : L.Add(b, L.Load(q + second)), q + second);
                    }
                }
            }
        }
        return isDisjoint ? channels : Math.Min(c, channels);
    }

    /// <summary>A row of windows at a block's first channel.</summary>
    /// <param name="Image">x, at the windows' first row.</param>
    /// <param name="Target">dx, likewise.</param>
    /// <param name="Result">y of the first window.</param>
    /// <param name="Gradient">dy of the first window.</param>
    /// <param name="Rows">Rows of the windows.</param>
    /// <param name="Channels">Channels of the block.</param>
    private readonly record struct WindowRow(nint Image, nint Target, nint Result, nint Gradient, int Rows, int Channels);
}
