using System.Runtime.CompilerServices;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.Product;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Convolution;

/// <summary>
/// <c>Conv2DBackpropFilter</c>: row (i, j, c) of dw is the product of channel c of all source pixels under tap (i, j),
/// read where they lie, with dy, which is packed band by band. An item is a range of bands by a range of tiles and
/// panels of dw; where there are several ranges of bands each has sums of its own, which are then added up in order.
/// </summary>
internal sealed unsafe class Conv2DBackpropFilterKernel : Kernel, ISharedWork
{
    // About as many pixels has a band, whole rows of small images, so that a panel of their gradients stays in the
    // first-level cache, and so many floats their source, so that it stays in the second-level cache.
    private const int BandPixels = 256, BandFloats = 128 * 1024;

    // Floats of dw that are summed over a range of bands at most: they stay in the second-level cache.
    private const long SmallFilter = 128 * 1024;

    // Multiply-adds that take as long as moving a float.
    private const double MoveCost = 4;

    private readonly Conv2DGeometry _g;
    private readonly WindowGrid _grid;
    private readonly SourceBand _band;
    private readonly nint[] _lines;
    private readonly List<(nint Offset, int Row, int Count)> _tiles = [];
    private readonly int _bands, _bandRows, _bandWidth, _gradientPitch;
    private readonly int _bandRanges;
    private readonly ProductItems _items;
    private readonly long _panelFloats, _sumFloats, _threadFloats, _sumRows, _sumColumns;
    private int _group;

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
        _sumFloats = ((long)g.KernelHeight * g.KernelWidth * g.ChannelsPerGroup * g.FiltersPerGroup + 15) / 16 * 16;
        (_sumRows, _sumColumns) = g.Groups == 1 ? (1, (long)_grid.Depth * g.Filters) : (_grid.Depth, g.FiltersPerGroup);
        (_bandRanges, _items) = Divide(Workers.ThreadCount);
        _panelFloats = (Panels.Floats(_bandRows * _bandWidth, g.FiltersPerGroup) + 15) / 16 * 16;
        _threadFloats = _panelFloats + _band.Floats;
    }

    /// <summary>The kernel with the faster algorithm for the shapes.</summary>
    public static IKernel Prepare(KernelRequest request)
    {
        Conv2DGeometry g = Conv2DAttributes.From(request.Node)
            .Geometry(request.Inputs[0].Shape, request.Outputs[0].Shape);
        return WinogradRule.IsWinogradFilterGradient(request, g) ? new WinogradFilterGradientKernel(request, g)
            : new Conv2DBackpropFilterKernel(request, g);
    }

    public override long ScratchBytes => sizeof(float)
        * ((_threadFloats * Workers.ThreadCount) + (_bandRanges > 1 ? _bandRanges * _sumFloats : 0));

    public long ItemWork(int item)
    {
        (int first, int last) = WorkerPool.Range(_bands, item / _items.Count, _bandRanges);
        return (last - first) * _items.Work(item % _items.Count, _bandRows * _bandWidth);
    }

    public void RunItem(int item, int thread)
    {
        (int range, item) = Math.DivRem(item, _items.Count);
        (int first, int last) = WorkerPool.Range(_bands, range, _bandRanges);
        (long t0, long t1) = _items.Rows(item);
        (int c0, int c1) = _items.Columns(item);
        MatrixView dw = _bandRanges > 1 ? new MatrixView(Sums(range), _g.FiltersPerGroup, 1)
            : new MatrixView(Output() + (_group * _g.FiltersPerGroup), _g.Filters, 1);
        for (int band = first; band < last; band++)
            AddBand(band, (int)t0, (int)t1, c0, c1, (float*)Scratch + (thread * _threadFloats), dw, band > first);
    }

    /// <summary>Adds up the sums of some of dw's rows, or of its elements if they are one row, first bands first.</summary>
    protected override void RunRange(long first, long last, int part)
    {
        if (_sumRows == 1)
            Add(0, first, last - first);
        else
            for (long row = first; row < last; row++)
                Add(row, 0, _sumColumns);
    }

    protected override void Compute()
    {
        for (_group = 0; _group < _g.Groups; _group++)
        {
            if (_bands == 0)
                FloatSpans.Clear(Output(), (long)_grid.Depth * _g.Filters);
            Workers.Run(this, _bandRanges * _items.Count);
            if (_bandRanges > 1)
                ShareRows(_sumRows, _sumColumns, _bandRanges);
        }
    }

    private void Add(long row, long column, long n)
    {
        long from = (row * _sumColumns) + column;
        float* dw = Output() + (row * _g.Filters) + (_group * _g.FiltersPerGroup) + column;
        FloatSpans.Copy(dw, Sums(0) + from, n);
        for (int i = 1; i < _bandRanges; i++)
            FloatSpans.Add(dw, Sums(i) + from, n);
    }

    private float* Sums(int range) =>
        (float*)Scratch + (_threadFloats * Workers.ThreadCount) + (range * _sumFloats);

    /// <summary>
    /// The division into one item for each thread, at most, whose largest takes least: an item multiplies, packs its
    /// columns of dy and copies its bands of x, and the sums are added up.
    /// </summary>
    private (int BandRanges, ProductItems Items) Divide(int threads)
    {
        int filters = _g.FiltersPerGroup, panels = Panels.Count(filters);
        var best = (1, new ProductItems(_tiles.Count, filters, 1, 1));
        double bestCost = double.MaxValue;
        for (int bandRanges = Math.Clamp(_bands, 1, threads); bandRanges >= 1; bandRanges--)
            for (int panelRanges = 1; panelRanges <= Math.Min(threads / bandRanges, panels); panelRanges++)
            {
                int tileRanges = Math.Min(threads / (bandRanges * panelRanges), _tiles.Count);
                if (bandRanges > 1 && _sumFloats > SmallFilter * tileRanges * panelRanges)
                    continue;
                double columns = CeilingDivide(panels, panelRanges) * Panels.FullWidth, pixels = _bandRows * _bandWidth,
                    rows = (double)CeilingDivide(_tiles.Count, tileRanges) * _grid.Depth / _tiles.Count;
                double cost = (CeilingDivide(_bands, bandRanges)
                    * ((pixels * columns * (rows + MoveCost)) + (MoveCost * _band.Floats)))
                    + (bandRanges > 1 ? MoveCost * bandRanges * _sumFloats / threads : 0);
                if (cost < 0.95 * bestCost)
                    (best, bestCost) = ((bandRanges, new ProductItems(_tiles.Count, filters, tileRanges, panelRanges)), cost);
            }
        return best;
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
}
