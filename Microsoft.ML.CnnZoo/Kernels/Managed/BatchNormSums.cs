using System.Numerics;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.CnnZoo.Kernels.Managed;

/// <summary>Per-channel sums of batch normalisation over rows of a [rows, C] matrix: 16 terms at a time in float32, those in double.</summary>
internal static unsafe class BatchNormSums
{
    public const int PieceRows = 16;

    /// <summary>
    /// sums[c] += Σ x, squares[c] += Σ x² in one pass over memory: squares are taken about each piece's own mean while the piece is in the cache, and Σ x² put
    /// together in double, so that numbers far from zero lose nothing.
    /// </summary>
    public static void Moments(float* x, long rows, int channels, double* sums, double* squares)
    {
        for (long row = 0; row < rows; row += PieceRows)
        {
            float* piece = x + (row * channels);
            int count = (int)Math.Min(PieceRows, rows - row), c = 0;
            for (; c <= channels - Vector<float>.Count; c += Vector<float>.Count)
            {
                Vector<float> sum = Vector<float>.Zero, deviations = Vector<float>.Zero;
                for (int r = 0; r < count; r++)
                    sum += Vector.Load(piece + (r * channels) + c);
                Vector<float> mean = sum * (1f / count);
                for (int r = 0; r < count; r++)
                {
                    Vector<float> d = Vector.Load(piece + (r * channels) + c) - mean;
                    deviations = Vector.MultiplyAddEstimate(d, d, deviations);
                }
                AddMoments(sums + c, squares + c, sum, deviations, mean, count);
            }
            for (; c < channels; c++)
                for (int r = 0; r < count; r++)
                {
                    double v = piece[(r * channels) + c];
                    sums[c] += v;
                    squares[c] += v * v;
                }
        }
    }

    /// <summary>Σ x² of a piece about zero from its squares about <paramref name="mean"/>: Σ(x − m)² + 2mΣx − n·m².</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddMoments(double* sums, double* squares, Vector<float> sum, Vector<float> deviations, Vector<float> mean, int count)
    {
        AddTo(sums, sum);
        Vector.Widen(sum, out Vector<double> sumLow, out Vector<double> sumHigh);
        Vector.Widen(mean, out Vector<double> meanLow, out Vector<double> meanHigh);
        Vector.Widen(deviations, out Vector<double> low, out Vector<double> high);
        low += meanLow * (sumLow + sumLow - (meanLow * count));
        high += meanHigh * (sumHigh + sumHigh - (meanHigh * count));
        (Vector.Load(squares) + low).Store(squares);
        (Vector.Load(squares + Vector<double>.Count) + high).Store(squares + Vector<double>.Count);
    }

    /// <summary>gradients[c] += Σ dy, products[c] += Σ dy·(x − mean), dy as <paramref name="mask"/> lets it through.</summary>
    public static void Gradients(float* dy, float* x, long rows, int channels, float* mean, in GradientMask mask, double* gradients, double* products)
    {
        for (long row = 0; row < rows; row += PieceRows)
        {
            long at = row * channels;
            int count = (int)Math.Min(PieceRows, rows - row), c = 0;
            for (; c <= channels - Vector<float>.Count; c += Vector<float>.Count)
            {
                Vector<float> m = Vector.Load(mean + c), sum = Vector<float>.Zero, product = Vector<float>.Zero;
                for (int r = 0; r < count; r++)
                {
                    long i = at + ((long)r * channels) + c;
                    Vector<float> centered = Vector.Load(x + i) - m, g = mask.Apply(Vector.Load(dy + i), centered, c);
                    sum += g;
                    product = Vector.MultiplyAddEstimate(g, centered, product);
                }
                AddTo(gradients + c, sum);
                AddTo(products + c, product);
            }
            for (; c < channels; c++)
                for (int r = 0; r < count; r++)
                {
                    long i = at + ((long)r * channels) + c;
                    double g = mask.Apply(dy[i], x[i] - mean[c], c);
                    gradients[c] += g;
                    products[c] += g * (x[i] - mean[c]);
                }
        }
    }

    /// <summary>y = (x − center)·scale + offset [+ side], not below zero if <paramref name="rectify"/>.</summary>
    public static void Normalize(float* x, float* y, long rows, int channels, float* center, float* scale, float* offset, float* side, bool rectify)
    {
        for (long i = 0; i < rows * channels; i += channels)
        {
            int c = 0;
            for (; c <= channels - Vector<float>.Count; c += Vector<float>.Count)
            {
                Vector<float> v = Vector.MultiplyAddEstimate(Vector.Load(x + i + c) - Vector.Load(center + c), Vector.Load(scale + c), Vector.Load(offset + c));
                if (side is not null)
                    v += Vector.Load(side + i + c);
                (rectify ? Vector.Max(v, Vector<float>.Zero) : v).Store(y + i + c);
            }
            for (; c < channels; c++)
            {
                float v = GradientMask.Affine(x[i + c] - center[c], scale[c], offset[c]);
                if (side is not null)
                    v += side[i + c];
                y[i + c] = rectify ? Math.Max(v, 0) : v;
            }
        }
    }

    /// <summary>dx = (x − center)·multiple + offset + dy·scale, dy as <paramref name="mask"/> lets it through.</summary>
    public static void PropagateBack(float* dy, float* x, float* dx, long rows, int channels, float* center, float* multiple, float* offset, float* scale, in GradientMask mask)
    {
        for (long at = 0; at < rows * channels; at += channels)
        {
            int c = 0;
            for (; c <= channels - Vector<float>.Count; c += Vector<float>.Count)
            {
                Vector<float> centered = Vector.Load(x + at + c) - Vector.Load(center + c);
                Vector<float> v = Vector.MultiplyAddEstimate(centered, Vector.Load(multiple + c), Vector.Load(offset + c));
                Vector.MultiplyAddEstimate(mask.Apply(Vector.Load(dy + at + c), centered, c), Vector.Load(scale + c), v).Store(dx + at + c);
            }
            for (; c < channels; c++)
            {
                float centered = x[at + c] - center[c];
                dx[at + c] = (centered * multiple[c]) + offset[c] + (mask.Apply(dy[at + c], centered, c) * scale[c]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo(double* sums, Vector<float> values)
    {
        Vector.Widen(values, out Vector<double> low, out Vector<double> high);
        (Vector.Load(sums) + low).Store(sums);
        (Vector.Load(sums + Vector<double>.Count) + high).Store(sums + Vector<double>.Count);
    }
}

/// <summary>Which elements of dy a ReLU behind a batch norm lets through.</summary>
/// <param name="Scale">Per channel; null for "all".</param>
/// <param name="Offset">Per channel: those with (x − mean)·scale + offset above zero, the very number that the forward step rectified.</param>
internal readonly unsafe record struct GradientMask(nint Scale, nint Offset)
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<float> Apply(Vector<float> dy, Vector<float> centered, int c) => Scale == 0 ? dy
        : Vector.ConditionalSelect(Vector.GreaterThan(Vector.MultiplyAddEstimate(centered, Vector.Load((float*)Scale + c), Vector.Load((float*)Offset + c)), Vector<float>.Zero), dy, Vector<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Apply(float dy, float centered, int c) => Scale == 0 || Affine(centered, ((float*)Scale)[c], ((float*)Offset)[c]) > 0 ? dy : 0;

    /// <summary>centered·scale + offset, rounded as in the vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Affine(float centered, float scale, float offset) => Vector.MultiplyAddEstimate(new Vector<float>(centered), new Vector<float>(scale), new Vector<float>(offset))[0];
}
