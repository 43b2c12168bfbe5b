using System.Runtime.CompilerServices;
using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Kernels.Elementwise;

/// <summary>y = f(a, b) with broadcasting; may work in place on an operand of the result's shape.</summary>
internal sealed unsafe class BinaryKernel<TOperator>(KernelRequest request) : Kernel(request)
    where TOperator : struct, IBinaryOperator
{
    /// <summary>Columns below which several rows are computed at once, for full vectors.</summary>
    private const int FewColumns = 16;

    /// <summary>So many.</summary>
    private const int RowsAtOnce = 64;

    private readonly BroadcastPlan _plan = new(request.Outputs[0].Shape, request.Inputs[0], request.Inputs[1]);

    public override int InPlaceInput { get; } = CanShare(request, 0) ? 0 : CanShare(request, 1) ? 1 : -1;

    protected override void RunRange(long first, long last, int part)
    {
        (int aStep, int bStep, int columns) = (_plan.Step(0), _plan.Step(1), _plan.Columns);
        if (_plan.Rows == 1)
        {
            if (last > first)
                ElementwiseLoops.Zip<TOperator>(Input(0) + (first * aStep), aStep, Input(1) + (first * bStep), bStep,
                    Output() + first, last - first);
            return;
        }
        int dense = columns >= FewColumns ? -1 : _plan.IsDense(0) ? 0 : _plan.IsDense(1) ? 1 : -1;
        for (long row = first, end; row < last; row = end)
        {
            end = Math.Min(last, ((row / _plan.AdjacentRows) + 1) * _plan.AdjacentRows);
            float* a = Input(0) + _plan.Offset(0, row), b = Input(1) + _plan.Offset(1, row),
                y = Output() + (row * columns);
            if (dense >= 0)
                NarrowRows(dense, a, b, y, end - row);
            else
                for (long i = row; i < end; i++, a += _plan.RowStep(0), b += _plan.RowStep(1), y += columns)
                    ElementwiseLoops.Zip<TOperator>(a, aStep, b, bStep, y, columns);
        }
    }

    protected override void Compute() => ShareRows(_plan.Rows, _plan.Columns);

    /// <summary>Adjacent rows of few columns: the operand that is repeated is written out.</summary>
    [SkipLocalsInit]
    private void NarrowRows(int dense, float* a, float* b, float* y, long rows)
    {
        float* repeated = stackalloc float[FewColumns * RowsAtOnce], source = dense == 0 ? b : a;
        (int columns, int step, long rowStep) = (_plan.Columns, _plan.Step(1 - dense), _plan.RowStep(1 - dense));
        for (long row = 0; row < rows; row += RowsAtOnce)
        {
            long n = Math.Min(RowsAtOnce, rows - row), at = row * columns;
            if (row == 0 || rowStep != 0)
                for (long i = 0; i < n; i++)
                    for (int c = 0; c < columns; c++)
                        repeated[(i * columns) + c] = source[((row + i) * rowStep) + (c * step)];
            ElementwiseLoops.Zip<TOperator>(dense == 0 ? a + at : repeated, 1, dense == 0 ? repeated : b + at, 1,
                y + at, n * columns);
        }
    }

    private static bool CanShare(KernelRequest request, int input) => request.Inputs[input].RowPitch == 0
        && request.Inputs[input].Shape.Equals(request.Outputs[0].Shape);
}
