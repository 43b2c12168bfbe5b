using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.Product;

namespace Microsoft.ML.CnnZoo.Kernels.Convolution;

/// <summary>
/// <c>Conv2D</c> and <c>_FusedConv2D</c>: the product of the image's windows with the filter, one per group; bias, side
/// tensor and activation are applied in registers.
/// </summary>
internal sealed unsafe class Conv2DKernel : Kernel
{
    private readonly Conv2DGeometry _g;
    private readonly WindowProduct? _product;
    private readonly PlaneConvolution? _planes;
    private readonly ProductEpilogue _epilogue;
    private readonly PackedWeights? _weights;
    private readonly long _packedFloats;
    private float* _panels;

    private Conv2DKernel(KernelRequest request, in Conv2DGeometry g) : base(request)
    {
        _g = g;
        _epilogue = ProductEpilogue.From(request);
        WindowGrid grid = ConvolutionGrid.Of(g, request.Inputs[0].Pitch, request.OutputPitch());
        if (PlaneConvolution.Suits(grid, _epilogue))
        {
            _planes = new PlaneConvolution(Workers, grid, _epilogue);
            return;
        }
        _product = new WindowProduct(Workers, grid, _epilogue);
        _packedFloats = Panels.Floats(Depth, g.FiltersPerGroup);
        _weights = PackedWeights.For(request, 1, _packedFloats * g.Groups);
    }

    /// <summary>The kernel with the faster algorithm for the shapes.</summary>
    public static IKernel Prepare(KernelRequest request)
    {
        Conv2DGeometry g = Conv2DAttributes.From(request.Node)
            .Geometry(request.Inputs[0].Shape, request.Inputs[1].Shape);
        return WinogradRule.IsWinograd(request, g) ? WinogradConvolutionKernel.Forward(request, g)
            : new Conv2DKernel(request, g);
    }

    public override bool Keeps(int input) => input == 1 && _weights is not null;

    public override long ScratchBytes => _planes?.ScratchBytes
        ?? _product!.ScratchBytes + (_weights is null ? _packedFloats * _g.Groups * sizeof(float) : 0);

    private int Depth => _g.KernelHeight * _g.KernelWidth * _g.ChannelsPerGroup;

    /// <summary>Packs pieces of each group's filter.</summary>
    protected override void RunRange(long first, long last, int part)
    {
        for (int group = 0; group < _g.Groups; group++)
            Panels.PackPieces(Filter(group), Depth, _g.FiltersPerGroup, first, last, _panels + (group * _packedFloats));
    }

    public override void Dispose()
    {
        _weights?.Dispose();
        base.Dispose();
    }

    protected override void Compute()
    {
        if (_planes is not null)
        {
            _epilogue.Begin(OptionalInput(2), OptionalInput(3), 0);
            _planes.Run(Input(0), Input(1), Output(), Scratch);
            return;
        }
        _panels = _weights is null ? (float*)(Scratch + (nint)_product!.ScratchBytes) : _weights.Panels;
        if (_weights?.NeedsPacking() ?? true)
            Share(Panels.Pieces(Filter(0), Depth, _g.FiltersPerGroup), _packedFloats * _g.Groups);
        for (int group = 0; group < _g.Groups; group++)
        {
            int filter = group * _g.FiltersPerGroup;
            _epilogue.Begin(OptionalInput(2), OptionalInput(3), filter);
            _product!.Run(Input(0) + (group * _g.ChannelsPerGroup), _panels + (group * _packedFloats), Output() + filter,
                Scratch);
        }
    }

    private MatrixView Filter(int group) => new(Input(1) + (group * _g.FiltersPerGroup), _g.Filters, 1);
}
