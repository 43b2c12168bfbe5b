using System.Numerics;
using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Kernels.Elementwise;

/// <summary>
/// <c>LeakyRelu</c> and <c>LeakyReluGrad</c>: the first input where the last one (the same, or the features) is above 0,
/// else alpha times it. May work in place.
/// </summary>
internal sealed unsafe class LeakyReluKernel(KernelRequest request) : Kernel(request)
{
    private readonly long _count = request.Outputs[0].Shape.ElementCount;
    private readonly float _alpha = request.Attribute("alpha").Float;
    private readonly int _features = request.Inputs.Count - 1;

    public override int InPlaceInput => 0;

    protected override void RunRange(long start, long end, int part)
    {
        long i = start;
        float* x = Input(0), features = Input(_features), y = Output();
        for (; i <= end - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> v = Vector.Load(x + i);
            Vector.ConditionalSelect(Vector.GreaterThan(Vector.Load(features + i), Vector<float>.Zero), v, v * _alpha)
                .Store(y + i);
        }
        for (; i < end; i++)
            y[i] = features[i] > 0 ? x[i] : x[i] * _alpha;
    }

    protected override void Compute() => Share(_count, _count, LineElements);
}
