using System.Numerics;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels.Elementwise;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

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

/// <summary><c>Sum</c>, <c>Mean</c> and <c>L2Loss</c>. Adjacent kept or reduced dimensions are merged; [kept, reduced,
/// kept] is summed by rows or columns, anything else element by element. Long sums are in double precision, in an order
/// that depends on shape and thread count alone.</summary>
internal sealed unsafe class ReduceKernel : Kernel
{
    private readonly ReductionKind _kind;
    private readonly long _outer = 1, _reduced = 1, _inner = 1;
    private readonly double _factor;
    private readonly int[]? _dims;
    private readonly bool[] _isReduced;
    private int _parts;

    public ReduceKernel(KernelRequest request, ReductionKind kind) : base(request)
    {
        _kind = kind;
        TensorShape shape = request.Inputs[0].Shape;
        _isReduced = new bool[shape.Rank];
        if (kind == ReductionKind.HalfSquares)
            Array.Fill(_isReduced, true);
        else
            foreach (long axis in request.Inputs[1].Constant
                ?? throw new GraphException($"{request.Node}: the axes must be a constant."))
                _isReduced[axis < 0 ? axis + shape.Rank : axis] = true;
        int first = Array.FindIndex(_isReduced, r => r), last = Array.FindLastIndex(_isReduced, r => r);
        for (int d = 0; d < shape.Rank; d++)
            if (first >= 0 && d >= first && d <= last && !_isReduced[d] && shape[d] != 1)
                _dims = shape.Dimensions.ToArray();
        for (int d = 0; d < shape.Rank; d++)
            if (first < 0 || d < first)
                _outer *= shape[d];
            else if (d > last)
                _inner *= shape[d];
            else
                _reduced *= shape[d];
        long count = 1;
        for (int d = 0; d < shape.Rank; d++)
            count *= _isReduced[d] ? shape[d] : 1;
        _factor = kind switch { ReductionKind.Mean => 1.0 / count, ReductionKind.HalfSquares => 0.5, _ => 1 };
    }

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
        if (_dims is not null)
        {
            SumScattered();
            return;
        }
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
    private static double SumRow(float* x, long n, bool squares)
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

    /// <summary>For reduced dimensions with kept ones in between: element by element.</summary>
    private void SumScattered()
    {
        int rank = _dims!.Length;
        Span<int> index = stackalloc int[rank];
        index.Clear();
        Span<long> strides = stackalloc long[rank];
        long outputs = 1;
        for (int d = rank - 1; d >= 0; d--)
        {
            strides[d] = _isReduced[d] ? 0 : outputs;
            outputs *= _isReduced[d] ? 1 : _dims[d];
        }
        FloatSpans.Clear(Output(), outputs);
        long offset = 0;
        for (long i = 0, n = _outer * _reduced * _inner; i < n; i++)
        {
            Output()[offset] += Input(0)[i];
            for (int d = rank - 1; d >= 0; d--)
            {
                offset += strides[d];
                if (++index[d] < _dims[d])
                    break;
                offset -= strides[d] * _dims[d];
                index[d] = 0;
            }
        }
        FloatSpans.Scale(Output(), (float)_factor, outputs);
    }
}
