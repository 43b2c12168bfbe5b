using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.CnnZoo.Kernels.Product;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Convolution;

/// <summary>
/// The five transforms of Winograd's algorithm F(4x4, 3x3) (Winograd 1980; Lavin and Gray, "Fast Algorithms for
/// Convolutional Neural Networks", 2015):
/// y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A, where d is a tile of 6x6 pixels, g a filter of 3x3 taps and y a tile of 4x4 results.
/// 36 multiplications instead of 144.
/// </summary>
/// <remarks>
/// The polynomials are evaluated at 0, ±5/8, ±3/2 and ∞ and not at the usual 0, ±1, ±2 and ∞: the matrices' entries are
/// then of similar size, and float32 rounding errors smaller.
/// Channels are innermost, so that a vector holds channels of one pixel. A tile's transform is applied to its columns,
/// kept in a small buffer, and then to its rows. "Position" is one of the 36 elements of a transformed tile.
/// </remarks>
internal static unsafe class WinogradTransforms
{
    /// <summary>Pixels of a tile of the result, across and down.</summary>
    public const int OutputTile = 4;

    /// <summary>Pixels of a tile of the image, across and down.</summary>
    public const int InputTile = 6;

    /// <summary>Elements of a transformed tile.</summary>
    public const int Positions = InputTile * InputTile;

    private const float A = 5f / 8, B = 3f / 2;
    private const float A2 = A * A, B2 = B * B;
    private const float NormZero = 1 / (A2 * B2), NormA = 1 / (2 * A2 * (A2 - B2)), NormB = 1 / (2 * B2 * (B2 - A2));

    /// <summary>
    /// Floats from one position's matrix to the next: an odd number of cache lines, so that the 36 elements of a tile
    /// map to different cache sets.
    /// </summary>
    public static nint Distance(long matrixFloats) => (nint)(((matrixFloats + 15) / 16) | 1) * 16;

    /// <summary>v[position] = Bᵀ d B of one tile.</summary>
    /// <param name="pixels">Addresses of the tile's 36 pixels, row by row; those outside the image point to
    /// zeros.</param>
    /// <param name="channels">Channels, a multiple of <see cref="Tiles.Lanes"/>.</param>
    /// <param name="v">The tile's row in the matrix of position 0.</param>
    /// <param name="distance">Floats between the matrices of two positions.</param>
    public static void Input(float** pixels, int channels, float* v, nint distance)
    {
        if (Lanes512.IsSupported)
            Input<Vector512<float>, Lanes512>(pixels, channels, v, distance);
        else if (Lanes256.IsSupported)
            Input<Vector256<float>, Lanes256>(pixels, channels, v, distance);
        else
            Input<Vector128<float>, Lanes128>(pixels, channels, v, distance);
    }

    /// <summary>y = Aᵀ m A of one tile.</summary>
    /// <param name="m">The tile's row in the matrix of position 0.</param>
    /// <param name="distance">Floats between the matrices of two positions.</param>
    /// <param name="channels">Channels of the result.</param>
    /// <param name="pixels">Addresses of the tile's 16 results, row by row; those outside the result point to scratch
    /// memory.</param>
    /// <param name="finish">What is done with the results before they are stored, but for the side tensor.</param>
    /// <param name="side">Addresses of the side tensor's 16 pixels, or null.</param>
    public static void Output(float* m, nint distance, int channels, float** pixels, TileFinish finish, float** side)
    {
        if (Lanes512.IsSupported)
            Output<Vector512<float>, Lanes512>(m, distance, channels, pixels, finish, side);
        else if (Lanes256.IsSupported)
            Output<Vector256<float>, Lanes256>(m, distance, channels, pixels, finish, side);
        else
            Output<Vector128<float>, Lanes128>(m, distance, channels, pixels, finish, side);
    }

    /// <summary>
    /// z[position] = A dy Aᵀ of one tile of the result's gradient, written as row <paramref name="row"/> of packed
    /// matrices.
    /// </summary>
    /// <param name="pixels">Addresses of the tile's 16 gradients, row by row; those outside the result point to
    /// zeros.</param>
    /// <param name="channels">Channels of the result.</param>
    /// <param name="z">Position 0's matrix, packed as <see cref="Panels"/>.</param>
    /// <param name="rows">Rows of each matrix.</param>
    /// <param name="row">The tile's row.</param>
    /// <param name="distance">Floats between the matrices of two positions.</param>
    public static void OutputGradient(float** pixels, int channels, float* z, int rows, int row, nint distance)
    {
        if (Lanes512.IsSupported)
            OutputGradient<Vector512<float>, Lanes512>(pixels, channels, z, rows, row, distance);
        else if (Lanes256.IsSupported)
            OutputGradient<Vector256<float>, Lanes256>(pixels, channels, z, rows, row, distance);
        else
            OutputGradient<Vector128<float>, Lanes128>(pixels, channels, z, rows, row, distance);
    }

    /// <summary>u[position] = G g Gᵀ of one input channel and <paramref name="filters"/> filters.</summary>
    /// <param name="taps">Tap 0; filters are contiguous.</param>
    /// <param name="tapDistance">Floats between two taps.</param>
    /// <param name="filters">Filters, a multiple of <see cref="Tiles.Lanes"/>.</param>
    /// <param name="u">Position 0's results, contiguous.</param>
    /// <param name="distance">Floats between the matrices of two positions.</param>
    public static void Filter(float* taps, nint tapDistance, int filters, float* u, nint distance)
    {
        if (Lanes512.IsSupported)
            Filter<Vector512<float>, Lanes512>(taps, tapDistance, filters, u, distance);
        else if (Lanes256.IsSupported)
            Filter<Vector256<float>, Lanes256>(taps, tapDistance, filters, u, distance);
        else
            Filter<Vector128<float>, Lanes128>(taps, tapDistance, filters, u, distance);
    }

    /// <summary>dg = Gᵀ u G: from 36 positions to the gradients of nine taps, of one input channel.</summary>
    /// <param name="u">Position 0's row.</param>
    /// <param name="distance">Floats between the matrices of two positions.</param>
    /// <param name="filters">Filters.</param>
    /// <param name="taps">Tap 0's gradients.</param>
    /// <param name="tapDistance">Floats between two taps.</param>
    public static void FilterGradient(float* u, nint distance, int filters, float* taps, nint tapDistance)
    {
        if (Lanes512.IsSupported)
            FilterGradient<Vector512<float>, Lanes512>(u, distance, filters, taps, tapDistance);
        else if (Lanes256.IsSupported)
            FilterGradient<Vector256<float>, Lanes256>(u, distance, filters, taps, tapDistance);
        else
            FilterGradient<Vector128<float>, Lanes128>(u, distance, filters, taps, tapDistance);
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Input<V, L>(float** pixels, int channels, float* v, nint distance)
        where V : struct where L : struct, ILanes<V>
    {
        float* columns = stackalloc float[Positions * 16];
        for (nint channel = 0; channel < channels; channel += L.Count)
        {
            for (int x = 0; x < InputTile; x++)
            {
                float** p = pixels + x;
                TransformInput<V, L>(L.Load(p[0] + channel), L.Load(p[6] + channel), L.Load(p[12] + channel),
                    L.Load(p[18] + channel), L.Load(p[24] + channel),
                    L.Load(p[30] + channel), columns + (x * L.Count), InputTile * L.Count);
            }
            for (int y = 0; y < InputTile; y++)
            {
                float* row = columns + (y * InputTile * L.Count);
                TransformInput<V, L>(L.Load(row), L.Load(row + L.Count), L.Load(row + (2 * L.Count)),
                    L.Load(row + (3 * L.Count)), L.Load(row + (4 * L.Count)),
                    L.Load(row + (5 * L.Count)), v + (y * InputTile * distance) + channel, distance);
            }
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Output<V, L>(float* m, nint distance, int channels, float** pixels, TileFinish finish,
        float** side)
        where V : struct where L : struct, ILanes<V>
    {
        float* columns = stackalloc float[OutputTile * InputTile * 16], results = stackalloc float[OutputTile * 16];
        for (nint channel = 0; channel < channels; channel += L.Count)
        {
            for (int x = 0; x < InputTile; x++)
            {
                float* p = m + (x * distance) + channel;
                nint down = InputTile * distance;
                TransformOutput<V, L>(L.Load(p), L.Load(p + down), L.Load(p + (2 * down)), L.Load(p + (3 * down)),
                    L.Load(p + (4 * down)), L.Load(p + (5 * down)),
                    columns + (x * L.Count), InputTile * L.Count);
            }
            for (int y = 0; y < OutputTile; y++)
            {
                float* row = columns + (y * InputTile * L.Count);
                float** target = pixels + (y * OutputTile);
                TransformOutput<V, L>(L.Load(row), L.Load(row + L.Count), L.Load(row + (2 * L.Count)),
                    L.Load(row + (3 * L.Count)), L.Load(row + (4 * L.Count)),
                    L.Load(row + (5 * L.Count)), results, L.Count);
                for (int x = 0; x < OutputTile; x++)
                {
                    V result = L.Load(results + (x * L.Count));
                    if (side is not null)
                        result = L.Add(result, L.Load(side[(y * OutputTile) + x] + channel));
                    if (finish.Bias is not null)
                        result = L.Add(result, L.Load(finish.Bias + channel));
                    if (finish.Clamps)
                        result = L.Clamp(result, L.Create(finish.Floor), L.Create(finish.Ceiling));
                    L.Store(result, target[x] + channel);
                }
            }
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OutputGradient<V, L>(float** pixels, int channels, float* z, int rows, int row, nint distance)
        where V : struct where L : struct, ILanes<V>
    {
        float* columns = stackalloc float[OutputTile * InputTile * 16];
        int panel = 2 * L.Count;
        for (int channel = 0; channel < channels; channel += L.Count)
        {
            for (int x = 0; x < OutputTile; x++)
            {
                float** p = pixels + x;
                TransformOutputGradient<V, L>(L.Load(p[0] + channel), L.Load(p[4] + channel), L.Load(p[8] + channel),
                    L.Load(p[12] + channel),
                    columns + (x * L.Count), OutputTile * L.Count);
            }
            int start = channel / panel * panel;
            float* target = Panels.At(z, rows, channels, start, row) + (channel - start);
            for (int y = 0; y < InputTile; y++)
            {
                float* line = columns + (y * OutputTile * L.Count);
                TransformOutputGradient<V, L>(L.Load(line), L.Load(line + L.Count), L.Load(line + (2 * L.Count)),
                    L.Load(line + (3 * L.Count)),
                    target + (y * InputTile * distance), distance);
            }
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Filter<V, L>(float* taps, nint tapDistance, int filters, float* u, nint distance)
        where V : struct where L : struct, ILanes<V>
    {
        float* columns = stackalloc float[3 * InputTile * 16];
        for (nint filter = 0; filter < filters; filter += L.Count)
        {
            for (int x = 0; x < 3; x++)
            {
                float* p = taps + (x * tapDistance) + filter;
                TransformFilter<V, L>(L.Load(p), L.Load(p + (3 * tapDistance)), L.Load(p + (6 * tapDistance)),
                    columns + (x * L.Count), 3 * L.Count);
            }
            for (int y = 0; y < InputTile; y++)
            {
                float* row = columns + (y * 3 * L.Count);
                TransformFilter<V, L>(L.Load(row), L.Load(row + L.Count), L.Load(row + (2 * L.Count)),
                    u + (y * InputTile * distance) + filter, distance);
            }
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FilterGradient<V, L>(float* u, nint distance, int filters, float* taps, nint tapDistance)
        where V : struct where L : struct, ILanes<V>
    {
        float* columns = stackalloc float[3 * InputTile * 16];
        for (nint filter = 0; filter < filters; filter += L.Count)
        {
            for (int x = 0; x < InputTile; x++)
            {
                float* p = u + (x * distance) + filter;
                nint down = InputTile * distance;
                TransformFilterGradient<V, L>(L.Load(p), L.Load(p + down), L.Load(p + (2 * down)),
                    L.Load(p + (3 * down)), L.Load(p + (4 * down)), L.Load(p + (5 * down)),
                    columns + (x * L.Count), InputTile * L.Count);
            }
            for (int y = 0; y < 3; y++)
            {
                float* row = columns + (y * InputTile * L.Count);
                TransformFilterGradient<V, L>(L.Load(row), L.Load(row + L.Count), L.Load(row + (2 * L.Count)),
                    L.Load(row + (3 * L.Count)), L.Load(row + (4 * L.Count)),
                    L.Load(row + (5 * L.Count)), taps + (y * 3 * tapDistance) + filter, tapDistance);
            }
        }
    }

    /// <summary>Bᵀ d: six numbers to six.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransformInput<V, L>(V d0, V d1, V d2, V d3, V d4, V d5, float* t, nint step)
        where V : struct where L : struct, ILanes<V>
    {
        V square = L.Create(-(A2 + B2)), product = L.Create(A2 * B2), minusA2 = L.Create(-A2), minusB2 = L.Create(-B2);
        V evenA = L.MultiplyAdd(minusB2, d2, d4), oddA = L.Multiply(L.Create(A), L.MultiplyAdd(minusB2, d1, d3));
        V evenB = L.MultiplyAdd(minusA2, d2, d4), oddB = L.Multiply(L.Create(B), L.MultiplyAdd(minusA2, d1, d3));
        L.Store(L.MultiplyAdd(product, d0, L.MultiplyAdd(square, d2, d4)), t);
        L.Store(L.Add(evenA, oddA), t + step);
        L.Store(L.Subtract(evenA, oddA), t + (2 * step));
        L.Store(L.Add(evenB, oddB), t + (3 * step));
        L.Store(L.Subtract(evenB, oddB), t + (4 * step));
        L.Store(L.MultiplyAdd(product, d1, L.MultiplyAdd(square, d3, d5)), t + (5 * step));
    }

    /// <summary>Aᵀ m: six numbers to four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransformOutput<V, L>(V m0, V m1, V m2, V m3, V m4, V m5, float* t, nint step)
        where V : struct where L : struct, ILanes<V>
    {
        V evenA = L.Add(m1, m2), oddA = L.Subtract(m1, m2), evenB = L.Add(m3, m4), oddB = L.Subtract(m3, m4);
        L.Store(L.Add(m0, L.Add(evenA, evenB)), t);
        L.Store(L.MultiplyAdd(L.Create(A), oddA, L.Multiply(L.Create(B), oddB)), t + step);
        L.Store(L.MultiplyAdd(L.Create(A2), evenA, L.Multiply(L.Create(B2), evenB)), t + (2 * step));
        L.Store(L.MultiplyAdd(L.Create(A2 * A), oddA, L.MultiplyAdd(L.Create(B2 * B), oddB, m5)), t + (3 * step));
    }

    /// <summary>A y: four numbers to six.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransformOutputGradient<V, L>(V y0, V y1, V y2, V y3, float* t, nint step)
        where V : struct where L : struct, ILanes<V>
    {
        V evenA = L.MultiplyAdd(L.Create(A2), y2, y0),
            oddA = L.Multiply(L.Create(A), L.MultiplyAdd(L.Create(A2), y3, y1));
        V evenB = L.MultiplyAdd(L.Create(B2), y2, y0),
            oddB = L.Multiply(L.Create(B), L.MultiplyAdd(L.Create(B2), y3, y1));
        L.Store(y0, t);
        L.Store(L.Add(evenA, oddA), t + step);
        L.Store(L.Subtract(evenA, oddA), t + (2 * step));
        L.Store(L.Add(evenB, oddB), t + (3 * step));
        L.Store(L.Subtract(evenB, oddB), t + (4 * step));
        L.Store(y3, t + (5 * step));
    }

    /// <summary>G g: three numbers to six.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransformFilter<V, L>(V g0, V g1, V g2, float* t, nint step)
        where V : struct where L : struct, ILanes<V>
    {
        V normA = L.Create(NormA), normB = L.Create(NormB);
        V evenA = L.Multiply(normA, L.MultiplyAdd(L.Create(A2), g2, g0)), oddA = L.Multiply(L.Create(A * NormA), g1);
        V evenB = L.Multiply(normB, L.MultiplyAdd(L.Create(B2), g2, g0)), oddB = L.Multiply(L.Create(B * NormB), g1);
        L.Store(L.Multiply(L.Create(NormZero), g0), t);
        L.Store(L.Add(evenA, oddA), t + step);
        L.Store(L.Subtract(evenA, oddA), t + (2 * step));
        L.Store(L.Add(evenB, oddB), t + (3 * step));
        L.Store(L.Subtract(evenB, oddB), t + (4 * step));
        L.Store(g2, t + (5 * step));
    }

    /// <summary>Gᵀ u: six numbers to three.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransformFilterGradient<V, L>(V u0, V u1, V u2, V u3, V u4, V u5, float* t, nint step)
        where V : struct where L : struct, ILanes<V>
    {
        V normA = L.Create(NormA), normB = L.Create(NormB);
        V evenA = L.Multiply(normA, L.Add(u1, u2)), oddA = L.Multiply(normA, L.Subtract(u1, u2));
        V evenB = L.Multiply(normB, L.Add(u3, u4)), oddB = L.Multiply(normB, L.Subtract(u3, u4));
        L.Store(L.MultiplyAdd(L.Create(NormZero), u0, L.Add(evenA, evenB)), t);
        L.Store(L.MultiplyAdd(L.Create(A), oddA, L.Multiply(L.Create(B), oddB)), t + step);
        L.Store(L.MultiplyAdd(L.Create(A2), evenA, L.MultiplyAdd(L.Create(B2), evenB, u5)), t + (2 * step));
    }
}
