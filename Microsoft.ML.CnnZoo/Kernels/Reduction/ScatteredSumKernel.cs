using System.Numerics;
using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Kernels.Reduction;

/// <summary>
/// <c>Sum</c> and <c>Mean</c> over reduced dimensions with kept ones in between (group normalization), in double
/// precision.
/// </summary>
internal sealed unsafe class ScatteredSumKernel(KernelRequest request, bool isMean) : RowReduction(request)
{
    public override long ScratchBytes => Results * sizeof(double);

    protected override void Compute()
    {
        double* sums = (double*)Scratch;
        new Span<double>(sums, checked((int)Results)).Clear();
        CombineAll();
        double factor = isMean ? (double)Results / Elements : 1;
        for (long i = 0; i < Results; i++)
            Output()[i] = (float)(sums[i] * factor);
    }

    protected override void Combine(float* x, long n, long result)
    {
        double* sums = (double*)Scratch + result;
        if (ReducesRows)
        {
            *sums += ReduceKernel.SumRow(x, n, squares: false);
            return;
        }
        long i = 0;
        for (; i <= n - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(Vector.Load(x + i), out Vector<double> low, out Vector<double> high);
            (Vector.Load(sums + i) + low).Store(sums + i);
            (Vector.Load(sums + i + Vector<double>.Count) + high).Store(sums + i + Vector<double>.Count);
        }
        for (; i < n; i++)
            sums[i] += x[i];
    }
}
