using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Elementwise;

/// <summary>
/// Rows of a bfloat16 matrix, converted to float32 in pieces that fit the cache, and sums over these pieces.
/// </summary>
/// <param name="columns">Columns.</param>
/// <param name="threads">Parts, each with its own buffers.</param>
internal sealed unsafe class BFloat16Rows(int columns, int threads)
{
    private const int TileElements = 8192, LeastRows = 16;

    /// <summary>Rows in a piece.</summary>
    public int Count { get; } = Math.Max(LeastRows, TileElements / Math.Max(1, columns));

    private long TileBytes => Aligned((long)Count * columns * sizeof(float));

    private long PartBytes => TileBytes + Aligned((long)columns * sizeof(double));

    /// <summary>Bytes of scratch memory for all parts.</summary>
    public long ScratchBytes => PartBytes * threads;

    /// <summary>Rounds up to whole cache lines.</summary>
    public static long Aligned(long bytes) =>
        (bytes + NativeBuffer.Alignment - 1) / NativeBuffer.Alignment * NativeBuffer.Alignment;

    /// <summary>A part's buffer for a piece.</summary>
    public float* Tile(nint scratch, int part) => (float*)(scratch + (nint)(PartBytes * part));

    /// <summary>A part's sums of one piece.</summary>
    public double* PieceSums(nint scratch, int part) => (double*)(scratch + (nint)((PartBytes * part) + TileBytes));

    /// <summary>sums += piece.</summary>
    public static void Add(double* sums, double* piece, int count)
    {
        for (int i = 0; i < count; i++)
            sums[i] += piece[i];
    }
}

/// <summary><c>BiasAddGrad</c> of a bfloat16 gradient, summed in double precision, returned in float32.</summary>
internal sealed unsafe class BFloat16BiasAddGradKernel(KernelRequest request) : BiasAddGradKernel(request)
{
    private readonly BFloat16Rows _rows = new(request.Inputs[0].Shape[^1], request.Workers.ThreadCount);

    public override long ScratchBytes => BFloat16Rows.Aligned(base.ScratchBytes) + _rows.ScratchBytes;

    protected override void SumRows(int part, long first, long last, double* sums, float* piece)
    {
        nint scratch = Scratch + (nint)BFloat16Rows.Aligned(base.ScratchBytes);
        float* tile = _rows.Tile(scratch, part);
        double* pieceSums = _rows.PieceSums(scratch, part);
        new Span<double>(sums, Channels).Clear();
        for (long row = first; row < last; row += _rows.Count)
        {
            long n = Math.Min(_rows.Count, last - row);
            BFloat16Spans.Widen((ushort*)InputAddress(0) + (row * Channels), tile, n * Channels);
            ColumnSums.Sum(tile, n, Channels, pieceSums, piece);
            BFloat16Rows.Add(sums, pieceSums, Channels);
        }
    }
}
