using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.Product;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Convolution;

/// <summary>
/// <c>Conv2DBackpropInput</c>: convolutions of dy with the turned filter, whose channels and filters are exchanged. With
/// stride s the pixels of dx fall into s² phases: those of a phase depend on the same taps, every s-th of the filter, so
/// that each is a convolution of its own and nothing is multiplied by zeros.
/// </summary>
internal sealed unsafe class Conv2DBackpropInputKernel : Kernel
{
    // Element operations for each float that is packed: it is transposed.
    private const int PackCost = 4;

    private const int PiecesPerThread = 8, LeastFilters = 16, MostFilters = 64;

    private readonly Conv2DGeometry _g;
    private readonly Phase[] _phases;
    private readonly PackedTap[] _taps;
    private readonly int _strips;
    private readonly PackedWeights? _weights;
    private readonly long _packedFloats, _productBytes;
    private readonly bool _coversImage;
    private float* _panels;
    private bool _clears;

    private Conv2DBackpropInputKernel(KernelRequest request, in Conv2DGeometry g) : base(request)
    {
        _g = g;
        var rows = PhaseAxis.All(g.Height, g.OutputHeight, g.KernelHeight, g.StrideHeight, g.DilationHeight, g.PadTop);
        var columns = PhaseAxis.All(g.Width, g.OutputWidth, g.KernelWidth, g.StrideWidth, g.DilationWidth, g.PadLeft);
        _phases = [.. rows.SelectMany(row => columns.Select(column =>
            new Phase(row, column, new WindowProduct(Workers, Grid(row, column, request), ProductEpilogue.None))))];
        _productBytes = _phases.Select(p => p.Product.ScratchBytes).DefaultIfEmpty().Max();
        _coversImage = rows.Sum(r => r.Pixels) == g.Height && columns.Sum(c => c.Pixels) == g.Width;
        _packedFloats = _phases.Sum(Floats);
        _taps = [.. Taps()];
        // Pieces that the filter is packed in: some for each thread, of whole cache lines, and long where there are enough.
        _strips = Math.Clamp(PiecesPerThread * Workers.ThreadCount / Math.Max(1, _taps.Length * PanelCount),
            (g.FiltersPerGroup + MostFilters - 1) / MostFilters, (g.FiltersPerGroup + LeastFilters - 1) / LeastFilters);
        _weights = PackedWeights.For(request, 1, _packedFloats * g.Groups);
    }

    /// <summary>The kernel with the faster algorithm for the shapes.</summary>
    public static IKernel Prepare(KernelRequest request)
    {
        Conv2DGeometry g = Conv2DAttributes.From(request.Node)
            .Geometry(request.Outputs[0].Shape, request.Inputs[1].Shape);
        return WinogradRule.IsWinogradInputGradient(request, g)
            ? WinogradConvolutionKernel.InputGradient(request, g) : new Conv2DBackpropInputKernel(request, g);
    }

    public override bool Keeps(int input) => input == 1 && _weights is not null;

    public override long ScratchBytes =>
        _productBytes + (_weights is null ? _packedFloats * _g.Groups * sizeof(float) : 0);

    /// <summary>Packs pieces of the filter, the same of each group, or clears a part of dx.</summary>
    protected override void RunRange(long first, long last, int part)
    {
        if (_clears)
        {
            FloatSpans.Clear(Output() + first, last - first);
            return;
        }
        for (long piece = first, next; piece < last; piece = next)
        {
            int strip = (int)(piece / PanelCount);
            next = Math.Min(last, (strip + 1L) * PanelCount);
            (int c0, int c1) = ((int)(piece % PanelCount) * Panels.FullWidth,
                Math.Min(_g.ChannelsPerGroup, (int)(((next - 1) % PanelCount) + 1) * Panels.FullWidth));
            for (int group = 0; group < _g.Groups; group++)
                Pack(group, _taps[strip / _strips], WorkerPool.Range(_g.FiltersPerGroup, strip % _strips, _strips), c0, c1);
        }
    }

    public override void Dispose()
    {
        _weights?.Dispose();
        base.Dispose();
    }

    protected override void Compute()
    {
        _panels = _weights is null ? (float*)(Scratch + (nint)_productBytes) : _weights.Panels;
        if (_weights?.NeedsPacking() ?? true)
            Share((long)_taps.Length * _strips * PanelCount, PackCost * _packedFloats * _g.Groups);
        _clears = !_coversImage;
        if (_clears)
            Share(Pixels * _g.Channels, Pixels * _g.Channels, LineElements);
        _clears = false;
        float* panels = _panels;
        for (int group = 0; group < _g.Groups; group++)
            foreach (Phase phase in _phases)
            {
                float* dx = Output() + (((phase.Row.First * (long)_g.Width) + phase.Column.First) * _g.Channels);
                phase.Product.Run(Input(2) + (group * _g.FiltersPerGroup), panels, dx + (group * _g.ChannelsPerGroup),
                    Scratch);
                panels += Floats(phase);
            }
    }

    private long Pixels => (long)_g.Batch * _g.Height * _g.Width;

    private int PanelCount => Panels.Count(_g.ChannelsPerGroup);

    private long Floats(Phase phase) =>
        Panels.Floats((long)phase.Row.Taps * phase.Column.Taps * _g.FiltersPerGroup, _g.ChannelsPerGroup);

    private WindowGrid Grid(PhaseAxis row, PhaseAxis column, KernelRequest request) => new()
    {
        Images = _g.Batch, SourceHeight = _g.OutputHeight, SourceWidth = _g.OutputWidth,
        SourcePitch = request.Inputs[2].Pitch, Channels = _g.FiltersPerGroup, Height = row.Pixels, Width = column.Pixels,
        Filters = _g.ChannelsPerGroup, TargetPixel = _g.StrideWidth * _g.Channels,
        TargetRow = (nint)_g.StrideHeight * _g.Width * _g.Channels, TargetImage = (nint)_g.Height * _g.Width * _g.Channels,
        KernelHeight = row.Taps, KernelWidth = column.Taps, DilationHeight = row.Distance,
        DilationWidth = column.Distance, PadTop = row.Before, PadLeft = column.Before,
    };

    /// <summary>The taps of all phases, each with its place among the phase's taps and where the phase's matrix begins.</summary>
    private IEnumerable<PackedTap> Taps()
    {
        long start = 0;
        foreach (Phase phase in _phases)
        {
            int taps = phase.Row.Taps * phase.Column.Taps;
            for (int i = 0; i < taps; i++)
                yield return new PackedTap((phase.Row.Tap(i / phase.Column.Taps) * _g.KernelWidth)
                    + phase.Column.Tap(i % phase.Column.Taps), i, taps, start);
            start += Floats(phase);
        }
    }

    /// <summary>Row (i, f) of a phase's matrix is filter f of the phase's i-th tap, in reverse order.</summary>
    private void Pack(int group, PackedTap tap, (int First, int Last) filters, int c0, int c1)
    {
        float* source = Input(1) + ((long)tap.Tap * _g.ChannelsPerGroup * _g.Filters) + (group * _g.FiltersPerGroup)
            + filters.First;
        Panels.Pack(new MatrixView(source, 1, _g.Filters), filters.Last - filters.First, _g.ChannelsPerGroup, c0, c1,
            _panels + (group * _packedFloats) + tap.Start, (long)tap.Count * _g.FiltersPerGroup,
            ((long)tap.Place * _g.FiltersPerGroup) + filters.First);
    }

    /// <summary>A tap of the filter.</summary>
    /// <param name="Tap">Its index in the filter.</param>
    /// <param name="Place">Its place among its phase's taps.</param>
    /// <param name="Count">Taps of the phase.</param>
    /// <param name="Start">Where the phase's panels begin in those of a group.</param>
    private readonly record struct PackedTap(int Tap, int Place, int Count, long Start);

    /// <summary>The pixels of dx that depend on the same taps.</summary>
    private sealed record Phase(PhaseAxis Row, PhaseAxis Column, WindowProduct Product);

    /// <summary>
    /// A phase along one axis: pixels First, First + stride, … depend on taps LastTap, LastTap − TapStep, …, of outputs
    /// that lie Distance apart, the first one Before places before output 0 for the first pixel.
    /// </summary>
    private sealed record PhaseAxis(int First, int Pixels, int Taps, int LastTap, int TapStep, int Distance, int Before)
    {
        /// <summary>The i-th tap in the order of the outputs.</summary>
        public int Tap(int i) => LastTap - (i * TapStep);

        /// <summary>The phases that have pixels and taps.</summary>
        public static List<PhaseAxis> All(int size, int outputs, int kernel, int stride, int dilation, int pad)
        {
            var phases = new List<PhaseAxis>();
            int common = Common(stride, dilation), tapStep = stride / common, distance = dilation / common;
            for (int first = 0; first < Math.Min(stride, size); first++)
            {
                int[] taps = [.. Enumerable.Range(0, kernel).Where(k => (first + pad - (k * dilation)) % stride == 0)];
                if (taps.Length > 0)
                    phases.Add(new PhaseAxis(first, (size - first + stride - 1) / stride, taps.Length, taps[^1], tapStep,
                        distance, -((first + pad - (taps[^1] * dilation)) / stride)));
            }
            return phases;
        }

        private static int Common(int a, int b) => b == 0 ? a : Common(b, a % b);
    }
}
