using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.Product;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Convolution;

/// <summary>
/// Shared by the depthwise kernels: geometry and blocks of channels. x [N,H,W,C], w [kh,kw,C,m], y [N,H',W',C·m].
/// </summary>
/// <remarks>
/// A block's channels of the image rows below a kernel fit the second-level cache, so that each element comes from
/// farther away once.
/// </remarks>
internal abstract unsafe class DepthwiseKernel(KernelRequest request, TensorShape image, TensorShape filter)
    : Kernel(request)
{
    /// <summary>Floats of image rows in the second-level cache.</summary>
    private const int RowFloats = 24 * 1024;

    private const int LeastBlock = 32;

    protected Conv2DGeometry Geometry { get; } = Conv2DAttributes.From(request.Node).DepthwiseGeometry(image, filter);

    /// <summary>Filters per channel.</summary>
    protected int Multiplier => Geometry.Filters / Geometry.Channels;

    /// <summary>Multiply-adds in all.</summary>
    protected long Work => Geometry.MultiplyAddsPerImage * Geometry.Batch;

    /// <summary>Channels of a block when <paramref name="channels"/> are divided, a multiple of 32.</summary>
    protected int ChannelBlock(int channels)
    {
        int fitting = Math.Max(LeastBlock, RowFloats / (Geometry.KernelHeight * Geometry.Width)),
            blocks = Math.Max(1, channels / fitting);
        return ((channels + blocks - 1) / blocks + LeastBlock - 1) / LeastBlock * LeastBlock;
    }
}

/// <summary>
/// <c>DepthwiseConv2dNative</c>, <c>_FusedDepthwiseConv2dNative</c> and <c>DepthwiseConv2dNativeBackpropInput</c>: each
/// target pixel sums the source pixels under its taps, so threads own rows of the target.
/// </summary>
internal abstract unsafe class DepthwiseSumKernel : DepthwiseKernel
{
    private readonly DepthwiseAxis _rows, _columns;
    private readonly int _sourceHeight, _sourceWidth, _sourceChannels, _targetChannels;

    protected DepthwiseSumKernel(KernelRequest request, TensorShape image, TensorShape filter, bool isGradient)
        : base(request, image, filter)
    {
        Conv2DGeometry g = Geometry;
        _rows = DepthwiseAxis.Rows(g, isGradient);
        _columns = DepthwiseAxis.Columns(g, isGradient);
        (_sourceHeight, _sourceWidth, _sourceChannels, _targetChannels) = isGradient
            ? (g.OutputHeight, g.OutputWidth, g.Filters, g.Channels) : (g.Height, g.Width, g.Channels, g.Filters);
    }

    protected override void RunRange(long first, long last, int part)
    {
        int height = _rows.Taps.Length, block = Multiplier == 1 ? ChannelBlock(_targetChannels) : _targetChannels;
        nint* taps = stackalloc nint[2 * Geometry.KernelHeight * Geometry.KernelWidth];
        for (int channel = 0; channel < _targetChannels; channel += block)
            for (long line = first; line < last; line++)
            {
                float* image = Source + (line / height * _sourceHeight * _sourceWidth * _sourceChannels) + channel,
                    target = Output() + (line * _columns.Taps.Length * _targetChannels) + channel;
                int channels = Math.Min(block, _targetChannels - channel);
                foreach (DepthwiseRun run in _columns.Runs)
                    Sum(new DepthwisePixels(taps, SetTaps(taps, _rows.Taps[line % height], run.Taps), image,
                        (nint)_columns.SourceStep * _sourceChannels, Input(1) + channel,
                        target + ((nint)run.First * _targetChannels), (nint)run.Step * _targetChannels, run.Count),
                        channel, channels);
                EndRow(target, channel, channels);
            }
    }

    protected override void Compute() => Share((long)Geometry.Batch * _rows.Taps.Length, Work);

    /// <summary>Source of image 0.</summary>
    protected abstract float* Source { get; }

    /// <summary>Sums the pixels of a run.</summary>
    protected abstract void Sum(in DepthwisePixels pixels, int channel, int channels);

    /// <summary>Called when a block of channels of a row is summed.</summary>
    protected virtual void EndRow(float* target, int channel, int channels) { }

    /// <summary>For each tap, the offsets of its pixel in the image and of its weights; returns the taps.</summary>
    private int SetTaps(nint* taps, DepthwiseTap[] rows, DepthwiseTap[] columns)
    {
        nint* next = taps;
        foreach (DepthwiseTap row in rows)
            foreach (DepthwiseTap column in columns)
            {
                *next++ = (((nint)row.Source * _sourceWidth) + column.Source) * _sourceChannels;
                *next++ = (((nint)row.Kernel * Geometry.KernelWidth) + column.Kernel) * Geometry.Filters;
            }
        return rows.Length * columns.Length;
    }
}

/// <summary><c>DepthwiseConv2dNative</c> and <c>_FusedDepthwiseConv2dNative</c>.</summary>
internal sealed unsafe class DepthwiseConv2DKernel(KernelRequest request)
    : DepthwiseSumKernel(request, request.Inputs[0].Shape, request.Inputs[1].Shape, isGradient: false)
{
    private readonly ProductEpilogue _epilogue = ProductEpilogue.From(request);

    protected override float* Source => Input(0);

    protected override void Compute()
    {
        _epilogue.Begin(OptionalInput(2), null, 0);
        base.Compute();
    }

    protected override void Sum(in DepthwisePixels pixels, int channel, int channels)
    {
        if (Multiplier > 1)
            pixels.SumFilters(Geometry.Channels, Multiplier);
        else
            pixels.Sum(channels, _epilogue.Bias is null ? null : _epilogue.Bias + channel, _epilogue.Finish);
    }

    protected override void EndRow(float* target, int channel, int channels)
    {
        if (Multiplier > 1)
            _epilogue.Apply(target, Geometry.Filters, 0, Geometry.OutputWidth, channel, channels);
        else if (_epilogue.HasCurve)
            for (int x = 0; x < Geometry.OutputWidth; x++)
                _epilogue.Bend(target + ((long)x * Geometry.Filters), channels);
    }
}

/// <summary><c>DepthwiseConv2dNativeBackpropInput</c>.</summary>
internal sealed unsafe class DepthwiseBackpropInputKernel(KernelRequest request)
    : DepthwiseSumKernel(request, request.Outputs[0].Shape, request.Inputs[1].Shape, isGradient: true)
{
    protected override float* Source => Input(2);

    protected override void Sum(in DepthwisePixels pixels, int channel, int channels)
    {
        if (Multiplier > 1)
            pixels.SumGradients(channels, Multiplier);
        else
            pixels.Sum(channels, null, default);
    }
}

/// <summary>
/// <c>DepthwiseConv2dNativeBackpropFilter</c>: threads own blocks of channels; a few rows of outputs are summed in
/// float32, these sums in double.
/// </summary>
internal sealed unsafe class DepthwiseBackpropFilterKernel(KernelRequest request)
    : DepthwiseKernel(request, request.Inputs[0].Shape, request.Outputs[0].Shape)
{
    /// <summary>Threads' channels begin at multiples of it.</summary>
    private const int ChannelGranule = 16;

    /// <summary>Terms of a sum in float32, at least one row's.</summary>
    private const int FloatTerms = 64;

    /// <summary>Output pixels that stay in the first-level cache while all taps pass over them.</summary>
    private const int CachedPixels = 16;

    private readonly DepthwiseAxis _rows = DepthwiseAxis.Rows(DepthwiseGeometry(request), false),
        _columns = DepthwiseAxis.Columns(DepthwiseGeometry(request), false);

    public override long ScratchBytes => (sizeof(double) + sizeof(float)) * Taps * (long)Geometry.Filters;

    private int Taps => Geometry.KernelHeight * Geometry.KernelWidth;

    protected override void RunRange(long first, long last, int part)
    {
        int block = ChannelBlock((int)Math.Max(1, last - first));
        for (int channel = (int)first; channel < last; channel += block)
            SumBlock(channel, (int)Math.Min(block, last - channel));
    }

    protected override void Compute() => Share(Geometry.Channels, Work, ChannelGranule);

    private void SumBlock(int channel, int channels)
    {
        Conv2DGeometry g = Geometry;
        int filter = channel * Multiplier, filters = channels * Multiplier, rows = Math.Max(1, FloatTerms / g.OutputWidth);
        double* sums = (double*)Scratch + ((long)Taps * filter);
        float* piece = (float*)((double*)Scratch + ((long)Taps * g.Filters)) + ((long)Taps * filter);
        new Span<double>(sums, Taps * filters).Clear();
        for (long line = 0; line < (long)g.Batch * g.OutputHeight; line += rows)
        {
            new Span<float>(piece, Taps * filters).Clear();
            for (long row = line; row < Math.Min(line + rows, (long)g.Batch * g.OutputHeight); row++)
                AddRow(row, channel, channels, piece);
            PixelColumns.Add(sums, piece, Taps * filters);
        }
        for (int tap = 0; tap < Taps; tap++)
            for (int f = 0; f < filters; f++)
                Output()[((long)tap * g.Filters) + filter + f] = (float)sums[(tap * filters) + f];
    }

    private void AddRow(long line, int channel, int channels, float* sums)
    {
        Conv2DGeometry g = Geometry;
        float* dy = Input(2) + (line * g.OutputWidth * g.Filters) + (channel * Multiplier),
            image = Input(0) + (line / g.OutputHeight * g.Height * g.Width * g.Channels) + channel;
        foreach (DepthwiseRun run in _columns.Runs)
            for (int pixel = 0; pixel < run.Count; pixel += CachedPixels)
                foreach (DepthwiseTap row in _rows.Taps[line % g.OutputHeight])
                    AddPixels(run.Taps, image + (((long)row.Source * g.Width) + (pixel * g.StrideWidth)) * g.Channels,
                        dy + ((long)(run.First + pixel) * g.Filters), Math.Min(CachedPixels, run.Count - pixel), channels,
                        sums + ((long)row.Kernel * g.KernelWidth * channels * Multiplier));
    }

    /// <summary>Products of a few output pixels with the pixels under a row of taps.</summary>
    private void AddPixels(DepthwiseTap[] taps, float* image, float* dy, int pixels, int channels, float* sums)
    {
        Conv2DGeometry g = Geometry;
        for (int tap = 0; tap < taps.Length; tap++)
        {
            var products = new DepthwiseProducts(image + ((long)taps[tap].Source * g.Channels),
                (nint)g.StrideWidth * g.Channels, dy, g.Filters, pixels,
                sums + ((long)taps[tap].Kernel * channels * Multiplier));
            if (Multiplier > 1)
                products.AddFilters(channels, Multiplier);
            else if (IsTriple(taps, tap))
            {
                products.AddTriple(channels, (nint)g.DilationWidth * g.Channels);
                tap += 2;
            }
            else
                products.Add(channels);
        }
    }

    /// <summary>Whether three adjacent taps begin here.</summary>
    private static bool IsTriple(DepthwiseTap[] taps, int first) =>
        first + 2 < taps.Length && taps[first + 2].Kernel == taps[first].Kernel + 2;

    private static Conv2DGeometry DepthwiseGeometry(KernelRequest request) => Conv2DAttributes.From(request.Node)
        .DepthwiseGeometry(request.Inputs[0].Shape, request.Outputs[0].Shape);
}
