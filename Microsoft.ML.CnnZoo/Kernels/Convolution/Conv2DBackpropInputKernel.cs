using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.Product;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Convolution;

/// <summary><c>Conv2DBackpropInput</c>: blocks of dy·wᵀ [pixels, taps], each added to the pixels that its taps were
/// gathered from (col2im). Any stride, padding and dilation; threads own whole images.</summary>
internal sealed unsafe class Conv2DBackpropInputKernel : Kernel
{
    private readonly Conv2DGeometry _g;
    private readonly Im2Col _matrix;
    private readonly MatrixOperand _gradient;
    private readonly GemmJob? _direct;
    private readonly PackedWeights? _weights;
    private readonly int _rows;
    private readonly long _packedFloats, _partFloats;
    private bool _packing;
    private float* _panels;
    private int _group;

    private Conv2DBackpropInputKernel(KernelRequest request, in Conv2DGeometry g) : base(request)
    {
        _g = g;
        _matrix = new Im2Col(_g);
        _gradient = new MatrixOperand(_g.Filters, 1);
        _packedFloats = Gemm.PackedFloats(_g.FiltersPerGroup, _matrix.Columns);
        _weights = PackedWeights.For(request, 1, _packedFloats * _g.Groups);
        if (Im2Col.IsIdentity(_g))
            _direct = new GemmJob(Workers, _matrix.Rows, _matrix.Columns, _g.FiltersPerGroup, _gradient,
                _weights is not null);
        _rows = Gemm.BlockRows;
        _partFloats = GemmOperand.BufferFloats(_rows) + ((long)_rows * Gemm.MaxColumns);
    }

    /// <summary>The kernel with the faster algorithm for the shapes.</summary>
    public static IKernel Prepare(KernelRequest request)
    {
        Conv2DGeometry g = Conv2DAttributes.From(request.Node)
            .Geometry(request.Outputs[0].Shape, request.Inputs[1].Shape);
        return ConvolutionAlgorithms.IsWinogradInputGradient(request, g)
            ? WinogradConvolutionKernel.InputGradient(request, g) : new Conv2DBackpropInputKernel(request, g);
    }

    public override bool Keeps(int input) => input == 1 && _weights is not null;

    public override long ScratchBytes => _direct?.ScratchBytes
        ?? sizeof(float) * ((_partFloats * Workers.ThreadCount) + (_weights is null ? _packedFloats : 0));

    public override void RunPart(int part, int parts)
    {
        if (_packing)
        {
            (long first, long last) = Range(_matrix.Columns, part, parts, Gemm.PanelWidth);
            if (last > first)
                Gemm.Pack(Filter + (first * _g.Filters), 1, _g.Filters, _g.FiltersPerGroup, (int)(last - first),
                    _panels + (_g.FiltersPerGroup * first));
            return;
        }
        (int n0, int n1) = WorkerPool.Range(_g.Batch, part, parts);
        long image = (long)_g.Height * _g.Width * _g.Channels;
        for (int n = n0; n < n1 && _group == 0; n++)
            FloatSpans.Clear(Output() + (n * image), image);
        int pixels = _g.OutputHeight * _g.OutputWidth;
        float* scratch = (float*)Scratch + (part * _partFloats);
        for (int row = n0 * pixels; row < n1 * pixels; row += _rows)
            AddBack(row, Math.Min(_rows, (n1 * pixels) - row), scratch);
    }

    public override void Dispose()
    {
        _weights?.Dispose();
        base.Dispose();
    }

    private float* Filter => Input(1) + (_group * _g.FiltersPerGroup);

    protected override void Compute()
    {
        bool pack = _weights?.NeedsPacking() ?? true;
        for (_group = 0; _group < _g.Groups; _group++)
        {
            _gradient.Base = Input(2) + (_group * _g.FiltersPerGroup);
            _matrix.Image = Output() + (_group * _g.ChannelsPerGroup);
            _panels = _weights is null ? (float*)Scratch + (_partFloats * Workers.ThreadCount)
                : _weights.Panels + (_group * _packedFloats);
            if (pack && (_weights is not null || _direct is null))
            {
                _packing = true;
                Share(_packedFloats);
                _packing = false;
            }
            if (_direct is not null)
                _direct.Run(_weights is null ? Filter : _panels, 1, _g.Filters, _matrix.Image, _g.Channels,
                    Scratch, null);
            else
                Workers.Run(this);
        }
    }

    private void AddBack(int row, int rows, float* scratch)
    {
        float* block = scratch + GemmOperand.BufferFloats(_rows);
        int depth = _g.FiltersPerGroup, columns = _matrix.Columns;
        for (int column = 0, count; column < columns; column += count)
        {
            count = NextColumns(columns - column);
            for (int k = 0, step; k < depth; k += step)
            {
                step = Math.Min(Gemm.MaxDepth, depth - k);
                float* a = _gradient.Block(row, rows, k, step, scratch, out nint ars, out nint aks);
                Gemm.Multiply(rows, count, step, a, ars, aks, Gemm.PanelAt(_panels, depth, columns, column, k), depth,
                    block, count, k > 0, a == scratch);
            }
            _matrix.Scatter(row, rows, column, count, block, count);
        }
    }

    /// <summary>
    /// Columns of the next block: whole panels of full width, or the last narrow one alone (its rows are shorter).
    /// </summary>
    private static int NextColumns(int left)
    {
        int rest = left % Gemm.PanelWidth, full = left - (rest <= Gemm.Lanes ? rest : 0);
        return full == 0 ? left : Math.Min(full, Gemm.MaxColumns);
    }
}
