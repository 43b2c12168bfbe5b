using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.Product;

namespace Microsoft.ML.CnnZoo.Kernels.Convolution;

/// <summary><c>Conv2DBackpropFilter</c>: dw [taps, filters] = (gathered image)ᵀ · dy, one product per group. Threads
/// own rows of dw, so no reduction across threads is needed; a small dw of many pixels is split along the pixels
/// instead.</summary>
internal sealed unsafe class Conv2DBackpropFilterKernel : Kernel
{
    private readonly Conv2DGeometry _g;
    private readonly Im2Col _matrix;
    private readonly MatrixOperand? _identity;
    private readonly GemmJob _job;

    private Conv2DBackpropFilterKernel(KernelRequest request, in Conv2DGeometry g) : base(request)
    {
        _g = g;
        _matrix = new Im2Col(_g);
        _identity = Im2Col.IsIdentity(_g) ? new MatrixOperand(1, _g.Channels) : null;
        _job = new GemmJob(Workers, _matrix.Columns, _g.FiltersPerGroup, _matrix.Rows,
            _identity ?? (GemmOperand)new TapRows(_matrix), packed: false);
    }

    /// <summary>The kernel with the faster algorithm for the shapes.</summary>
    public static IKernel Prepare(KernelRequest request)
    {
        Conv2DGeometry g = Conv2DAttributes.From(request.Node)
            .Geometry(request.Inputs[0].Shape, request.Outputs[0].Shape);
        return ConvolutionAlgorithms.IsWinogradFilterGradient(request, g) ? new WinogradFilterGradientKernel(request, g)
            : new Conv2DBackpropFilterKernel(request, g);
    }

    public override long ScratchBytes => _job.ScratchBytes;

    protected override void Compute()
    {
        for (int group = 0; group < _g.Groups; group++)
        {
            int filter = group * _g.FiltersPerGroup;
            _matrix.Image = Input(0) + (group * _g.ChannelsPerGroup);
            if (_identity is not null)
                _identity.Base = _matrix.Image;
            _job.Run(Input(2) + filter, _g.Filters, 1, Output() + filter, _g.Filters, Scratch, null);
        }
    }
}
