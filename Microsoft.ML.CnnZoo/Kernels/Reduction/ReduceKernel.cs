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
    private readonly ReductionKind _kind;
    private readonly long _outer = 1, _reduced = 1, _inner = 1;
    private readonly double _factor;
    private int _parts;

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
        _factor = kind switch { ReductionKind.Mean => 1.0 / _reduced, ReductionKind.HalfSquares => 0.5, _ => 1 };
    }

    /// <summary>The kernel for a node's axes.</summary>
    public static IKernel Prepare(KernelRequest request, ReductionKind kind) =>
        kind != ReductionKind.HalfSquares && RowReduction.IsScattered(request)
        ? new ScatteredSumKernel(request, kind == ReductionKind.Mean) : new ReduceKernel(request, kind);

    public override long ScratchBytes => (sizeof(double) + sizeof(float)) * _inner * Workers.ThreadCount;

    public override void RunPart(int part, int parts)
    {
        _parts = parts;
        double* sums = (double*)Scratch + (part * _inner);
        float* piece = (float*)((double*)Scratch + (Workers.ThreadCount * _inner)) + (part * _inner);
        if (_outer == 1)
        {
            (long r0, long r1) = Range(_reduced, part, parts, 64);
            SumBlock(Input(0) + (r0 * _inner), r1 - r0, sums, piece);
            return;
        }
        (long first, long last) = Range(_outer, part, parts);
        for (long o = first; o < last; o++)
        {
            SumBlock(Input(0) + (o * _reduced * _inner), _reduced, sums, piece);
            for (long i = 0; i < _inner; i++)
                Output()[(o * _inner) + i] = (float)(sums[i] * _factor);
        }
    }

    protected override void Compute()
    {
        Share(_outer * _reduced * _inner);
        if (_outer != 1)
            return;
        for (long i = 0; i < _inner; i++)
        {
            double total = 0;
            for (int part = 0; part < _parts; part++)
                total += ((double*)Scratch)[(part * _inner) + i];
            Output()[i] = (float)(total * _factor);
        }
    }

    /// <summary>sums[i] = Σ_r x[r, i].</summary>
    private void SumBlock(float* x, long rows, double* sums, float* piece)
    {
        if (_inner == 1)
            *sums = SumRow(x, rows, _kind == ReductionKind.HalfSquares);
        else
            ColumnSums.Sum(x, rows, (int)_inner, sums, piece);
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
