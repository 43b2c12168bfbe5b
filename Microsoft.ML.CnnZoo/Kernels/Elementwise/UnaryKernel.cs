using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Kernels.Elementwise;

/// <summary>y = f(x), element by element; may work in place.</summary>
internal sealed unsafe class UnaryKernel<TOperator>(KernelRequest request) : Kernel(request)
    where TOperator : struct, IUnaryOperator
{
    private readonly long _count = request.Outputs[0].Shape.ElementCount;

    public override int InPlaceInput => 0;

    protected override void RunRange(long start, long end, int part)
    {
        ElementwiseLoops.Map<TOperator>(Input(0) + start, Output() + start, end - start);
    }

    protected override void Compute() => Share(_count, _count, LineElements);
}
