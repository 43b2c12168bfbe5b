using System.Numerics;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels.Elementwise;

namespace Microsoft.ML.CnnZoo.Kernels.Reduction;

/// <summary>The kind of a reduction.</summary>
internal enum ReductionKind
{
    /// <summary>Σ x.</summary>
    Sum,
    /// <summary>Σ x / count.</summary>
    Mean,
    /// <summary>Σ x² / 2.</summary>
    HalfSquares,
}

/// <summary>
/// <c>Sum</c>, <c>Mean</c> and <c>L2Loss</c> of [kept, reduced, kept] dimensions, by rows or columns. Long sums are in
/// double precision, in an order that depends on shape and thread count alone.
/// </summary>
internal sealed unsafe class ReduceKernel : Kernel
{
    // Columns of a block, a cache line, where they are divided; rows that each thread should have where they are.
    private const int FewColumns = 64, ColumnBlock = 16, RowsPerThread = 64;

    private readonly ReductionKind _kind;
    private readonly long _outer = 1, _reduced = 1, _inner = 1;
    private readonly double _factor;
    private readonly bool _dividesRows;
    private readonly int _blocks;

    private ReduceKernel(KernelRequest request, ReductionKind kind) : base(request)
    {
        _kind = kind;
        TensorShape shape = request.Inputs[0].Shape;
        bool[] isReduced = kind == ReductionKind.HalfSquares ? [.. Enumerable.Repeat(true, shape.Rank)]
            : [.. RowReduction.ReducedAxes(request).Select((r, d) => r && shape[d] != 1)];
        int first = Array.FindIndex(isReduced, r => r), last = Array.FindLastIndex(isReduced, r => r);
        for (int d = 0; d < shape.Rank; d++)
            if (first < 0 || d < first)
                _outer *= shape[d];
            else if (d > last)
                _inner *= shape[d];
            else
                _reduced *= shape[d];
        _dividesRows = _outer == 1 && (_inner < FewColumns || _reduced >= RowsPerThread * Workers.ThreadCount);
        _blocks = _outer % Workers.ThreadCount == 0 ? 1 : (int)((_inner + ColumnBlock - 1) / ColumnBlock);
        _factor = kind switch { ReductionKind.Mean => 1.0 / _reduced, ReductionKind.HalfSquares => 0.5, _ => 1 };
    }

    /// <summary>The kernel for a node's axes.</summary>
    public static IKernel Prepare(KernelRequest request, ReductionKind kind) =>
        kind != ReductionKind.HalfSquares && RowReduction.IsScattered(request)
        ? new ScatteredSumKernel(request, kind == ReductionKind.Mean) : new ReduceKernel(request, kind);

    public override long ScratchBytes => (sizeof(double) + sizeof(float)) * Pitch * Workers.ThreadCount;

    private long Pitch => WholeLines(_inner);

    /// <summary>Sums blocks of columns of the results, or, where they are few, a part of the rows.</summary>
    protected override void RunRange(long first, long last, int part)
    {
        double* sums = (double*)Scratch + (part * Pitch);
        float* piece = (float*)((double*)Scratch + (Workers.ThreadCount * Pitch)) + (part * Pitch);
        if (_dividesRows)
        {
            SumBlock(Input(0) + (first * _inner), last - first, (int)_inner, sums, piece);
            return;
        }
        for (long block = first, next; block < last; block = next)
        {
            (long outer, long column) = (block / _blocks, block % _blocks * ColumnBlock);
            next = Math.Min(last, (outer + 1) * _blocks);
            int columns = (int)(next == (outer + 1) * _blocks ? _inner - column : (next - block) * ColumnBlock);
            SumBlock(Input(0) + (outer * _reduced * _inner) + column, _reduced, columns, sums, piece);
            for (int i = 0; i < columns; i++)
                Output()[(outer * _inner) + column + i] = (float)(sums[i] * _factor);
        }
    }

    protected override void Compute()
    {
        if (_dividesRows)
        {
            Share(_reduced, _reduced * _inner, LineElements);
            ColumnSums.AddParts((double*)Scratch, Pitch, Parts, (int)_inner, _factor, Output());
        }
        else
            Share(_outer * _blocks, _outer * _reduced * _inner);
    }

    /// <summary>sums[i] = Σ_r x[r, i].</summary>
    private void SumBlock(float* x, long rows, int columns, double* sums, float* piece)
    {
        if (_inner == 1)
            *sums = SumRow(x, rows, _kind == ReductionKind.HalfSquares);
        else
            ColumnSums.Sum(x, rows, columns, sums, piece, _inner);
    }

    /// <summary>A row in pieces: 16 terms per lane in float32, then double.</summary>
    public static double SumRow(float* x, long n, bool squares)
    {
        int lanes = Vector<float>.Count;
        double total = 0;
        long i = 0;
        while (i <= n - lanes)
        {
            Vector<float> sum = Vector<float>.Zero;
            for (int k = 0; k < 16 && i <= n - lanes; k++, i += lanes)
            {
                Vector<float> v = Vector.Load(x + i);
                sum += squares ? v * v : v;
            }
            Vector.Widen(sum, out Vector<double> low, out Vector<double> high);
            total += Vector.Sum(low + high);
        }
        for (; i < n; i++)
            total += squares ? (double)x[i] * x[i] : x[i];
        return total;
    }
}
