using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Execution;

/// <summary>
/// Which convolutions use Winograd's algorithm F(4x4, 3x3) (Winograd 1980; Lavin and Gray 2015), with a quarter of the
/// multiplications, and which use im2col and matrix products. The choice depends on shapes alone, so that it is the
/// same for every backend and run.
/// </summary>
/// <remarks>
/// Costs are nanoseconds for each pair of a channel and a filter, as measured on two cores with AVX-512: direct
/// convolution with oneDNN 0.067 per result pixel, and a little more for gradients; a tile of 4x4 pixels 0.47 for its
/// products and 5.5 for each of its channels and filters, which are transformed. Reading the transformed filter costs
/// 12, transforming it 25 more; a few tiles, as in one image of a network's last layers, do not pay for that.
/// </remarks>
internal static class ConvolutionAlgorithms
{
    private const double Gain = 1.2; // below, the estimate is too inaccurate
    private const long LargeFilter = 16 << 20; // bytes

    /// <summary>
    /// Multiply-adds of a trained convolution below which Winograd saves little; direct convolution rounds less, so
    /// that a small network's training stays closer to other libraries'.
    /// </summary>
    private const double LeastTrained = 200e6;

    /// <summary>For <c>Conv2D</c> and <c>_FusedConv2D</c>.</summary>
    /// <param name="request">The request; input 1 is the filter.</param>
    /// <param name="g">Sizes of the convolution.</param>
    public static bool IsWinograd(KernelRequest request, in Conv2DGeometry g) =>
        Fits(request, g)
        && Pixels(g) * 0.067 > Gain * ((Tiles(g, g.OutputHeight, g.OutputWidth) * TileCost(g, 0.47, 5.5))
            + 12 + (KeepsFilter(request, g) ? 0 : 25));

    /// <summary>
    /// Whether <c>Conv2D</c> keeps its transformed filter, four times as large as the filter, from run to run: not in
    /// training, nor where it is large and transforming it is cheap compared to the images' tiles.
    /// </summary>
    /// <param name="request">The request; input 1 is the filter.</param>
    /// <param name="g">Sizes of the convolution.</param>
    public static bool KeepsFilter(KernelRequest request, in Conv2DGeometry g) => !request.TrainsVariables
        && request.Inputs[1].Source != InputSource.Computed
        && (4 * request.Inputs[1].Spec.ByteLength <= LargeFilter || Tiles(g, g.OutputHeight, g.OutputWidth) < 256);

    /// <summary>For <c>Conv2DBackpropInput</c>.</summary>
    /// <param name="request">The request; input 1 is the filter.</param>
    /// <param name="g">Sizes of the forward convolution.</param>
    public static bool IsWinogradInputGradient(KernelRequest request, in Conv2DGeometry g) =>
        Fits(request, g)
        && Pixels(g) * 0.083 > Gain * ((Tiles(g, g.Height, g.Width) * TileCost(g, 0.47, 5.5)) + 12 + 25);

    /// <summary>For <c>Conv2DBackpropFilter</c>.</summary>
    /// <param name="request">The request.</param>
    /// <param name="g">Sizes of the forward convolution.</param>
    public static bool IsWinogradFilterGradient(KernelRequest request, in Conv2DGeometry g) =>
        Fits(request, g)
        && Pixels(g) * 0.09 > Gain * ((Tiles(g, g.OutputHeight, g.OutputWidth) * TileCost(g, 0.55, 8)) + 20);

    private static bool Fits(KernelRequest request, in Conv2DGeometry g) => request.Outputs[0].Type == DataType.Float
        && request.Inputs[0].Type != DataType.BFloat16
        && g is { Groups: 1, KernelHeight: 3, KernelWidth: 3, StrideHeight: 1, StrideWidth: 1, DilationHeight: 1,
            DilationWidth: 1, PadTop: <= 2, PadLeft: <= 2 }
        && g.Channels % 16 == 0 && g.Filters % 16 == 0 && g.Channels * g.Filters >= 1024
        && (!request.TrainsVariables || (double)g.Batch * g.MultiplyAddsPerImage >= LeastTrained);

    private static double Pixels(in Conv2DGeometry g) => (double)g.Batch * g.OutputHeight * g.OutputWidth;

    private static double Tiles(in Conv2DGeometry g, int height, int width) =>
        (double)g.Batch * ((height + 3) / 4) * ((width + 3) / 4);

    private static double TileCost(in Conv2DGeometry g, double product, double transform) =>
        product + (transform * (g.Channels + g.Filters) / ((double)g.Channels * g.Filters));
}
