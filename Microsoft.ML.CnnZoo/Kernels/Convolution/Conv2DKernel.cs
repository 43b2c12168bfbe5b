using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.Product;

namespace Microsoft.ML.CnnZoo.Kernels.Convolution;

/// <summary><c>Conv2D</c> and <c>_FusedConv2D</c>: the product of the im2col matrix (never materialized as a whole)
/// with the filter, one per group; bias, side tensor and activation are applied while a block of the result is in the
/// cache.</summary>
internal sealed unsafe class Conv2DKernel : Kernel
{
    private readonly Conv2DGeometry _g;
    private readonly Im2Col _matrix;
    private readonly MatrixOperand? _identity;
    private readonly GemmJob _job;
    private readonly GemmEpilogue? _epilogue;
    private readonly PackedWeights? _weights;
    private readonly int _pitch;

    private Conv2DKernel(KernelRequest request, in Conv2DGeometry g) : base(request)
    {
        (_g, _pitch) = (g, request.OutputPitch());
        _matrix = new Im2Col(_g);
        _identity = Im2Col.IsIdentity(_g) ? new MatrixOperand(_g.Channels, 1) : null;
        _epilogue = GemmEpilogue.From(request);
        _weights = PackedWeights.For(request, 1, Gemm.PackedFloats(_matrix.Columns, _g.FiltersPerGroup) * _g.Groups);
        _job = new GemmJob(Workers, _matrix.Rows, _g.FiltersPerGroup, _matrix.Columns,
            _identity ?? (GemmOperand)new PixelRows(_matrix), _weights is not null);
    }

    /// <summary>The kernel with the faster algorithm for the shapes.</summary>
    public static IKernel Prepare(KernelRequest request)
    {
        Conv2DGeometry g = Conv2DAttributes.From(request.Node)
            .Geometry(request.Inputs[0].Shape, request.Inputs[1].Shape);
        return ConvolutionAlgorithms.IsWinograd(request, g) ? WinogradConvolutionKernel.Forward(request, g)
            : new Conv2DKernel(request, g);
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
        int filters = _g.FiltersPerGroup;
        long packed = Gemm.PackedFloats(_matrix.Columns, filters);
        if (_weights?.NeedsPacking() == true)
            for (int group = 0; group < _g.Groups; group++)
                Gemm.Pack(Input(1) + (group * filters), _g.Filters, 1, _matrix.Columns, filters,
                    _weights.Panels + (group * packed));
        for (int group = 0; group < _g.Groups; group++)
        {
            float* image = Input(0) + (group * _g.ChannelsPerGroup);
            _matrix.Image = image;
            if (_identity is not null)
                _identity.Base = image;
            if (_epilogue is not null)
            {
                _epilogue.Bias = Input(2) + (group * filters);
                _epilogue.Side = _epilogue.HasSide ? Input(3) + (group * filters) : null;
            }
            float* weights = _weights is null ? Input(1) + (group * filters) : _weights.Panels + (group * packed);
            _job.Run(weights, _g.Filters, 1, Output() + (group * filters), _pitch, Scratch, _epilogue);
        }
    }
}
