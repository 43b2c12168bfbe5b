using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.Product;

namespace Microsoft.ML.CnnZoo.Kernels.Convolution;

/// <summary>
/// Which convolutions use Winograd's algorithm F(4x4, 3x3) (Winograd 1980; Lavin and Gray 2015), with a quarter of the
/// multiplications, and which are computed as products of windows. The choice depends on the request, the width of
/// vectors and the number of threads alone, so that it is the same for every run.
/// </summary>
internal static class WinogradRule
{
    private const double Gain = 1.1; // below, the estimate is too inaccurate
    private const long LargeFilter = 16 << 20; // bytes

    /// <summary>
    /// Tiles that each thread should have: with fewer, reading the whole filter takes a thread longer than multiplying
    /// with it, and some threads would have no tile, where a product of windows divides its filters among them too. One
    /// or two threads always have as many where Winograd is faster.
    /// </summary>
    private const int LeastTilesPerThread = 3;

    /// <summary>
    /// Multiply-adds of a trained convolution, for each thread and in all, below which Winograd saves little; direct
    /// convolution rounds less, so that a small network's training stays closer to other libraries', and divides a small
    /// filter's gradient among more threads.
    /// </summary>
    private const double LeastTrainedOfThread = 64e6, LeastTrained = 200e6;

    /// <summary>
    /// Nanoseconds of one thread for each pair of a channel and a filter, measured on one processor with 16 and 8 lanes,
    /// estimated for 4; only their ratios matter.
    /// </summary>
    /// <param name="Direct">A result pixel of a product of windows.</param>
    /// <param name="Product">The products of a tile of 4x4 results.</param>
    /// <param name="Transform">A tile's transforms, for each of its channels and filters.</param>
    /// <param name="Filter">Transforming the filter.</param>
    /// <param name="FilterGradient">Transforming the filter's gradient back.</param>
    private sealed record Costs(double Direct, double Product, double Transform, double Filter, double FilterGradient);

    private static readonly Costs s_costs = Tiles.Lanes switch
    {
        16 => new(0.109, 0.6, 6.7, 9, 14),
        8 => new(0.225, 1.1, 17, 13, 22),
        _ => new(0.45, 2.2, 34, 20, 35),
    };

    // Reading a transformed filter, and how much more all filter costs are when it does not fit the cache.
    private const double Reading = 10, LargeFactor = 2.5;

    /// <summary>For <c>Conv2D</c> and <c>_FusedConv2D</c>.</summary>
    /// <param name="request">The request; input 1 is the filter.</param>
    /// <param name="g">Sizes of the convolution.</param>
    public static bool IsWinograd(KernelRequest request, in Conv2DGeometry g) =>
        Fits(request, g) && IsFaster(request, g, CountTiles(g, g.OutputHeight, g.OutputWidth),
            Reading + (KeepsFilter(request, g) ? 0 : s_costs.Filter));

    /// <summary>
    /// Whether <c>Conv2D</c> keeps its transformed filter, four times as large as the filter, from run to run: not in
    /// training, nor where it is large and transforming it is cheap compared to the images' tiles.
    /// </summary>
    /// <param name="request">The request; input 1 is the filter.</param>
    /// <param name="g">Sizes of the convolution.</param>
    public static bool KeepsFilter(KernelRequest request, in Conv2DGeometry g) => !request.TrainsVariables
        && request.Inputs[1].Source != InputSource.Computed
        && (4 * request.Inputs[1].Spec.ByteLength <= LargeFilter || CountTiles(g, g.OutputHeight, g.OutputWidth) < 256);

    /// <summary>For <c>Conv2DBackpropInput</c>.</summary>
    /// <param name="request">The request; input 1 is the filter.</param>
    /// <param name="g">Sizes of the forward convolution.</param>
    public static bool IsWinogradInputGradient(KernelRequest request, in Conv2DGeometry g) =>
        Fits(request, g) && IsFaster(request, g, CountTiles(g, g.Height, g.Width), Reading + s_costs.Filter);

    /// <summary>For <c>Conv2DBackpropFilter</c>.</summary>
    /// <param name="request">The request.</param>
    /// <param name="g">Sizes of the forward convolution.</param>
    public static bool IsWinogradFilterGradient(KernelRequest request, in Conv2DGeometry g) =>
        Fits(request, g) && IsFaster(request, g, CountTiles(g, g.OutputHeight, g.OutputWidth), s_costs.FilterGradient);

    private static bool Fits(KernelRequest request, in Conv2DGeometry g) => request.Outputs[0].Type == DataType.Float
        && request.Inputs[0].Type != DataType.BFloat16
        && g is { Groups: 1, KernelHeight: 3, KernelWidth: 3, StrideHeight: 1, StrideWidth: 1, DilationHeight: 1,
            DilationWidth: 1, PadTop: <= 2, PadLeft: <= 2 }
        && g.Channels % 16 == 0 && g.Filters % 16 == 0 && g.Channels * g.Filters >= 1024
        && (!request.TrainsVariables || (double)g.Batch * g.MultiplyAddsPerImage
            >= Math.Min(LeastTrained, LeastTrainedOfThread * request.Workers.ThreadCount));

    private static bool IsFaster(KernelRequest request, in Conv2DGeometry g, double tiles, double filterCost)
    {
        if (tiles < LeastTilesPerThread * request.Workers.ThreadCount)
            return false;
        double pairs = (double)g.Channels * g.Filters;
        double tile = s_costs.Product + (s_costs.Transform * (g.Channels + g.Filters) / pairs);
        bool isLarge = pairs * WinogradTransforms.Positions * sizeof(float) > LargeFilter;
        return (double)g.Batch * g.OutputHeight * g.OutputWidth * s_costs.Direct
            > Gain * ((tiles * tile) + (filterCost * (isLarge ? LargeFactor : 1)));
    }

    private static double CountTiles(in Conv2DGeometry g, int height, int width) =>
        (double)g.Batch * ((height + 3) / 4) * ((width + 3) / 4);
}
