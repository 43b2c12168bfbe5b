using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Pooling;

/// <summary>Shared by the pooling kernels: windows clipped to the image.</summary>
internal abstract unsafe class PoolKernel(KernelRequest request, TensorShape image) : Kernel(request)
{
    protected Pool2DGeometry Geometry { get; } = Pool2DAttributes.From(request.Node).Geometry(image);

    /// <summary>Element operations in all.</summary>
    protected long Work => (long)Geometry.Batch * Geometry.OutputHeight * Geometry.OutputWidth * Geometry.Channels
        * Geometry.WindowHeight * Geometry.WindowWidth;

    /// <summary>The window's real pixels along one axis, from and to (exclusive).</summary>
    protected static (int From, int To) Clip(int output, int stride, int pad, int window, int size)
    {
        int start = (output * stride) - pad;
        return (Math.Max(start, 0), Math.Min(start + window, size));
    }
}

/// <summary><c>MaxPool</c> and <c>AvgPool</c>: vectors along the channels, threads on rows of output pixels.</summary>
internal sealed unsafe class PoolForwardKernel(KernelRequest request, bool maximum)
    : PoolKernel(request, request.Inputs[0].Shape)
{
    private readonly int _pitch = request.OutputPitch();

    public override void RunPart(int part, int parts)
    {
        Pool2DGeometry g = Geometry;
        (long first, long last) = Range((long)g.Batch * g.OutputHeight, part, parts);
        for (long line = first; line < last; line++)
        {
            (int top, int bottom) = Clip((int)(line % g.OutputHeight), g.StrideHeight, g.PadTop,
                g.WindowHeight, g.Height);
            float* image = Input(0) + (line / g.OutputHeight * g.Height * g.Width * g.Channels);
            float* y = Output() + (line * g.OutputWidth * _pitch);
            for (int x = 0; x < g.OutputWidth; x++, y += _pitch)
            {
                (int left, int right) = Clip(x, g.StrideWidth, g.PadLeft, g.WindowWidth, g.Width);
                Pool(image, y, top, bottom, left, right);
            }
        }
    }

    protected override void Compute() => Share(Work);

    private void Pool(float* image, float* y, int top, int bottom, int left, int right)
    {
        int channels = Geometry.Channels;
        long stride = (long)Geometry.Width * channels;
        FloatSpans.Copy(y, image + (top * stride) + (left * channels), channels);
        for (int h = top; h < bottom; h++)
        {
            int start = h == top ? left + 1 : left;
            float* pixel = image + (h * stride) + (start * channels);
            for (int w = start; w < right; w++, pixel += channels)
                if (maximum)
                    FloatSpans.Max(y, pixel, channels);
                else
                    FloatSpans.Add(y, pixel, channels);
        }
        if (!maximum)
            FloatSpans.Scale(y, 1f / ((bottom - top) * (right - left)), channels);
    }
}
