using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Kernels.Managed;

/// <summary><c>AddN</c>: inputs are added one after the other, in pieces that stay in the cache.</summary>
internal sealed unsafe class AddNKernel(KernelRequest request) : ManagedKernel(request)
{
    private const int Piece = 4096;
    private readonly int _inputs = request.Inputs.Count;
    private readonly long _count = request.Outputs[0].Shape.ElementCount;

    public override int InPlaceInput => 0;

    public override void RunPart(int part, int parts)
    {
        (long start, long end) = Range(_count, part, parts, 64);
        for (long i = start; i < end; i += Piece)
        {
            long n = Math.Min(Piece, end - i);
            float* y = Output() + i;
            if (_inputs == 1)
                Buffer.MemoryCopy(Input(0) + i, y, n * sizeof(float), n * sizeof(float));
            else
                Elementwise.Zip<AddOperator>(Input(0) + i, 1, Input(1) + i, 1, y, n);
            for (int k = 2; k < _inputs; k++)
                FloatSpans.Add(y, Input(k) + i, n);
        }
    }

    protected override void Compute() => Share(_count * _inputs);
}
