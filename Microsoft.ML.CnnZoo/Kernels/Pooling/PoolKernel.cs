using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Kernels.Pooling;

/// <summary>Shared by the pooling kernels: windows clipped to the image.</summary>
internal abstract class PoolKernel(KernelRequest request, TensorShape image) : Kernel(request)
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
