using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Elementwise;

/// <summary><c>Cast</c> between float32 and bfloat16, rounded to nearest even, and of Booleans to bfloat16.</summary>
internal sealed unsafe class BFloat16CastKernel : Kernel
{
    private const ushort One = 0x3F80;
    private readonly DataType _from;
    private readonly long _count;

    private BFloat16CastKernel(KernelRequest request) : base(request) =>
        (_from, _count) = (request.Inputs[0].Type, request.Outputs[0].Shape.ElementCount);

    /// <summary>The kernel, or null for other types.</summary>
    public static BFloat16CastKernel? TryPrepare(KernelRequest request) =>
        (request.Inputs[0].Type, request.Outputs[0].Type) is (DataType.Float or DataType.Bool, DataType.BFloat16)
        or (DataType.BFloat16, DataType.Float) ? new BFloat16CastKernel(request) : null;

    protected override void RunRange(long start, long end, int part)
    {
        if (_from == DataType.Float)
            BFloat16Spans.Narrow(Input(0) + start, (ushort*)OutputAddress() + start, end - start);
        else if (_from == DataType.BFloat16)
            BFloat16Spans.Widen((ushort*)InputAddress(0) + start, Output() + start, end - start);
        else
            for (long i = start; i < end; i++)
                ((ushort*)OutputAddress())[i] = ((byte*)InputAddress(0))[i] != 0 ? One : (ushort)0;
    }

    protected override void Compute() => Share(_count, _count, LineElements);
}
