using System.Runtime.CompilerServices;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.Product;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Convolution;

/// <summary>
/// <c>Conv2DBackpropFilter</c>: row (i, j, c) of dw is the product of channel c of all source pixels under tap (i, j),
/// read where they lie, with dy, which is packed band by band. A small dw is summed by each thread over its own bands,
/// where there are enough, and then added up in order; of a large one each thread owns tiles.
/// </summary>
internal sealed unsafe class Conv2DBackpropFilterKernel : Kernel
{
    // About as many pixels has a band, whole rows of small images, so that a panel of their gradients stays in the
    // first-level cache, and so many floats their source, so that it stays in the second-level cache.
    private const int BandPixels = 256, BandFloats = 128 * 1024;

    // Floats of dw up to which each thread sums its own.
    private const long SmallFilter = 128 * 1024;

    private readonly Conv2DGeometry _g;
    private readonly WindowGrid _grid;
    private readonly SourceBand _band;
    private readonly nint[] _lines;
    private readonly List<(nint Offset, int Row, int Count)> _tiles = [];
    private readonly int _bands, _bandRows, _bandWidth, _gradientPitch;
    private readonly bool _ownSums;
    private readonly ProductItems _items;
    private readonly long _panelFloats, _sumFloats, _partFloats;
    private int _group;
    private bool _adding;

    private Conv2DBackpropFilterKernel(KernelRequest request, in Conv2DGeometry g) : base(request)
    {
        (_g, _gradientPitch) = (g, request.Inputs[2].Pitch);
        _grid = ConvolutionGrid.Of(g, request.Inputs[0].Pitch, _gradientPitch).Flattened();
        int pixels = Math.Clamp(BandFloats / _grid.Channels, BandPixels / 4, BandPixels);
        _bandWidth = Math.Max(1, _grid.Height == 1 ? Math.Min(_grid.Width, pixels) : _grid.Width);
        _bandRows = Math.Clamp(pixels / _bandWidth, 1, _grid.Height);
        _band = new SourceBand(_grid, _bandRows, _bandWidth, copiesMargins: true);
        _bands = _grid.Images * CeilingDivide(_grid.Height, _bandRows) * CeilingDivide(_grid.Width, _bandWidth);
        _lines = new nint[_bandRows];
        for (int i = 0; i < _bandRows; i++)
            _lines[i] = i * _grid.StrideHeight * _band.RowFloats;
        AddTiles();
        int threads = Workers.ThreadCount;
        _sumFloats = ((long)g.KernelHeight * g.KernelWidth * g.ChannelsPerGroup * g.FiltersPerGroup + 15) / 16 * 16;
        _ownSums = threads > 1 && _sumFloats <= SmallFilter && _bands >= threads;
        _items = ProductItems.OnePerThread(threads, _tiles.Count, g.FiltersPerGroup);
        _panelFloats = (Panels.Floats(_bandRows * _bandWidth, g.FiltersPerGroup) + 15) / 16 * 16;
        _partFloats = _panelFloats + _band.Floats + (_ownSums ? _sumFloats : 0);
    }

    /// <summary>The kernel with the faster algorithm for the shapes.</summary>
    public static IKernel Prepare(KernelRequest request)
    {
        Conv2DGeometry g = Conv2DAttributes.From(request.Node)
            .Geometry(request.Inputs[0].Shape, request.Outputs[0].Shape);
        return WinogradRule.IsWinogradFilterGradient(request, g) ? new WinogradFilterGradientKernel(request, g)
            : new Conv2DBackpropFilterKernel(request, g);
    }

    public override long ScratchBytes => _partFloats * Workers.ThreadCount * sizeof(float);

    public override void RunPart(int part, int parts)
    {
        if (_adding)
        {
            AddSums(part, parts);
            return;
        }
        float* panels = (float*)Scratch + (part * _partFloats);
        if (_ownSums)
        {
            (int first, int last) = WorkerPool.Range(_bands, part, parts);
            float* sums = panels + _panelFloats + _band.Floats;
            for (int band = first; band < last; band++)
                AddBand(band, 0, _tiles.Count, 0, _g.FiltersPerGroup, panels,
                    new MatrixView(sums, _g.FiltersPerGroup, 1), band > first);
            return;
        }
        if (part >= _items.Count)
            return;
        (long t0, long t1) = _items.Rows(part);
        (int c0, int c1) = _items.Columns(part);
        for (int band = 0; band < _bands; band++)
            AddBand(band, (int)t0, (int)t1, c0, c1, panels,
                new MatrixView(Output() + (_group * _g.FiltersPerGroup), _g.Filters, 1), band > 0);
    }

    protected override void Compute()
    {
        for (_group = 0; _group < _g.Groups; _group++)
        {
            if (_bands == 0)
                FloatSpans.Clear(Output(), (long)_grid.Depth * _g.Filters);
            Workers.Run(this);
            if (!_ownSums)
                continue;
            _adding = true;
            Share(_sumFloats * Workers.ThreadCount);
            _adding = false;
        }
    }

    private static int CeilingDivide(int a, int b) => (a + b - 1) / b;

    /// <summary>Rows of dw that lie side by side in the source, in tiles of similar height.</summary>
    private void AddTiles()
    {
        nint[] runs = _band.Runs();
        int length = _grid.Depth / runs.Length, tiles = CeilingDivide(length, Tiles.WideRows);
        for (int run = 0; run < runs.Length; run++)
            for (int i = 0; i < tiles; i++)
            {
                (int from, int to) = WorkerPool.Range(length, i, tiles);
                _tiles.Add((runs[run] + from, (run * length) + from, to - from));
            }
    }

    /// <summary>Adds the products of one band to tiles [t0, t1) of rows and columns [c0, c1) of dw.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddBand(int band, int t0, int t1, int c0, int c1, float* panels, MatrixView dw, bool accumulate)
    {
        int across = CeilingDivide(_grid.Width, _bandWidth), down = CeilingDivide(_grid.Height, _bandRows);
        int image = band / (across * down), y0 = band / across % down * _bandRows, x0 = band % across * _bandWidth;
        int y1 = Math.Min(_grid.Height, y0 + _bandRows), x1 = Math.Min(_grid.Width, x0 + _bandWidth);
        int pixels = (y1 - y0) * (x1 - x0);
        long first = ((long)image * _grid.Pixels) + ((long)y0 * _grid.Width) + x0;
        float* gradient = Input(2) + (first * _gradientPitch) + (_group * _g.FiltersPerGroup);
        Panels.Pack(new MatrixView(gradient, _gradientPitch, 1), pixels, _g.FiltersPerGroup, c0, c1, panels, pixels, 0);
        float* source = _band.Open(Input(0) + (_group * _g.ChannelsPerGroup), image, (y0, y1), (x0, x1),
            panels + _panelFloats) + (y0 * _grid.StrideHeight * _band.RowFloats)
            + ((nint)x0 * _grid.StrideWidth * _band.Pitch);
        // The next band of a source that is read in place: a tile alone would touch it in strides.
        nint bandFloats = _grid.Height == 1 ? (nint)_bandWidth * _grid.StrideWidth * _band.Pitch
            : _bandRows * _grid.StrideHeight * _band.RowFloats;
        byte* ahead = _band.Floats == 0 ? (byte*)(source + bandFloats) : null;
        nint aheadStep = (bandFloats * sizeof(float) / Math.Max(1, (t1 - t0) * Panels.Count(c1 - c0))) + 1;
        fixed (nint* lines = _lines)
            for (int column = c0; column < c1; column += Panels.FullWidth)
            {
                int width = Panels.Width(_g.FiltersPerGroup - column);
                for (int i = t0; i < t1; i++)
                {
                    (nint offset, int row, int count) = _tiles[i];
                    var tile = new RegisterTile
                    {
                        A = source + offset, ARow = 1, AStep = (nint)_grid.StrideWidth * _band.Pitch, Runs = lines,
                        RunCount = y1 - y0, RunLength = x1 - x0,
                        B = Panels.At(panels, pixels, _g.FiltersPerGroup, column, 0), BStep = width,
                        C = dw.From(row, column).First, CRow = dw.Row,
                        Finish = new TileFinish { Accumulates = accumulate }, Ahead = ahead, AheadStep = aheadStep,
                    };
                    ahead = ahead is null ? null : ahead + aheadStep;
                    Tiles.Multiply(&tile, count, Math.Min(width, _g.FiltersPerGroup - column), width);
                }
            }
    }

    /// <summary>Adds up the threads' sums of a part of dw's rows, thread 0's first.</summary>
    private void AddSums(int part, int parts)
    {
        int filters = _g.FiltersPerGroup;
        (int first, int last) = WorkerPool.Range(_grid.Depth, part, parts);
        for (int row = first; row < last; row++)
        {
            float* dw = Output() + ((long)row * _g.Filters) + (_group * filters);
            for (int i = 0; i < Workers.ThreadCount; i++)
            {
                float* sums = (float*)Scratch + (i * _partFloats) + _panelFloats + _band.Floats + ((long)row * filters);
                if (i == 0)
                    FloatSpans.Copy(dw, sums, filters);
                else
                    FloatSpans.Add(dw, sums, filters);
            }
        }
    }
}
