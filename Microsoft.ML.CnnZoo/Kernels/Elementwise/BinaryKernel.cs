using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Kernels.Elementwise;

/// <summary>y = f(a, b) with broadcasting; may work in place on an operand of the result's shape.</summary>
internal sealed unsafe class BinaryKernel<TOperator>(KernelRequest request) : Kernel(request)
    where TOperator : struct, IBinaryOperator
{
    private readonly BroadcastPlan _plan = new(request.Outputs[0].Shape, request.Inputs[0], request.Inputs[1]);

    public override int InPlaceInput { get; } = CanShare(request, 0) ? 0 : CanShare(request, 1) ? 1 : -1;

    public override void RunPart(int part, int parts)
    {
        (int aStep, int bStep, int columns) = (_plan.Step(0), _plan.Step(1), _plan.Columns);
        if (_plan.Rows == 1)
        {
            (long start, long end) = Range(columns, part, parts, 64);
            if (end > start)
                ElementwiseLoops.Zip<TOperator>(Input(0) + (start * aStep), aStep, Input(1) + (start * bStep), bStep,
                    Output() + start, end - start);
            return;
        }
        (long first, long last) = Range(_plan.Rows, part, parts);
        (long aRow, long bRow, int adjacent) = (_plan.RowStep(0), _plan.RowStep(1), _plan.AdjacentRows);
        for (long row = first, end; row < last; row = end)
        {
            end = Math.Min(last, ((row / adjacent) + 1) * adjacent);
            float* a = Input(0) + _plan.Offset(0, row), b = Input(1) + _plan.Offset(1, row),
                y = Output() + (row * columns);
            for (long i = row; i < end; i++, a += aRow, b += bRow, y += columns)
                ElementwiseLoops.Zip<TOperator>(a, aStep, b, bStep, y, columns);
        }
    }

    protected override void Compute() => Share(_plan.Rows * _plan.Columns);

    private static bool CanShare(KernelRequest request, int input) => request.Inputs[input].RowPitch == 0
        && request.Inputs[input].Shape.Equals(request.Outputs[0].Shape);
}
