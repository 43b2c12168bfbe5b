using System.Numerics;
using System.Numerics.Tensors;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Elementwise;

/// <summary><c>BiasAdd</c>: one number per channel, the last dimension.</summary>
internal sealed unsafe class BiasAddKernel(KernelRequest request) : Kernel(request)
{
    private readonly int _channels = request.Inputs[1].Shape[0];
    private readonly long _rows = request.Inputs[0].Shape.ElementCount / request.Inputs[1].Shape[0];

    public override int InPlaceInput => 0;

    protected override void RunRange(long first, long last, int part)
    {
        float* x = Input(0), y = Output(), bias = Input(1);
        if (x != y)
            Buffer.MemoryCopy(x + (first * _channels), y + (first * _channels),
                (last - first) * _channels * sizeof(float), (last - first) * _channels * sizeof(float));
        for (long row = first; row < last; row++)
            FloatSpans.Add(y + (row * _channels), bias, _channels);
    }

    protected override void Compute() => Share(_rows, _rows * _channels, LineRows(_rows, _channels));
}

/// <summary><c>BiasAddGrad</c>: sums over all dimensions but the last. Each thread sums a fixed range of rows: short
/// sums in float32, added up in double; the ranges are added in order.</summary>
internal unsafe class BiasAddGradKernel(KernelRequest request) : Kernel(request)
{
    private readonly long _rows = request.Inputs[0].Shape.ElementCount / request.Inputs[0].Shape[^1];

    protected int Channels { get; } = request.Inputs[0].Shape[^1];

    public override long ScratchBytes => (sizeof(double) + sizeof(float)) * Pitch * Workers.ThreadCount;

    private long Pitch => WholeLines(Channels);

    protected override void RunRange(long first, long last, int part)
    {
        double* sums = (double*)Scratch + (part * Pitch);
        float* piece = (float*)((double*)Scratch + (Workers.ThreadCount * Pitch)) + (part * Pitch);
        SumRows(part, first, last, sums, piece);
    }

    /// <summary>Sums of rows [first, last).</summary>
    protected virtual void SumRows(int part, long first, long last, double* sums, float* piece) =>
        ColumnSums.Sum(Input(0) + (first * Channels), last - first, Channels, sums, piece);

    protected override void Compute()
    {
        Share(_rows, _rows * Channels);
        ColumnSums.AddParts((double*)Scratch, Pitch, Parts, Channels, 1, Output());
    }
}

/// <summary>Sums of the columns of a row-major matrix.</summary>
internal static unsafe class ColumnSums
{
    /// <summary>
    /// Rows summed in float32 before the sum is added in double: few enough for an error of a few units in the last
    /// place.
    /// </summary>
    private const int FloatRows = 16;

    /// <summary>y = factor · the sums of all parts, part 0's first, which are changed.</summary>
    /// <param name="sums">Part 0's.</param>
    /// <param name="pitch">From one part's to the next's.</param>
    /// <param name="parts">Parts.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="factor">The factor.</param>
    /// <param name="y">The result.</param>
    public static void AddParts(double* sums, long pitch, int parts, int columns, double factor, float* y)
    {
        var total = new Span<double>(sums, columns);
        for (int part = 1; part < parts; part++)
            TensorPrimitives.Add(total, new ReadOnlySpan<double>(sums + (part * pitch), columns), total);
        for (int c = 0; c < columns; c++)
            y[c] = (float)(sums[c] * factor);
    }

    /// <summary>sums[c] = Σ x[row, c].</summary>
    /// <param name="x">The matrix.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="sums">The sums.</param>
    /// <param name="piece">Scratch memory of as many floats.</param>
    /// <param name="pitch">Floats from one row to the next; 0 for as many as columns.</param>
    public static void Sum(float* x, long rows, int columns, double* sums, float* piece, long pitch = 0)
    {
        new Span<double>(sums, columns).Clear();
        pitch = pitch == 0 ? columns : pitch;
        if (columns < Vector<float>.Count && rows >= FloatRows && pitch == columns)
        {
            SumNarrow(x, rows, columns, sums);
            return;
        }
        for (long row = 0; row < rows; row += FloatRows)
        {
            long end = Math.Min(rows, row + FloatRows);
            FloatSpans.Copy(piece, x + (row * pitch), columns);
            for (long r = row + 1; r < end; r++)
                FloatSpans.Add(piece, x + (r * pitch), columns);
            for (int c = 0; c < columns; c++)
                sums[c] += piece[c];
        }
    }

    /// <summary>
    /// For few columns: as many rows as a vector has lanes form one long row of full vectors, whose sums are added to
    /// the columns at intervals.
    /// </summary>
    private static void SumNarrow(float* x, long rows, int columns, double* sums)
    {
        int lanes = Vector<float>.Count, period = columns * lanes;
        float* piece = stackalloc float[period];
        long row = 0;
        while (rows - row >= lanes)
        {
            long end = Math.Min(rows - lanes, row + ((FloatRows - 1) * lanes));
            FloatSpans.Copy(piece, x + (row * columns), period);
            for (row += lanes; row <= end; row += lanes)
                FloatSpans.Add(piece, x + (row * columns), period);
            for (int i = 0, c = 0; i < period; i++, c = c + 1 == columns ? 0 : c + 1)
                sums[c] += piece[i];
        }
        for (; row < rows; row++)
            for (int c = 0; c < columns; c++)
                sums[c] += x[(row * columns) + c];
    }
}
