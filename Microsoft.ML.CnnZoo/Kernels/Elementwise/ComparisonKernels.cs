using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Kernels.Elementwise;

/// <summary><c>GreaterEqual</c>: floats with broadcasting to Booleans of one byte; false where either is NaN.</summary>
internal sealed unsafe class GreaterEqualKernel(KernelRequest request) : Kernel(request)
{
    private readonly BroadcastPlan _plan = new(request.Outputs[0].Shape, request.Inputs[0], request.Inputs[1]);

    protected override void RunRange(long first, long last, int part)
    {
        (int aStep, int bStep, int columns) = (_plan.Step(0), _plan.Step(1), _plan.Columns);
        for (long row = first; row < last; row++)
        {
            float* a = Input(0) + _plan.Offset(0, row), b = Input(1) + _plan.Offset(1, row);
            byte* y = (byte*)OutputAddress() + (row * columns);
            for (int i = 0; i < columns; i++)
                y[i] = a[i * aStep] >= b[i * bStep] ? (byte)1 : (byte)0;
        }
    }

    protected override void Compute() => Share(_plan.Rows, _plan.Rows * _plan.Columns);
}

/// <summary><c>SelectV2</c>: (condition, a, b) with broadcasting, float32.</summary>
internal sealed unsafe class SelectKernel(KernelRequest request) : Kernel(request)
{
    private readonly BroadcastPlan _plan = new(request.Outputs[0].Shape, request.Inputs[0], request.Inputs[1],
        request.Inputs[2]);

    protected override void RunRange(long first, long last, int part)
    {
        int columns = _plan.Columns;
        for (long row = first; row < last; row++)
        {
            byte* condition = (byte*)InputAddress(0) + _plan.Offset(0, row);
            float* a = Input(1) + _plan.Offset(1, row), b = Input(2) + _plan.Offset(2, row),
                y = Output() + (row * columns);
            for (int i = 0; i < columns; i++)
                y[i] = condition[i * _plan.Step(0)] != 0 ? a[i * _plan.Step(1)] : b[i * _plan.Step(2)];
        }
    }

    protected override void Compute() => Share(_plan.Rows, _plan.Rows * _plan.Columns);
}
