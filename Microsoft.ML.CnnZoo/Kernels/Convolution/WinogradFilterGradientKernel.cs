using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.Product;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Convolution;

/// <summary>
/// <c>Conv2DBackpropFilter</c> of 3x3 filters with stride 1: dg = Gᵀ [Σ over tiles of (Bᵀ x B)ᵀ (A dy Aᵀ)] G, the
/// transpose of <see cref="WinogradConvolutionKernel"/>'s convolution.
/// For a small filter each thread sums over its own tiles, in its cache; for a large one all threads transform a block
/// of tiles and then each owns some positions, or some channels of them.
/// </summary>
internal sealed unsafe class WinogradFilterGradientKernel : Kernel
{
    private const int Positions = WinogradTransforms.Positions;
    private const int SmallFilter = 128 * 128;
    private const int OwnTiles = 28, SharedTiles = 256; // per block

    private enum Phase
    {
        SumOwnTiles,
        Transform,
        Multiply,
        TransformBack,
    }

    private readonly Conv2DGeometry _g;
    private readonly WinogradTiles _tiles;
    private readonly bool _ownSums;
    private readonly int _blockTiles, _rowFloats, _channelRanges;
    private readonly nint _imageFloats, _gradientFloats, _sumFloats;
    private readonly long _partFloats;
    private int _sumParts = 1;
    private float* _zeros;
    private Phase _phase;
    private int _first, _count;

    public WinogradFilterGradientKernel(KernelRequest request, in Conv2DGeometry g) : base(request)
    {
        _g = g;
        _tiles = new WinogradTiles(g, g.Filters);
        _ownSums = (long)g.Channels * g.Filters <= SmallFilter;
        _blockTiles = Math.Min(_tiles.Count, _ownSums ? OwnTiles : SharedTiles);
        _rowFloats = g.Channels + 16; // so that rows do not map to the same cache set
        _channelRanges = ChannelRanges(Workers.ThreadCount, g.Channels);
        _imageFloats = WinogradTransforms.Distance((long)_blockTiles * _rowFloats);
        _gradientFloats = WinogradTransforms.Distance(Panels.Floats(_blockTiles, g.Filters));
        _sumFloats = WinogradTransforms.Distance((long)g.Channels * g.Filters);
        _partFloats = Positions * (long)(_imageFloats + _gradientFloats + _sumFloats);
    }

    public override long ScratchBytes => sizeof(float) * ((_partFloats * MostParts) + Math.Max(_g.Channels, _g.Filters));

    private int MostParts => _ownSums ? Workers.ThreadCount : 1;

    protected override void RunRange(long first, long last, int part)
    {
        switch (_phase)
        {
            case Phase.SumOwnTiles:
                SumOwnTiles(part, (int)first, (int)last);
                break;
            case Phase.Transform:
                Transform(0, (int)first, (int)last, _first, _count);
                break;
            case Phase.Multiply:
                for (int i = (int)first; i < last; i++)
                    Multiply(0, i / _channelRanges, WorkerPool.Range(_g.Channels, i % _channelRanges, _channelRanges),
                        _count, accumulate: _first > 0);
                break;
            default:
                for (int channel = (int)first; channel < last; channel++)
                    TransformBack(channel);
                break;
        }
    }

    protected override void Compute()
    {
        _zeros = (float*)Scratch + (_partFloats * MostParts);
        FloatSpans.Clear(_zeros, Math.Max(_g.Channels, _g.Filters));
        long tile = Positions * (long)_g.Channels * _g.Filters;
        if (_ownSums)
        {
            Run(Phase.SumOwnTiles, _tiles.Count, _tiles.Count * tile);
            _sumParts = Parts;
        }
        else
            for (_first = 0; _first < _tiles.Count; _first += _count)
            {
                _count = Math.Min(_blockTiles, _tiles.Count - _first);
                Run(Phase.Transform, _count, _count * tile);
                Run(Phase.Multiply, Positions * _channelRanges, _count * tile);
            }
        Run(Phase.TransformBack, _g.Channels, _sumParts * tile);
    }

    /// <summary>
    /// Ranges of a position's channels: as few as give all threads as many of them, none shorter than a tile.
    /// </summary>
    private static int ChannelRanges(int threads, int channels)
    {
        int most = channels / Tiles.WideRows;
        return Enumerable.Range(1, most).FirstOrDefault(ranges => Positions * ranges % threads == 0, most);
    }

    private void Run(Phase phase, int items, long work)
    {
        _phase = phase;
        Share(items, work);
    }

    private void SumOwnTiles(int part, int start, int end)
    {
        if (start == end)
            FloatSpans.Clear(Sums(part), Positions * (long)_sumFloats);
        for (int first = start, count; first < end; first += count)
        {
            count = Math.Min(_blockTiles, end - first);
            Transform(part, 0, count, first, count);
            for (int position = 0; position < Positions; position++)
                Multiply(part, position, (0, _g.Channels), count, accumulate: first > start);
        }
    }

    /// <summary>
    /// Transforms tiles [from, to) of a block: images into rows of 36 matrices, gradients into rows of 36 packed ones.
    /// </summary>
    private void Transform(int part, int from, int to, int first, int count)
    {
        float** pixels = stackalloc float*[Positions];
        for (int i = from; i < to; i++)
        {
            _tiles.InputPixels(Input(0), first + i, _zeros, pixels);
            WinogradTransforms.Input(pixels, _g.Channels, Image(part) + ((long)i * _rowFloats), _imageFloats);
            _tiles.OutputPixels(Input(2), first + i, _zeros, pixels);
            WinogradTransforms.OutputGradient(pixels, _g.Filters, Gradient(part), count, i, _gradientFloats);
        }
    }

    private void Multiply(int part, int position, (int First, int Last) channels, int count, bool accumulate) =>
        PanelProduct.Multiply(new MatrixView(Image(part) + (position * _imageFloats) + channels.First, 1, _rowFloats),
            channels.Last - channels.First, count,
            new PackedMatrix(Gradient(part) + (position * _gradientFloats), count, _g.Filters), 0, 0, _g.Filters,
            new MatrixView(Sums(part) + (position * _sumFloats) + ((long)channels.First * _g.Filters), _g.Filters, 1),
            new TileFinish { Accumulates = accumulate });

    /// <summary>Adds the parts' sums of a channel in order, part 0 first, and writes its filters' gradients.</summary>
    private void TransformBack(int channel)
    {
        float* sums = Sums(0) + ((long)channel * _g.Filters);
        for (int part = 1; part < _sumParts; part++)
            for (int position = 0; position < Positions; position++)
                FloatSpans.Add(sums + (position * _sumFloats),
                    Sums(part) + (position * _sumFloats) + ((long)channel * _g.Filters), _g.Filters);
        WinogradTransforms.FilterGradient(sums, _sumFloats, _g.Filters, Output() + ((long)channel * _g.Filters),
            (nint)_g.Channels * _g.Filters);
    }

    private float* Image(int part) => (float*)Scratch + (part * _partFloats);

    private float* Gradient(int part) => Image(part) + (Positions * (long)_imageFloats);

    private float* Sums(int part) => Gradient(part) + (Positions * (long)_gradientFloats);
}
