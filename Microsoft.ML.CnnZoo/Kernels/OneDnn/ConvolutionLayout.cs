using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary>One thread's share of a convolution.</summary>
/// <param name="Geometry">Its sizes.</param>
/// <param name="InputOffset">Bytes before its first input element.</param>
/// <param name="OutputOffset">Bytes before its first output element.</param>
internal readonly record struct ConvolutionShare(Conv2DGeometry Geometry, long InputOffset, long OutputOffset);

/// <summary>How a convolution is told to oneDNN, and how it is cut into shares.</summary>
internal static class ConvolutionLayout
{
    /// <summary>The image, NHWC.</summary>
    public static DnnlMemoryDesc Input(this in Conv2DGeometry g, DnnlDataType type) => DnnlMemoryDesc.Nhwc(g.Batch, g.Height, g.Width, g.Channels, type);

    /// <summary>The result, NHWC.</summary>
    public static DnnlMemoryDesc Output(this in Conv2DGeometry g, DnnlDataType type) => DnnlMemoryDesc.Nhwc(g.Batch, g.OutputHeight, g.OutputWidth, g.Filters, type);

    /// <summary>The filter in whatever layout is fastest.</summary>
    public static DnnlMemoryDesc PackedFilter(this in Conv2DGeometry g, DnnlDataType type) => g.Groups == 1
        ? DnnlMemoryDesc.Any(type, g.Filters, g.Channels, g.KernelHeight, g.KernelWidth)
        : DnnlMemoryDesc.Any(type, g.Groups, g.FiltersPerGroup, g.ChannelsPerGroup, g.KernelHeight, g.KernelWidth);

    /// <summary>The filter as it lies in a variable: [kh,kw,C/groups,F], which for one channel per group is also the depthwise [kh,kw,C,m].</summary>
    public static DnnlMemoryDesc Filter(this in Conv2DGeometry g, DnnlDataType type)
    {
        long column = (long)g.ChannelsPerGroup * g.Filters, row = column * g.KernelWidth;
        return g.Groups == 1
            ? DnnlMemoryDesc.Strided([g.Filters, g.Channels, g.KernelHeight, g.KernelWidth], [1, g.Filters, row, column], type)
            : DnnlMemoryDesc.Strided([g.Groups, g.FiltersPerGroup, g.ChannelsPerGroup, g.KernelHeight, g.KernelWidth], [g.FiltersPerGroup, 1, g.Filters, row, column], type);
    }

    /// <summary>The window; the padding below and right is what the last output needs, negative when the last rows are not used.</summary>
    public static DnnlNative.Window Window(this in Conv2DGeometry g) => new(DnnlDims.Of(g.StrideHeight, g.StrideWidth),
        DnnlDims.Of(g.DilationHeight - 1, g.DilationWidth - 1), DnnlDims.Of(g.PadTop, g.PadLeft),
        DnnlDims.Of(((g.OutputHeight - 1) * g.StrideHeight) + Extent(g.KernelHeight, g.DilationHeight) - g.Height - g.PadTop,
            ((g.OutputWidth - 1) * g.StrideWidth) + Extent(g.KernelWidth, g.DilationWidth) - g.Width - g.PadLeft));

    /// <summary>At most one share per thread: whole images, or, with fewer images than threads, bands of each image's output rows.</summary>
    /// <param name="g">The whole.</param>
    /// <param name="threads">Number of threads.</param>
    /// <param name="byRows">Whether rows of the output may be computed apart: forward only.</param>
    /// <param name="elementSize">Bytes of an element of image and result.</param>
    public static ConvolutionShare[] Share(this Conv2DGeometry g, int threads, bool byRows, int elementSize)
    {
        int shares = Math.Min(g.Batch, threads), bands = byRows ? Math.Min(g.OutputHeight, threads / g.Batch) : 1;
        return bands > 1
            ? [.. Enumerable.Range(0, g.Batch * bands).Select(i => OfRows(g, i / bands, i % bands, bands, elementSize))]
            : [.. Enumerable.Range(0, shares).Select(part => OfBatch(g, part, shares, elementSize))];
    }

    private static ConvolutionShare OfBatch(in Conv2DGeometry g, int part, int parts, int elementSize)
    {
        (int start, int end) = WorkerPool.Range(g.Batch, part, parts);
        return new ConvolutionShare(g with { Batch = end - start }, elementSize * Count(start, g.Height, g.Width, g.Channels),
            elementSize * Count(start, g.OutputHeight, g.OutputWidth, g.Filters));
    }

    private static ConvolutionShare OfRows(in Conv2DGeometry g, int image, int part, int parts, int elementSize)
    {
        (int start, int end) = WorkerPool.Range(g.OutputHeight, part, parts);
        int first = (start * g.StrideHeight) - g.PadTop;
        int last = ((end - 1) * g.StrideHeight) - g.PadTop + Extent(g.KernelHeight, g.DilationHeight);
        int from = Math.Clamp(first, 0, g.Height - 1), to = Math.Clamp(last, from + 1, g.Height);
        return new ConvolutionShare(g with { Batch = 1, Height = to - from, OutputHeight = end - start, PadTop = from - first },
            elementSize * Count((image * g.Height) + from, 1, g.Width, g.Channels), elementSize * Count((image * g.OutputHeight) + start, 1, g.OutputWidth, g.Filters));
    }

    private static long Count(long n, long h, long w, long c) => n * h * w * c;

    private static int Extent(int kernel, int dilation) => ((kernel - 1) * dilation) + 1;
}
