using System.Numerics;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Pooling;

/// <summary>
/// Gradients of pooling: windows may overlap, so each thread owns whole images or, when there are too few, blocks of
/// channels.
/// </summary>
internal abstract unsafe class PoolGradKernel(KernelRequest request, TensorShape image) : PoolKernel(request, image)
{
    private const int ChannelBlock = 32;

    public override void RunPart(int part, int parts)
    {
        Pool2DGeometry g = Geometry;
        int blocks = g.Batch >= parts ? 1 : (g.Channels + ChannelBlock - 1) / ChannelBlock;
        int width = blocks == 1 ? g.Channels : ChannelBlock;
        (long first, long last) = Range((long)g.Batch * blocks, part, parts);
        for (long item = first; item < last; item++)
        {
            int n = (int)(item / blocks), channel = (int)(item % blocks) * width;
            SpreadImage(n, channel, Math.Min(width, g.Channels - channel));
        }
    }

    protected override void Compute() => Share(Work);

    /// <summary>One window: its real pixels begin at <paramref name="image"/> + top, left.</summary>
    /// <param name="image">dx of the image at the block's first channel.</param>
    /// <param name="output">Offset of the window's output element of that channel.</param>
    /// <param name="channels">Channels of the block.</param>
    /// <param name="window">Rows and columns of the real pixels.</param>
    protected abstract void SpreadWindow(long image, long output, int channels,
        (int Top, int Bottom, int Left, int Right) window);

    /// <summary>dx of one image, for a block of channels.</summary>
    protected virtual void SpreadImage(int n, int channel, int channels)
    {
        Pool2DGeometry g = Geometry;
        long image = ((long)n * g.Height * g.Width * g.Channels) + channel;
        for (long pixel = 0; pixel < (long)g.Height * g.Width; pixel++)
            FloatSpans.Clear(Output() + image + (pixel * g.Channels), channels);
        for (int y = 0; y < g.OutputHeight; y++)
            for (int x = 0; x < g.OutputWidth; x++)
            {
                (int top, int bottom) = Clip(y, g.StrideHeight, g.PadTop, g.WindowHeight, g.Height);
                (int left, int right) = Clip(x, g.StrideWidth, g.PadLeft, g.WindowWidth, g.Width);
                long output = (((((long)n * g.OutputHeight) + y) * g.OutputWidth) + x) * g.Channels;
                SpreadWindow(image, output + channel, channels, (top, bottom, left, right));
            }
    }
}

/// <summary><c>AvgPoolGrad</c>: an equal share for each real pixel.</summary>
internal sealed unsafe class AvgPoolGradKernel(KernelRequest request)
    : PoolGradKernel(request, request.Outputs[0].Shape)
{
    /// <summary>
    /// For windows that tile the image: every pixel belongs to one window, and the rows of a window are equal.
    /// </summary>
    protected override void SpreadImage(int n, int channel, int channels)
    {
        if (!Geometry.TilesImage || channels != Geometry.Channels)
        {
            base.SpreadImage(n, channel, channels);
            return;
        }
        long row = (long)Geometry.Width * channels;
        float* dx = Output() + (n * Geometry.Height * row),
            dy = Input(1) + ((long)n * Geometry.OutputHeight * Geometry.OutputWidth * channels);
        for (int y = 0; y < Geometry.OutputHeight; y++, dy += (long)Geometry.OutputWidth * channels)
        {
            SpreadRow(dy, dx, channels);
            float* first = dx;
            for (int h = 1; h < Geometry.WindowHeight; h++)
                FloatSpans.Copy(first + (h * row), first, (int)row);
            dx += Geometry.WindowHeight * row;
        }
    }

    private void SpreadRow(float* dy, float* dx, int channels)
    {
        float share = 1f / (Geometry.WindowHeight * Geometry.WindowWidth);
        for (int x = 0; x < Geometry.OutputWidth; x++, dy += channels)
            for (int w = 0; w < Geometry.WindowWidth; w++, dx += channels)
                for (int c = 0; c < channels; c++)
                    dx[c] = dy[c] * share;
    }

    protected override void SpreadWindow(long image, long output, int channels,
        (int Top, int Bottom, int Left, int Right) window)
    {
        float share = 1f / ((window.Bottom - window.Top) * (window.Right - window.Left));
        for (int h = window.Top; h < window.Bottom; h++)
            for (int w = window.Left; w < window.Right; w++)
                FloatSpans.AddScaled(Output() + image + ((((long)h * Geometry.Width) + w) * Geometry.Channels),
                    Input(1) + output, share, channels);
    }
}

/// <summary><c>MaxPoolGrad</c>: the gradient goes to the first pixel, row-major, that equals the maximum.</summary>
internal sealed unsafe class MaxPoolGradKernel(KernelRequest request) : PoolGradKernel(request, request.Inputs[0].Shape)
{
    private readonly int _pitch = request.Inputs[1].Pitch;

    protected override void SpreadWindow(long image, long output, int channels,
        (int Top, int Bottom, int Left, int Right) window)
    {
        // Offsets in dense tensors are a multiple of the channels plus a channel.
        long result = _pitch == Geometry.Channels ? output
            : (output / Geometry.Channels * _pitch) + (output % Geometry.Channels);
        float* x = Input(0) + image, dx = Output() + image, y = Input(1) + result, dy = Input(2) + output;
        int c = 0;
        for (; c <= channels - Vector<float>.Count; c += Vector<float>.Count)
            SpreadVector(x + c, dx + c, Vector.Load(y + c), Vector.Load(dy + c), window);
        for (; c < channels; c++)
            SpreadScalar(x + c, dx + c, y[c], dy[c], window);
    }

    private void SpreadVector(float* x, float* dx, Vector<float> y, Vector<float> dy,
        (int Top, int Bottom, int Left, int Right) window)
    {
        for (int h = window.Top; h < window.Bottom; h++)
        {
            long offset = (((long)h * Geometry.Width) + window.Left) * Geometry.Channels;
            for (int w = window.Left; w < window.Right; w++, offset += Geometry.Channels)
            {
                Vector<int> hit = Vector.Equals(Vector.Load(x + offset), y);
                Vector<float> gradient = Vector.ConditionalSelect(hit, dy, Vector<float>.Zero);
                (Vector.Load(dx + offset) + gradient).Store(dx + offset);
                dy = Vector.ConditionalSelect(hit, Vector<float>.Zero, dy);
            }
        }
    }

    private void SpreadScalar(float* x, float* dx, float y, float dy, (int Top, int Bottom, int Left, int Right) window)
    {
        for (int h = window.Top; h < window.Bottom; h++)
            for (int w = window.Left; w < window.Right; w++)
            {
                long offset = (((long)h * Geometry.Width) + w) * Geometry.Channels;
                if (x[offset] == y)
                {
                    dx[offset] += dy;
                    return;
                }
            }
    }
}
