using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.Product;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Convolution;

/// <summary>
/// <c>Conv2D</c>, <c>_FusedConv2D</c> and <c>Conv2DBackpropInput</c> of 3x3 filters with stride 1 by
/// <see cref="WinogradTransforms"/>: a block of tiles is transformed, multiplied at each of the 36 positions with the
/// transformed filter, and transformed back, with bias, side tensor and activation applied while the results are in the
/// cache. An item is a block of tiles.
/// The gradient with respect to the image is such a convolution of dy with the filter rotated by 180°, channels and
/// filters exchanged.
/// </summary>
internal sealed unsafe class WinogradConvolutionKernel : Kernel, ISharedWork
{
    private const int Positions = WinogradTransforms.Positions;
    private const int FilterRows = 16; // rotated together
    private const int LeastRows = 4; // of a piece that is packed as it is

    private readonly Conv2DGeometry _g;
    private readonly WinogradTiles _tiles, _sideTiles;
    private readonly ProductEpilogue _epilogue;
    private readonly PackedWeights? _weights;
    private readonly int _image;
    private readonly bool _isGradient;
    private readonly int _blocks, _blockTiles, _rowFloats, _resultFloats;
    private readonly nint _filterFloats, _imageFloats, _productFloats;
    private readonly long _partFloats;
    private float* _filter;

    private WinogradConvolutionKernel(KernelRequest request, in Conv2DGeometry g, int image, bool isGradient)
        : base(request)
    {
        (_g, _image, _isGradient) = (g, image, isGradient);
        _tiles = new WinogradTiles(g, request.OutputPitch());
        _sideTiles = new WinogradTiles(g, g.Filters);
        _epilogue = ProductEpilogue.From(request);
        _filterFloats = WinogradTransforms.Distance(Panels.Floats(g.Channels, g.Filters));
        _weights = !isGradient && WinogradRule.KeepsFilter(request, g)
            ? PackedWeights.For(request, 1, Positions * (long)_filterFloats) : null;
        (_blocks, _blockTiles) = Blocks((long)g.Channels * g.Filters);
        _rowFloats = g.Channels + 16; // so that rows do not map to the same cache set
        _resultFloats = g.Filters + 16;
        _imageFloats = WinogradTransforms.Distance((long)_blockTiles * _rowFloats);
        _productFloats = WinogradTransforms.Distance((long)_blockTiles * _resultFloats);
        _partFloats = (Positions * (long)(_imageFloats + _productFloats)) + Math.Max(g.Channels, g.Filters)
            + g.Filters;
    }

    /// <summary>The kernel for the convolution of input 0 with input 1.</summary>
    public static WinogradConvolutionKernel Forward(KernelRequest request, in Conv2DGeometry g) =>
        new(request, g, image: 0, isGradient: false);

    /// <summary>The kernel for the gradient with respect to the image: input 2 is dy.</summary>
    public static WinogradConvolutionKernel InputGradient(KernelRequest request, in Conv2DGeometry g) =>
        new(request, g with
    {
        Height = g.OutputHeight, Width = g.OutputWidth, Channels = g.Filters, OutputHeight = g.Height,
        OutputWidth = g.Width, Filters = g.Channels,
        PadTop = g.KernelHeight - 1 - g.PadTop, PadLeft = g.KernelWidth - 1 - g.PadLeft,
    }, image: 2, isGradient: true);

    public override bool Keeps(int input) => input == 1 && _weights is not null;

    public override long ScratchBytes => sizeof(float)
        * ((_partFloats * Workers.ThreadCount) + (_weights is null ? Positions * (long)_filterFloats : 0));

    public long ItemWork(int item)
    {
        (int first, int last) = WorkerPool.Range(_tiles.Count, item, _blocks);
        return (last - first) * Positions * Panels.Floats(_g.Channels, _g.Filters);
    }

    public override void Dispose()
    {
        _weights?.Dispose();
        base.Dispose();
    }

    /// <summary>Packs pieces of the filter: some channels of a panel.</summary>
    protected override void RunRange(long first, long last, int part)
    {
        int panels = Panels.Count(_g.Filters);
        for (long piece = first; piece < last; piece++)
        {
            int channel = (int)(piece / panels) * PieceRows, column = (int)(piece % panels) * Panels.FullWidth;
            if (_isGradient)
                PackTurned(channel, column);
            else
                Pack(channel, column);
        }
    }

    /// <summary>Computes a block of tiles.</summary>
    public void RunItem(int item, int thread)
    {
        float* v = (float*)Scratch + (thread * _partFloats), m = v + (Positions * (long)_imageFloats),
            zeros = m + (Positions * (long)_productFloats), beyond = zeros + Math.Max(_g.Channels, _g.Filters);
        FloatSpans.Clear(zeros, Math.Max(_g.Channels, _g.Filters));
        (int first, int last) = WorkerPool.Range(_tiles.Count, item, _blocks);
        Compute(first, last - first, v, m, zeros, beyond);
    }

    protected override void Compute()
    {
        _filter = _weights is null ? (float*)Scratch + (_partFloats * Workers.ThreadCount) : _weights.Panels;
        if (_weights?.NeedsPacking() ?? true)
            Share((long)_g.Channels / PieceRows * Panels.Count(_g.Filters), Positions * (long)_filterFloats);
        _epilogue.Begin(OptionalInput(2), OptionalInput(3), 0);
        Workers.Run(this, _blocks);
    }

    private int PieceRows => _isGradient ? FilterRows : LeastRows;

    /// <summary>
    /// Number of blocks, a multiple of the number of threads, and the most tiles of one: few stay in the cache, but a
    /// large filter does not and is read once for each block, which favors many.
    /// </summary>
    private (int Blocks, int Tiles) Blocks(long filter)
    {
        int most = (filter <= 128 * 128 ? 28 : filter <= 256 * 256 ? 56 : 112) / Tiles.WideRows * Tiles.WideRows;
        int each = Math.Max(1, (_tiles.Count + (most * Workers.ThreadCount) - 1) / (most * Workers.ThreadCount));
        int blocks = Math.Min(_tiles.Count, each * Workers.ThreadCount);
        return (blocks, blocks == 0 ? 0 : (_tiles.Count + blocks - 1) / blocks);
    }

    private void Compute(int first, int count, float* v, float* m, float* zeros, float* beyond)
    {
        float** pixels = stackalloc float*[Positions];
        for (int i = 0; i < count; i++)
        {
            _tiles.InputPixels(Input(_image), first + i, zeros, pixels);
            WinogradTransforms.Input(pixels, _g.Channels, v + ((long)i * _rowFloats), _imageFloats);
        }
        for (int i = 0; i < Positions; i++)
            PanelProduct.Multiply(new MatrixView(v + (i * _imageFloats), _rowFloats, 1), count,
                new PackedMatrix(_filter + (i * _filterFloats), _g.Channels, _g.Filters),
                new MatrixView(m + (i * _productFloats), _resultFloats, 1),
                i + 1 < Positions ? _filter + ((i + 1) * _filterFloats) : null);
        TileFinish finish = _epilogue.Finish;
        finish.Bias = _epilogue.Bias;
        float** side = stackalloc float*[Positions];
        for (int i = 0; i < count; i++)
        {
            _tiles.OutputPixels(Output(), first + i, beyond, pixels);
            if (_epilogue.Side is not null)
                _sideTiles.OutputPixels(_epilogue.Side, first + i, zeros, side);
            WinogradTransforms.Output(m + ((long)i * _resultFloats), _productFloats, _g.Filters, pixels, finish,
                _epilogue.Side is null ? null : side);
            if (_epilogue.HasCurve)
                for (int j = 0; j < WinogradTransforms.OutputTile * WinogradTransforms.OutputTile; j++)
                    if (pixels[j] != beyond)
                        _epilogue.Bend(pixels[j], _g.Filters);
        }
    }

    /// <summary>Transforms a piece of the filter.</summary>
    private void Pack(int channel, int column)
    {
        nint tap = (nint)_g.Channels * _g.Filters;
        for (int i = channel; i < channel + LeastRows; i++)
            WinogradTransforms.Filter(Input(1) + ((long)i * _g.Filters) + column, tap,
                Math.Min(Panels.FullWidth, _g.Filters - column), Panels.At(_filter, _g.Channels, _g.Filters, column, i),
                _filterFloats);
    }

    /// <summary>
    /// The same for the rotated filter, whose channels are the forward convolution's filters.
    /// </summary>
    [SkipLocalsInit]
    private void PackTurned(int channel, int column)
    {
        float* turned = stackalloc float[9 * FilterRows * 32];
        int width = Math.Min(Panels.FullWidth, _g.Filters - column);
        Turn(channel, column, width, turned);
        for (int i = 0; i < FilterRows; i++)
            WinogradTransforms.Filter(turned + (i * width), FilterRows * width, width,
                Panels.At(_filter, _g.Channels, _g.Filters, column, channel + i), _filterFloats);
    }

    /// <summary>turned[8 − tap][i][j] = filter[tap][column + j][channel + i].</summary>
    private void Turn(int channel, int column, int width, float* turned)
    {
        nint tap = (nint)_g.Channels * _g.Filters, row = _g.Channels;
        for (int t = 0; t < 9; t++)
        {
            float* source = Input(1) + (t * tap) + (column * row) + channel,
                target = turned + ((8 - t) * FilterRows * width);
            for (int j = 0; j < width; j += 4)
            {
                float* s0 = source + (j * row), s1 = s0 + row, s2 = s1 + row, s3 = s2 + row;
                for (int i = 0; i < FilterRows; i++)
                    Vector128.Create(s0[i], s1[i], s2[i], s3[i]).Store(target + (i * width) + j);
            }
        }
    }
}
