using System.Numerics;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.CnnZoo.Kernels.Managed;

/// <summary>Per-channel sums of batch normalisation over rows of a [rows, C] matrix: 16 terms at a time in float32, those in double.</summary>
internal static unsafe class BatchNormSums
{
    private const int PieceRows = 16;

    /// <summary>sums[c] = Σ (x − mean)².</summary>
    public static void SquaredDeviations(float* x, long rows, int channels, float* mean, double* sums)
    {
        new Span<double>(sums, channels).Clear();
        for (long row = 0; row < rows; row += PieceRows)
        {
            float* piece = x + (row * channels);
            int count = (int)Math.Min(PieceRows, rows - row), c = 0;
            for (; c <= channels - Vector<float>.Count; c += Vector<float>.Count)
            {
                Vector<float> m = Vector.Load(mean + c), sum = Vector<float>.Zero;
                for (int r = 0; r < count; r++)
                {
                    Vector<float> d = Vector.Load(piece + (r * channels) + c) - m;
                    sum = Vector.MultiplyAddEstimate(d, d, sum);
                }
                AddTo(sums + c, sum);
            }
            for (; c < channels; c++)
                for (int r = 0; r < count; r++)
                {
                    double d = piece[(r * channels) + c] - mean[c];
                    sums[c] += d * d;
                }
        }
    }

    /// <summary>gradients[c] = Σ dy, products[c] = Σ dy·(x − mean).</summary>
    public static void Gradients(float* dy, float* x, long rows, int channels, float* mean, double* gradients, double* products)
    {
        new Span<double>(gradients, channels).Clear();
        new Span<double>(products, channels).Clear();
        for (long row = 0; row < rows; row += PieceRows)
        {
            float* dyPiece = dy + (row * channels), xPiece = x + (row * channels);
            int count = (int)Math.Min(PieceRows, rows - row), c = 0;
            for (; c <= channels - Vector<float>.Count; c += Vector<float>.Count)
            {
                Vector<float> m = Vector.Load(mean + c), sum = Vector<float>.Zero, product = Vector<float>.Zero;
                for (int r = 0; r < count; r++)
                {
                    Vector<float> g = Vector.Load(dyPiece + (r * channels) + c);
                    sum += g;
                    product = Vector.MultiplyAddEstimate(g, Vector.Load(xPiece + (r * channels) + c) - m, product);
                }
                AddTo(gradients + c, sum);
                AddTo(products + c, product);
            }
            for (; c < channels; c++)
                for (int r = 0; r < count; r++)
                {
                    double g = dyPiece[(r * channels) + c];
                    gradients[c] += g;
                    products[c] += g * (xPiece[(r * channels) + c] - mean[c]);
                }
        }
    }

    /// <summary>y = (x − center)·scale + offset for every row; with <paramref name="extra"/>: + extra·extraScale.</summary>
    public static void Normalize(float* x, float* y, long rows, int channels, float* center, float* scale, float* offset, float* extra, float* extraScale)
    {
        for (long row = 0; row < rows; row++, x += channels, y += channels)
        {
            int c = 0;
            for (; c <= channels - Vector<float>.Count; c += Vector<float>.Count)
            {
                Vector<float> v = Vector.MultiplyAddEstimate(Vector.Load(x + c) - Vector.Load(center + c), Vector.Load(scale + c), Vector.Load(offset + c));
                if (extra is not null)
                    v = Vector.MultiplyAddEstimate(Vector.Load(extra + (row * channels) + c), Vector.Load(extraScale + c), v);
                v.Store(y + c);
            }
            for (; c < channels; c++)
            {
                float v = ((x[c] - center[c]) * scale[c]) + offset[c];
                y[c] = extra is null ? v : v + (extra[(row * channels) + c] * extraScale[c]);
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
