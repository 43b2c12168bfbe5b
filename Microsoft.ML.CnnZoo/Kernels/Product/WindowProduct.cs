using System.Runtime.CompilerServices;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Product;

/// <summary>
/// The product of windows of images with a packed matrix, on all threads: convolutions of any stride, dilation and
/// padding, and their gradient with respect to the image. Windows are read where they lie, as runs of a tile's depth,
/// or from a copied band of rows (<see cref="SourceBand"/>). Rows above and below the image are left out.
/// </summary>
/// <remarks>
/// An item is a range of target pixels and of panels; every sum has the same order on any number of threads.
/// </remarks>
internal sealed unsafe class WindowProduct : ISharedWork
{
    // Floats of the source that one band of rows should have: it stays in the second-level cache for all panels.
    private const int BandFloats = 64 * 1024;

    // Floats of panels that do not stay in the second-level cache.
    private const long LargePanels = 64 * 1024;

    private readonly WindowGrid _g;
    private readonly WorkerPool _workers;
    private readonly ProductEpilogue _epilogue;
    private readonly SourceBand _band;
    private readonly int _runsPerRow, _runLength, _bandRows, _bandPixels;
    private readonly nint[] _runs;
    private readonly DepthBlock[] _blocks;
    private readonly ProductItems _items;
    private readonly long _biasFloats;
    private float* _source, _target, _panels, _scratch;

    /// <param name="workers">Threads.</param>
    /// <param name="grid">Sizes.</param>
    /// <param name="epilogue">What is done with the product.</param>
    public WindowProduct(WorkerPool workers, WindowGrid grid, ProductEpilogue epilogue)
    {
        WindowGrid g = grid.Flattened();
        (_g, _workers, _epilogue) = (g, workers, epilogue);
        _bandPixels = Math.Max(BandFloats / (g.Channels * g.StrideHeight * g.StrideWidth), 8 * Tiles.WideRows);
        _bandRows = Math.Max(1, _bandPixels / Math.Max(1, g.Width));
        _band = new SourceBand(g, _bandRows, g.Height > 1 ? g.Width : Math.Min(g.Width, _bandPixels),
            copiesMargins: false);
        _runsPerRow = _band.RunsPerRow;
        _runLength = g.KernelWidth / _runsPerRow * g.Channels;
        _runs = _band.Runs();
        _blocks = DepthBlock.Divide(_runs.Length, _runLength);
        _items = ProductItems.Choose(workers.ThreadCount, (long)g.Images * g.Pixels, g.Filters, g.Depth, g.Channels);
        _biasFloats = (Panels.Columns(g.Filters) + 15) / 16 * 16;
    }

    /// <summary>Scratch memory that <see cref="Run"/> needs, bytes.</summary>
    public long ScratchBytes => sizeof(float) * (_biasFloats + (_band.Floats * _workers.ThreadCount));

    public long ItemWork(int item) => _items.Work(item, _g.Depth);

    /// <summary>Computes the product.</summary>
    /// <param name="source">The first channel of the first source pixel.</param>
    /// <param name="panels">The matrix, packed.</param>
    /// <param name="target">The first column of the first target pixel.</param>
    /// <param name="scratch">Memory of <see cref="ScratchBytes"/> bytes.</param>
    public void Run(float* source, float* panels, float* target, nint scratch)
    {
        _source = source;
        _panels = panels;
        _target = target;
        _scratch = (float*)scratch;
        if (_epilogue.Bias is not null)
        {
            FloatSpans.Copy(_scratch, _epilogue.Bias, _g.Filters);
            FloatSpans.Clear(_scratch + _g.Filters, _biasFloats - _g.Filters);
        }
        _workers.Run(this, _items.Count);
    }

    public void RunItem(int item, int thread)
    {
        (long first, long last) = _items.Rows(item);
        (int c0, int c1) = _items.Columns(item);
        float* buffer = _scratch + _biasFloats + (thread * _band.Floats);
        while (first < last)
        {
            int image = (int)(first / _g.Pixels), pixel = (int)(first % _g.Pixels);
            int end = _g.Height == 1 ? pixel + _bandPixels : ((pixel / _g.Width) + _bandRows) * _g.Width;
            end = (int)Math.Min(Math.Min(end, _g.Pixels), pixel + (last - first));
            ComputeBand(image, pixel, end, c0, c1, buffer);
            first += end - pixel;
        }
    }

    /// <summary>
    /// Target pixels [first, last) of an image, whole rows or a part of one: each piece of a panel meets all of them
    /// while it is in the first-level cache.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ComputeBand(int image, int first, int last, int c0, int c1, float* buffer)
    {
        WindowGrid g = _g;
        var band = new Band(first / g.Width, ((last - 1) / g.Width) + 1, first, last);
        (int, int) columns = band.Y1 - band.Y0 == 1 ? (first - (band.Y0 * g.Width), last - (band.Y0 * g.Width))
            : (0, g.Width);
        float* source = _band.Open(_source, image, (band.Y0, band.Y1), columns, buffer);
        float* target = _target + (image * g.TargetImage);
        for (int block = 0; block < _blocks.Length; block++)
            for (int column = c0; column < c1; column += Panels.FullWidth)
            {
                int width = Panels.Width(g.Filters - column);
                var tile = new RegisterTile
                {
                    ARow = g.StrideWidth * _band.Pitch, AStep = 1, RunLength = _blocks[block].Length, BStep = width,
                    CRow = g.TargetPixel, Finish = Finish(block, image, column),
                };
                FetchAhead(&tile, block, column, c0, c1,
                    (band.Y1 - band.Y0) * Tiles.Count(Math.Min(last - first, g.Width), width));
                MultiplyRows(tile, band, _blocks[block], source, column, target + column);
            }
        for (int pixel = first; pixel < last && _epilogue.HasCurve; pixel++)
            _epilogue.Bend(target + (pixel / g.Width * g.TargetRow) + (pixel % g.Width * g.TargetPixel) + c0, c1 - c0);
    }

    /// <summary>The pixels of a band with one piece of a panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MultiplyRows(RegisterTile tile, Band band, DepthBlock block, float* source, int column, float* target)
    {
        int width = (int)tile.BStep;
        float* panel = Panels.At(_panels, _g.Depth, _g.Filters, column, 0), side = tile.Finish.Side;
        fixed (nint* runs = _runs)
            for (int y = band.Y0; y < band.Y1; y++)
            {
                int x0 = Math.Max(band.First - (y * _g.Width), 0), x1 = Math.Min(band.Last - (y * _g.Width), _g.Width);
                (int from, int to) = InsideRuns(y, block);
                tile.A = source + (y * _g.StrideHeight * _band.RowFloats) + (x0 * tile.ARow) + block.Start;
                tile.Runs = runs + from;
                tile.RunCount = to - from;
                tile.B = panel + ((((long)from * _runLength) + block.Start) * width);
                tile.C = target + (y * _g.TargetRow) + (x0 * _g.TargetPixel);
                if (side is not null)
                    tile.Finish.Side = side + ((((long)y * _g.Width) + x0) * tile.Finish.SideRow);
                Tiles.Multiply(&tile, x1 - x0, Math.Min(width, _g.Filters - column), width);
            }
    }

    /// <summary>What tiles of a block do with their sums, the side tensor as for an image's first pixel.</summary>
    private TileFinish Finish(int block, int image, int column)
    {
        bool isLast = block == _blocks.Length - 1;
        TileFinish finish = isLast ? _epilogue.Finish : default;
        finish.Accumulates = block > 0;
        if (isLast && _epilogue.Bias is not null)
            finish.Bias = _scratch + column;
        if (isLast && _epilogue.Side is not null)
            finish.Side = _epilogue.Side + ((long)image * _g.Pixels * finish.SideRow) + column;
        return finish;
    }

    /// <summary>
    /// Has the tiles of a piece of a panel fetch the next piece, where not all of them fit the second-level cache.
    /// </summary>
    private void FetchAhead(RegisterTile* tile, int block, int column, int c0, int c1, int tiles)
    {
        tile->Ahead = null;
        (block, column) = column + Panels.FullWidth < c1 ? (block, column + Panels.FullWidth) : (block + 1, c0);
        if (block == _blocks.Length || (long)_g.Depth * (c1 - c0) < LargePanels)
            return;
        DepthBlock next = _blocks[block];
        long bytes = (long)next.RunCount * next.Length * Panels.Width(_g.Filters - column) * sizeof(float);
        tile->Ahead = (byte*)Panels.At(_panels, _g.Depth, _g.Filters, column,
            ((long)next.FirstRun * _runLength) + next.Start);
        tile->AheadStep = (nint)(bytes / tiles) + 1;
    }

    /// <summary>A block's runs whose source rows, for target row y, are inside the image.</summary>
    private (int From, int To) InsideRuns(int y, DepthBlock block)
    {
        int top = (y * _g.StrideHeight) - _g.PadTop;
        int above = top >= 0 ? 0 : (-top + _g.DilationHeight - 1) / _g.DilationHeight;
        int inside = top >= _g.SourceHeight ? 0 : ((_g.SourceHeight - 1 - top) / _g.DilationHeight) + 1;
        int from = Math.Max(block.FirstRun, above * _runsPerRow);
        return (from, Math.Max(from, Math.Min(block.FirstRun + block.RunCount, inside * _runsPerRow)));
    }

    /// <summary>Target pixels [First, Last) of an image, in rows [Y0, Y1).</summary>
    private readonly record struct Band(int Y0, int Y1, int First, int Last);
}
