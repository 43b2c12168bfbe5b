using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Kernels.Managed;

/// <summary>
/// <c>Conv2DBackpropFilter</c> of 3x3 filters with stride 1: dg = Gᵀ [Σ over tiles of (Bᵀ x B)ᵀ (A dy Aᵀ)] G, the transpose of <see cref="WinogradConvolutionKernel"/>'s convolution.
/// Threads transform a block of tiles together, then own positions, so that no sum is cut by the number of threads.
/// </summary>
internal sealed unsafe class WinogradFilterGradientKernel : ManagedKernel
{
    private const int Positions = WinogradTransforms.Positions;
    private const int MaxBlockTiles = 256;

    private enum Phase
    {
        Transform,
        Multiply,
        TransformBack,
    }

    private readonly Conv2DGeometry _g;
    private readonly WinogradTiles _tiles;
    private readonly int _blocks, _rowFloats;
    private readonly nint _imageFloats, _gradientFloats, _sumFloats;
    private float* _image, _gradient, _sums, _zeros;
    private Phase _phase;
    private int _first, _count;

    public WinogradFilterGradientKernel(KernelRequest request, in Conv2DGeometry g) : base(request)
    {
        _g = g;
        _tiles = new WinogradTiles(g);
        _blocks = (_tiles.Count + MaxBlockTiles - 1) / MaxBlockTiles;
        int blockTiles = (_tiles.Count + _blocks - 1) / _blocks;
        _rowFloats = g.Channels + 16;
        _imageFloats = WinogradTransforms.Distance((long)blockTiles * _rowFloats);
        _gradientFloats = WinogradTransforms.Distance(Gemm.PackedFloats(blockTiles, g.Filters));
        _sumFloats = WinogradTransforms.Distance((long)g.Channels * g.Filters);
    }

    public override long ScratchBytes => sizeof(float) * ((Positions * (long)(_imageFloats + _gradientFloats + _sumFloats)) + Math.Max(_g.Channels, _g.Filters));

    public override void RunPart(int part, int parts)
    {
        switch (_phase)
        {
            case Phase.Transform:
                (int from, int to) = WorkerPool.Range(_count, part, parts);
                Transform(from, to);
                break;
            case Phase.Multiply:
                (from, to) = WorkerPool.Range(Positions, part, parts);
                Multiply(from, to);
                break;
            default:
                (from, to) = WorkerPool.Range(_g.Channels, part, parts);
                for (int channel = from; channel < to; channel++)
                    WinogradTransforms.FilterGradient(_sums + ((long)channel * _g.Filters), _sumFloats, _g.Filters, Output() + ((long)channel * _g.Filters), (nint)_g.Channels * _g.Filters);
                break;
        }
    }

    protected override void Compute()
    {
        _image = (float*)Scratch;
        _gradient = _image + (Positions * (long)_imageFloats);
        _sums = _gradient + (Positions * (long)_gradientFloats);
        _zeros = _sums + (Positions * (long)_sumFloats);
        FloatSpans.Clear(_zeros, Math.Max(_g.Channels, _g.Filters));
        for (int block = 0; block < _blocks; block++)
        {
            (_first, int end) = WorkerPool.Range(_tiles.Count, block, _blocks);
            _count = end - _first;
            Run(Phase.Transform);
            Run(Phase.Multiply);
        }
        Run(Phase.TransformBack);
    }

    private void Run(Phase phase)
    {
        _phase = phase;
        Workers.Run(this);
    }

    private void Transform(int from, int to)
    {
        float** pixels = stackalloc float*[Positions];
        for (int i = from; i < to; i++)
        {
            _tiles.InputPixels(Input(0), _first + i, _zeros, pixels);
            WinogradTransforms.Input(pixels, _g.Channels, _image + ((long)i * _rowFloats), _imageFloats);
            _tiles.OutputPixels(Input(2), _first + i, _zeros, pixels);
            WinogradTransforms.OutputGradient(pixels, _g.Filters, _gradient, _count, i, _gradientFloats);
        }
    }

    private void Multiply(int from, int to)
    {
        for (int position = from; position < to; position++)
            Gemm.Multiply(_g.Channels, _g.Filters, _count, _image + (position * _imageFloats), 1, _rowFloats, _gradient + (position * _gradientFloats), _count,
                _sums + (position * _sumFloats), _g.Filters, accumulate: _first > 0, overread: true);
    }
}
