using System.Runtime.CompilerServices;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Kernels.Product;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Convolution;

/// <summary>
/// The convolution of images of one channel with a few filters, fewer than a vector has lanes (LeNet-5's first layer):
/// lanes are pixels of a row instead of filters. A tile's rows are filters; its product of two vectors of pixels is
/// then transposed into the target. An item is a range of an image's rows.
/// </summary>
internal sealed unsafe class PlaneConvolution : ISharedWork
{
    private readonly WindowGrid _g;
    private readonly WorkerPool _workers;
    private readonly ProductEpilogue _epilogue;
    private readonly SourceBand _band;
    private readonly nint[] _runs;
    private readonly int _width, _ranges;
    private readonly long _biasFloats, _partFloats;
    private float* _source, _filter, _target, _scratch;

    /// <param name="workers">Threads.</param>
    /// <param name="grid">Sizes.</param>
    /// <param name="epilogue">What is done with the results.</param>
    public PlaneConvolution(WorkerPool workers, WindowGrid grid, ProductEpilogue epilogue)
    {
        (_g, _workers, _epilogue) = (grid, workers, epilogue);
        _band = new SourceBand(grid, grid.Height, grid.Width, copiesMargins: true, copiesAlways: true);
        _runs = new nint[grid.KernelHeight];
        for (int i = 0; i < _runs.Length; i++)
            _runs[i] = (nint)i * grid.KernelWidth * grid.Filters;
        _width = Panels.FullWidth;
        int most = (int)Math.Clamp(ImageWork / ProductItems.LeastWork, 1, Math.Max(1, grid.Height));
        _ranges = Enumerable.Range(1, most).MinBy(r =>
            (((grid.Images * r) + workers.ThreadCount - 1) / workers.ThreadCount)
            * (grid.Height + ((r - 1) * grid.KernelHeight)) / (double)r); // rows of an item's source overlap
        _biasFloats = grid.Filters * _width;
        _partFloats = _band.Floats + _width + (grid.Filters * _width); // a vector may reach beyond the band
    }

    /// <summary>Scratch memory that <see cref="Run"/> needs, bytes.</summary>
    public long ScratchBytes => sizeof(float) * (_biasFloats + (_partFloats * _workers.ThreadCount));

    /// <summary>Whether this is the faster way.</summary>
    public static bool Suits(WindowGrid grid, ProductEpilogue epilogue) => !epilogue.HasSide
        && grid is { Channels: 1, SourcePitch: 1, StrideWidth: 1, DilationWidth: 1, KernelWidth: > 1 }
        && grid.TargetPixel == grid.Filters && grid.Filters < Tiles.Lanes && grid.Filters <= Tiles.WideRows
        && grid.SourceHeight * grid.SourceWidth <= 64 * 1024;

    /// <summary>Computes the convolution.</summary>
    /// <param name="source">The images.</param>
    /// <param name="filter">The filter, not packed: taps by filters.</param>
    /// <param name="target">The results.</param>
    /// <param name="scratch">Memory of <see cref="ScratchBytes"/> bytes.</param>
    public void Run(float* source, float* filter, float* target, nint scratch)
    {
        _source = source;
        _filter = filter;
        _target = target;
        _scratch = (float*)scratch;
        for (int i = 0; i < _g.Filters && _epilogue.Bias is not null; i++)
            new Span<float>(_scratch + (i * _width), _width).Fill(_epilogue.Bias[i]);
        _workers.Run(this, _g.Images * _ranges);
    }

    private long ImageWork => (long)_g.Pixels * _g.Depth * _g.Filters;

    public long ItemWork(int item)
    {
        (int first, int last) = WorkerPool.Range(_g.Height, item % _ranges, _ranges);
        return (last - first) * ImageWork / _g.Height;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void RunItem(int item, int thread)
    {
        int image = item / _ranges;
        (int first, int last) = WorkerPool.Range(_g.Height, item % _ranges, _ranges);
        float* buffer = _scratch + _biasFloats + (thread * _partFloats), result = buffer + _band.Floats + _width;
        TileFinish finish = _epilogue.Finish;
        if (_epilogue.Bias is not null)
        {
            finish.Side = _scratch;
            finish.SideRow = _width;
        }
        float* band = _band.Open(_source, image, (first, last), (0, _g.Width), buffer),
            target = _target + (image * _g.TargetImage);
        fixed (nint* runs = _runs)
            for (int y = first; y < last; y++)
                for (int x = 0; x < _g.Width; x += _width)
                {
                    int pixels = Math.Min(_width, _g.Width - x), width = Panels.Width(pixels);
                    var tile = new RegisterTile
                    {
                        A = _filter, ARow = 1, AStep = _g.Filters, Runs = runs, RunCount = _g.KernelHeight,
                        RunLength = _g.KernelWidth, B = band + (y * _g.StrideHeight * _band.RowFloats) + x, BStep = 1,
                        BGap = (_g.DilationHeight * _band.RowFloats) - _g.KernelWidth, C = result, CRow = _width,
                        Finish = finish,
                    };
                    Tiles.Multiply(&tile, _g.Filters, width, width);
                    Transposition.Transpose(result, _width, _g.Filters, pixels,
                        target + (y * _g.TargetRow) + (x * _g.TargetPixel), _g.TargetPixel);
                }
        if (_epilogue.HasCurve)
            _epilogue.Bend(target + (first * _g.TargetRow), (last - first) * _g.TargetRow);
    }
}
