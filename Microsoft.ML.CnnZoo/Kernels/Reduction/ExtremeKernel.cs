using System.Numerics;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Kernels.Elementwise;

namespace Microsoft.ML.CnnZoo.Kernels.Reduction;

/// <summary><c>Max</c> and <c>Min</c>; NaN if one element is NaN.</summary>
internal sealed unsafe class ExtremeKernel<TOperator>(KernelRequest request) : RowReduction(request)
    where TOperator : struct, IExtremeOperator
{
    protected override void Compute()
    {
        new Span<float>(Output(), checked((int)Results)).Fill(TOperator.OfNothing);
        CombineAll();
    }

    protected override void Combine(float* x, long n, long result)
    {
        float* y = Output() + result;
        if (ReducesRows)
            *y = TOperator.Invoke(*y, Extreme(x, n));
        else
            ElementwiseLoops.Zip<TOperator>(y, 1, x, 1, y, n);
    }

    private static float Extreme(float* x, long n)
    {
        float extreme = TOperator.OfNothing;
        long i = 0;
        if (n >= Vector<float>.Count)
        {
            Vector<float> lanes = Vector.Load(x);
            for (i = Vector<float>.Count; i <= n - Vector<float>.Count; i += Vector<float>.Count)
                lanes = TOperator.Invoke(lanes, Vector.Load(x + i));
            for (int lane = 0; lane < Vector<float>.Count; lane++)
                extreme = TOperator.Invoke(extreme, lanes[lane]);
        }
        for (; i < n; i++)
            extreme = TOperator.Invoke(extreme, x[i]);
        return extreme;
    }
}
