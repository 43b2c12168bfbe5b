using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Kernels.Product;

/// <summary>
/// <c>MatMul</c> and <c>_FusedMatMul</c>. A transposed left operand is read in place; the right one is always packed.
/// </summary>
internal sealed unsafe class MatMulKernel : Kernel
{
    private readonly int _n, _k;
    private readonly nint _brs, _bcs;
    private readonly MatrixOperand _a;
    private readonly GemmJob _job;
    private readonly GemmEpilogue? _epilogue;
    private readonly PackedWeights? _weights;

    public MatMulKernel(KernelRequest request) : base(request)
    {
        bool transposeA = request.Attribute("transpose_a").Bool, transposeB = request.Attribute("transpose_b").Bool;
        TensorShape a = request.Inputs[0].Shape, b = request.Inputs[1].Shape;
        int m = a[transposeA ? 1 : 0];
        (_k, _n) = (a[transposeA ? 0 : 1], b[transposeB ? 0 : 1]);
        (_brs, _bcs) = transposeB ? ((nint)1, (nint)b[1]) : (b[1], 1);
        _a = transposeA ? new MatrixOperand(1, a[1]) : new MatrixOperand(a[1], 1);
        _epilogue = GemmEpilogue.From(request);
        _weights = PackedWeights.For(request, 1, Gemm.PackedFloats(_k, _n));
        _job = new GemmJob(Workers, m, _n, _k, _a, _weights is not null);
    }

    public override bool Keeps(int input) => input == 1 && _weights is not null;

    public override long ScratchBytes => _job.ScratchBytes;

    public override void Dispose()
    {
        _weights?.Dispose();
        base.Dispose();
    }

    protected override void Compute()
    {
        if (_weights?.NeedsPacking() == true)
            Gemm.Pack(Input(1), _brs, _bcs, _k, _n, _weights.Panels);
        _a.Base = Input(0);
        if (_epilogue is not null)
        {
            _epilogue.Bias = Input(2);
            _epilogue.Side = _epilogue.HasSide ? Input(3) : null;
        }
        _job.Run(_weights is null ? Input(1) : _weights.Panels, _brs, _bcs, Output(), _n, Scratch, _epilogue);
    }
}
