using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.Product;

namespace Microsoft.ML.CnnZoo.Kernels.Convolution;

/// <summary>A convolution's sizes as those of a product of windows, for one of its groups.</summary>
internal static class ConvolutionGrid
{
    /// <summary>From the images to the results.</summary>
    /// <param name="g">Sizes of the convolution.</param>
    /// <param name="sourcePitch">Floats from one pixel of the images to the next.</param>
    /// <param name="targetPitch">Floats from one pixel of the results to the next.</param>
    public static WindowGrid Of(in Conv2DGeometry g, int sourcePitch, nint targetPitch) => new()
    {
        Images = g.Batch, SourceHeight = g.Height, SourceWidth = g.Width, SourcePitch = sourcePitch,
        Channels = g.ChannelsPerGroup, Height = g.OutputHeight, Width = g.OutputWidth, Filters = g.FiltersPerGroup,
        TargetPixel = targetPitch, TargetRow = g.OutputWidth * targetPitch,
        TargetImage = g.OutputHeight * g.OutputWidth * targetPitch,
        KernelHeight = g.KernelHeight, KernelWidth = g.KernelWidth, StrideHeight = g.StrideHeight,
        StrideWidth = g.StrideWidth, DilationHeight = g.DilationHeight, DilationWidth = g.DilationWidth,
        PadTop = g.PadTop, PadLeft = g.PadLeft,
    };
}
