using System.Numerics;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Normalization;

/// <summary>
/// sums[c] += Σ x, squares[c] += Σ x² in one pass over memory: 16 rows at a time in float32, squares about the piece's
/// own mean while it is in the cache, and Σ x² combined in double, so that a large mean costs no precision.
/// </summary>
internal readonly unsafe struct BatchNormMoments(PixelMatrix x, int channels, double* sums, double* squares)
    : IPixelOperation
{
    private readonly double* _sums = sums, _squares = squares;

    public static int PieceRows => 16;

    public int Columns<V, L, F>(long row, int count, int column)
        where V : struct where L : struct, ILanes<V> where F : struct, IStored<V>
    {
        float* piece = stackalloc float[3 * 16];
        for (; column <= channels - L.Count; column += L.Count)
        {
            V sum = L.Zero, deviations = L.Zero;
            for (int r = 0; r < count; r++)
                sum = L.Add(sum, F.Load(x, row + r, column));
            V mean = L.Multiply(sum, L.Create(1f / count));
            for (int r = 0; r < count; r++)
            {
                V d = L.Subtract(F.Load(x, row + r, column), mean);
                deviations = L.MultiplyAdd(d, d, deviations);
            }
            L.Store(sum, piece);
            L.Store(mean, piece + 16);
            L.Store(deviations, piece + 32);
            PixelColumns.Add(_sums + column, piece, L.Count);
            AddSquares(_squares + column, piece, L.Count, count);
        }
        return column;
    }

    /// <summary>Σ x² of a piece about zero from its squares about its mean m: Σ(x − m)² + m(2Σx − n·m).</summary>
    private static void AddSquares(double* squares, float* piece, int lanes, int count)
    {
        int i = 0;
        for (; i <= lanes - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(Vector.Load(piece + i), out Vector<double> sumLow, out Vector<double> sumHigh);
            Vector.Widen(Vector.Load(piece + 16 + i), out Vector<double> meanLow, out Vector<double> meanHigh);
            Vector.Widen(Vector.Load(piece + 32 + i), out Vector<double> low, out Vector<double> high);
            low += meanLow * (sumLow + sumLow - (meanLow * count));
            high += meanHigh * (sumHigh + sumHigh - (meanHigh * count));
            (Vector.Load(squares + i) + low).Store(squares + i);
            (Vector.Load(squares + i + Vector<double>.Count) + high).Store(squares + i + Vector<double>.Count);
        }
        for (; i < lanes; i++)
        {
            double sum = piece[i], mean = piece[16 + i];
            squares[i] += piece[32 + i] + (mean * (sum + sum - (mean * count)));
        }
    }
}

/// <summary>y = (x − center)·scale + offset [+ side], followed by ReLU if <paramref name="rectify"/>.</summary>
internal readonly unsafe struct BatchNormNormalization(PixelMatrix x, PixelMatrix y, PixelMatrix side, int channels,
    float* center, float* scale, float* offset, bool rectify) : IPixelOperation
{
    private readonly float* _center = center, _scale = scale, _offset = offset;

    public static int PieceRows => 8;

    public int Columns<V, L, F>(long row, int count, int column)
        where V : struct where L : struct, ILanes<V> where F : struct, IStored<V>
    {
        for (; column <= channels - L.Count; column += L.Count)
        {
            V center = L.Load(_center + column), scale = L.Load(_scale + column), offset = L.Load(_offset + column);
            for (long r = row; r < row + count; r++)
            {
                V v = L.MultiplyAdd(L.Subtract(F.Load(x, r, column), center), scale, offset);
                if (side.Exists)
                    v = L.Add(v, F.Load(side, r, column));
                F.Store(rectify ? L.Rectify(v) : v, y, r, column);
            }
        }
        return column;
    }
}

/// <summary>The mask of a ReLU after a batch norm, applied to dy.</summary>
/// <param name="Scale">Per channel; null for no mask.</param>
/// <param name="Offset">Per channel: dy passes where (x − mean)·scale + offset is above zero, computed exactly as in
/// the forward pass.</param>
internal readonly unsafe record struct GradientMask(nint Scale, nint Offset)
{
    public V Apply<V, L>(V dy, V centered, V scale, V offset) where V : struct where L : struct, ILanes<V> =>
        Scale == 0 ? dy : L.KeepPositive(dy, L.MultiplyAdd(centered, scale, offset));

    public V Row<V, L>(nint row, int column) where V : struct where L : struct, ILanes<V> =>
        Scale == 0 ? L.Zero : L.Load((float*)row + column);
}

/// <summary>
/// gradients[c] += Σ dy, products[c] += Σ dy·(x − mean), with the masked dy: 16 terms at a time in float32, their sums
/// in double.
/// </summary>
/// <remarks>
/// With a side tensor the mask comes from the ReLU's result, if there is a ReLU, and the masked dy is written: it is
/// the side tensor's gradient.
/// </remarks>
internal readonly unsafe struct BatchNormGradientSums(PixelMatrix dy, PixelMatrix x, PixelMatrix result,
    PixelMatrix side, int channels, float* mean, GradientMask mask, double* gradients, double* products)
    : IPixelOperation
{
    private readonly float* _mean = mean;
    private readonly double* _gradients = gradients, _products = products;

    public static int PieceRows => 16;

    public int Columns<V, L, F>(long row, int count, int column)
        where V : struct where L : struct, ILanes<V> where F : struct, IStored<V>
    {
        float* piece = stackalloc float[2 * 16];
        for (; column <= channels - L.Count; column += L.Count)
        {
            V center = L.Load(_mean + column), scale = mask.Row<V, L>(mask.Scale, column),
                offset = mask.Row<V, L>(mask.Offset, column), sum = L.Zero, product = L.Zero;
            for (long r = row; r < row + count; r++)
            {
                V centered = L.Subtract(F.Load(x, r, column), center),
                    g = mask.Apply<V, L>(F.Load(dy, r, column), centered, scale, offset);
                if (result.Exists)
                    g = L.KeepPositive(g, F.Load(result, r, column));
                if (side.Exists)
                    F.Store(g, side, r, column);
                sum = L.Add(sum, g);
                product = L.MultiplyAdd(g, centered, product);
            }
            L.Store(sum, piece);
            L.Store(product, piece + 16);
            PixelColumns.Add(_gradients + column, piece, L.Count);
            PixelColumns.Add(_products + column, piece + 16, L.Count);
        }
        return column;
    }
}

/// <summary>
/// dx = (x − center)·multiple + offset + dy·scale with the masked dy; dy·scale where <paramref name="multiple"/> is null,
/// so that a NaN in x does not reach an inference's dx.
/// </summary>
internal readonly unsafe struct BatchNormPropagation(PixelMatrix dy, PixelMatrix x, PixelMatrix dx, int channels,
    float* center, float* multiple, float* offset, float* scale, GradientMask mask) : IPixelOperation
{
    private readonly float* _center = center, _multiple = multiple, _offset = offset, _scale = scale;

    public static int PieceRows => 8;

    public int Columns<V, L, F>(long row, int count, int column)
        where V : struct where L : struct, ILanes<V> where F : struct, IStored<V>
    {
        for (; column <= channels - L.Count; column += L.Count)
        {
            V center = L.Load(_center + column), scale = L.Load(_scale + column),
                multiple = _multiple is null ? L.Zero : L.Load(_multiple + column), offset = L.Load(_offset + column);
            V maskScale = mask.Row<V, L>(mask.Scale, column), maskOffset = mask.Row<V, L>(mask.Offset, column);
            for (long r = row; r < row + count; r++)
            {
                V centered = L.Subtract(F.Load(x, r, column), center),
                    g = mask.Apply<V, L>(F.Load(dy, r, column), centered, maskScale, maskOffset);
                F.Store(_multiple is null ? L.Multiply(g, scale)
                    : L.MultiplyAdd(g, scale, L.MultiplyAdd(centered, multiple, offset)), dx, r, column);
            }
        }
        return column;
    }
}
