using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Elementwise;

/// <summary>
/// <c>AddN</c>: inputs are added one after the other, in pieces that stay in the cache. Dense operands are one row; if
/// one is strided, all are processed row by row.
/// </summary>
internal abstract unsafe class AddNBase : Kernel
{
    private readonly long _rows, _columns;
    private readonly int[] _pitches;

    protected AddNBase(KernelRequest request) : base(request)
    {
        Inputs = request.Inputs.Count;
        long count = request.Outputs[0].Shape.ElementCount;
        bool isDense = request.Inputs.All(i => i.RowPitch == 0);
        (_rows, _columns) = isDense ? (1L, count)
            : (count / request.Outputs[0].Shape[^1], (long)request.Outputs[0].Shape[^1]);
        _pitches = isDense ? new int[Inputs] : [.. request.Inputs.Select(i => i.Pitch)];
        // The first two inputs are read before the sum is written.
        InPlaceInput = request.Inputs[0].RowPitch == 0 ? 0 : Inputs > 1 && request.Inputs[1].RowPitch == 0 ? 1 : -1;
    }

    public override int InPlaceInput { get; }

    /// <summary>Number of operands.</summary>
    protected int Inputs { get; }

    protected override void RunRange(long first, long last, int part)
    {
        if (_rows == 1)
        {
            Sum(0, first, first, last - first);
            return;
        }
        for (long row = first; row < last; row++)
            Sum(row, 0, row * _columns, _columns);
    }

    protected override void Compute() => ShareRows(_rows, _columns, Inputs);

    /// <summary>Adds up <paramref name="n"/> elements of all operands.</summary>
    /// <param name="row">Their row.</param>
    /// <param name="column">The first one's column.</param>
    /// <param name="result">The first one's index in the result.</param>
    /// <param name="n">How many.</param>
    protected abstract void Sum(long row, long column, long result, long n);

    /// <summary>Index of an element in an operand.</summary>
    protected long At(int input, long row, long column) => (row * _pitches[input]) + column;
}

/// <summary><c>AddN</c> of float32.</summary>
internal sealed unsafe class AddNKernel(KernelRequest request) : AddNBase(request)
{
    private const int Piece = 4096;

    protected override void Sum(long row, long column, long result, long n)
    {
        for (long i = 0; i < n; i += Piece)
        {
            long count = Math.Min(Piece, n - i);
            float* y = Output() + result + i, first = Input(0) + At(0, row, column + i);
            if (Inputs == 1)
                Buffer.MemoryCopy(first, y, count * sizeof(float), count * sizeof(float));
            else
                ElementwiseLoops.Zip<AddOperator>(first, 1, Input(1) + At(1, row, column + i), 1, y, count);
            for (int k = 2; k < Inputs; k++)
                FloatSpans.Add(y, Input(k) + At(k, row, column + i), count);
        }
    }
}
