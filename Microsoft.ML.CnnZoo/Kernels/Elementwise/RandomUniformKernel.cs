using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Kernels.Elementwise;

/// <summary>
/// <c>StatelessRandomUniformV2</c>: (shape, key, counter, alg) → Philox numbers in [0, 1), the same for any number of
/// threads.
/// </summary>
internal sealed unsafe class RandomUniformKernel(KernelRequest request) : Kernel(request)
{
    private readonly long _count = request.Outputs[0].Shape.ElementCount;

    protected override void RunRange(long start, long end, int part)
    {
        ulong key = *(ulong*)InputAddress(1);
        ulong* counter = (ulong*)InputAddress(2);
        for (long i = start; i < end; i += int.MaxValue - 3)
            Philox.FillUniform(new Span<float>(Output() + i, (int)Math.Min(end - i, int.MaxValue - 3)), key,
                new UInt128(counter[1], counter[0]) + (UInt128)(i / 4));
    }

    protected override void Compute() => Share(_count, _count * 4, LineElements);
}
