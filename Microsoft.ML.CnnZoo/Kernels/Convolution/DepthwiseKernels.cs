using System.Numerics;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.Product;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Convolution;

/// <summary>
/// Shared by the depthwise kernels: geometry and the step from one channel to its m filters. x [N,H,W,C], w
/// [kh,kw,C,m], y [N,H',W',C·m].
/// </summary>
internal abstract unsafe class DepthwiseKernel(KernelRequest request, TensorShape image, TensorShape filter)
    : Kernel(request)
{
    protected Conv2DGeometry Geometry { get; } = Conv2DAttributes.From(request.Node).DepthwiseGeometry(image, filter);

    /// <summary>Filters per channel.</summary>
    protected int Multiplier => Geometry.Filters / Geometry.Channels;

    /// <summary>Multiply-adds in all.</summary>
    protected long Work => Geometry.MultiplyAddsPerImage * Geometry.Batch;

    /// <summary>y[c·m+j] += x[c]·w[c·m+j].</summary>
    protected void MultiplyAdd(float* y, float* x, float* w)
    {
        int channels = Geometry.Channels, multiplier = Multiplier;
        if (multiplier > 1)
        {
            for (int c = 0; c < channels; c++)
                FloatSpans.AddScaled(y + (c * multiplier), w + (c * multiplier), x[c], multiplier);
            return;
        }
        int i = 0;
        for (; i <= channels - Vector<float>.Count; i += Vector<float>.Count)
            Vector.MultiplyAddEstimate(Vector.Load(x + i), Vector.Load(w + i), Vector.Load(y + i)).Store(y + i);
        for (; i < channels; i++)
            y[i] += x[i] * w[i];
    }
}

/// <summary>
/// <c>DepthwiseConv2dNative</c> and <c>_FusedDepthwiseConv2dNative</c>: for each output pixel, tap by tap along the
/// channels; the pixel's sums stay in the first-level cache.
/// </summary>
internal sealed unsafe class DepthwiseConv2DKernel(KernelRequest request)
    : DepthwiseKernel(request, request.Inputs[0].Shape, request.Inputs[1].Shape)
{
    private readonly ProductEpilogue _epilogue = ProductEpilogue.From(request);

    public override void RunPart(int part, int parts)
    {
        Conv2DGeometry g = Geometry;
        (long first, long last) = Range((long)g.Batch * g.OutputHeight, part, parts);
        for (long line = first; line < last; line++)
        {
            long n = line / g.OutputHeight;
            int top = ((int)(line % g.OutputHeight) * g.StrideHeight) - g.PadTop;
            float* y = Output() + (line * g.OutputWidth * g.Filters);
            for (int x = 0; x < g.OutputWidth; x++, y += g.Filters)
            {
                FloatSpans.Clear(y, g.Filters);
                AddTaps(y, n, top, (x * g.StrideWidth) - g.PadLeft);
            }
            _epilogue.Apply(y - ((long)g.OutputWidth * g.Filters), g.Filters, 0, g.OutputWidth, 0, g.Filters);
        }
    }

    protected override void Compute()
    {
        _epilogue.Begin(OptionalInput(2), null, 0);
        Share(Work);
    }

    private void AddTaps(float* y, long n, int top, int left)
    {
        Conv2DGeometry g = Geometry;
        for (int i = 0; i < g.KernelHeight; i++)
        {
            int h = top + (i * g.DilationHeight);
            if ((uint)h >= (uint)g.Height)
                continue;
            for (int j = 0; j < g.KernelWidth; j++)
            {
                int w = left + (j * g.DilationWidth);
                if ((uint)w < (uint)g.Width)
                    MultiplyAdd(y, Input(0) + ((((n * g.Height) + h) * g.Width + w) * g.Channels),
                        Input(1) + (((i * g.KernelWidth) + j) * g.Filters));
            }
        }
    }
}

/// <summary>
/// <c>DepthwiseConv2dNativeBackpropInput</c>: each pixel of dx gathers from the outputs that depend on it, so rows are
/// independent.
/// </summary>
internal sealed unsafe class DepthwiseBackpropInputKernel(KernelRequest request)
    : DepthwiseKernel(request, request.Outputs[0].Shape, request.Inputs[1].Shape)
{
    public override void RunPart(int part, int parts)
    {
        Conv2DGeometry g = Geometry;
        (long first, long last) = Range((long)g.Batch * g.Height, part, parts);
        for (long line = first; line < last; line++)
        {
            long n = line / g.Height;
            float* dx = Output() + (line * g.Width * g.Channels);
            for (int w = 0; w < g.Width; w++, dx += g.Channels)
            {
                FloatSpans.Clear(dx, g.Channels);
                GatherTaps(dx, n, (int)(line % g.Height), w);
            }
        }
    }

    protected override void Compute() => Share(Work);

    private void GatherTaps(float* dx, long n, int h, int w)
    {
        Conv2DGeometry g = Geometry;
        for (int i = 0; i < g.KernelHeight; i++)
        {
            (int y, int restY) = Math.DivRem(h + g.PadTop - (i * g.DilationHeight), g.StrideHeight);
            if (restY != 0 || (uint)y >= (uint)g.OutputHeight)
                continue;
            for (int j = 0; j < g.KernelWidth; j++)
            {
                (int x, int restX) = Math.DivRem(w + g.PadLeft - (j * g.DilationWidth), g.StrideWidth);
                if (restX == 0 && (uint)x < (uint)g.OutputWidth)
                    AddProducts(dx, Input(2) + ((((n * g.OutputHeight) + y) * g.OutputWidth + x) * g.Filters),
                        Input(1) + (((i * g.KernelWidth) + j) * g.Filters));
            }
        }
    }

    /// <summary>dx[c] += Σ_j dy[c·m+j]·w[c·m+j].</summary>
    private void AddProducts(float* dx, float* dy, float* w)
    {
        int multiplier = Multiplier;
        if (multiplier == 1)
        {
            MultiplyAdd(dx, dy, w);
            return;
        }
        for (int c = 0; c < Geometry.Channels; c++)
            for (int j = 0; j < multiplier; j++)
                dx[c] += dy[(c * multiplier) + j] * w[(c * multiplier) + j];
    }
}

/// <summary>
/// <c>DepthwiseConv2dNativeBackpropFilter</c>: threads own blocks of channels; each row of outputs is summed in
/// float32, rows in double.
/// </summary>
internal sealed unsafe class DepthwiseBackpropFilterKernel(KernelRequest request)
    : DepthwiseKernel(request, request.Inputs[0].Shape, request.Outputs[0].Shape)
{
    public override long ScratchBytes =>
        (long)Geometry.KernelHeight * Geometry.KernelWidth * Geometry.Filters * sizeof(double);

    public override void RunPart(int part, int parts)
    {
        Conv2DGeometry g = Geometry;
        (long c0, long c1) = Range(g.Channels, part, parts, 16);
        if (c0 >= c1)
            return;
        double* sums = (double*)Scratch;
        int taps = g.KernelHeight * g.KernelWidth, first = (int)c0 * Multiplier, count = (int)(c1 - c0) * Multiplier;
        for (int tap = 0; tap < taps; tap++)
            new Span<double>(sums + ((long)tap * g.Filters) + first, count).Clear();
        for (int line = 0; line < g.Batch * g.OutputHeight; line++)
            for (int tap = 0; tap < taps; tap++)
                AddLine(line, tap, (int)c0, (int)c1, sums + ((long)tap * g.Filters));
        for (int tap = 0; tap < taps; tap++)
            for (int f = first; f < first + count; f++)
                Output()[((long)tap * g.Filters) + f] = (float)sums[((long)tap * g.Filters) + f];
    }

    protected override void Compute() => Share(Work);

    private void AddLine(int line, int tap, int c0, int c1, double* sums)
    {
        Conv2DGeometry g = Geometry;
        int n = line / g.OutputHeight,
            h = (line % g.OutputHeight * g.StrideHeight) - g.PadTop + (tap / g.KernelWidth * g.DilationHeight);
        if ((uint)h >= (uint)g.Height)
            return;
        int shift = (tap % g.KernelWidth * g.DilationWidth) - g.PadLeft;
        int first = shift >= 0 ? 0 : (-shift + g.StrideWidth - 1) / g.StrideWidth;
        int last = g.Width - shift <= 0 ? 0 : Math.Min(g.OutputWidth, ((g.Width - shift - 1) / g.StrideWidth) + 1);
        if (first >= last)
            return;
        float* x = Input(0) + ((((((long)n * g.Height) + h) * g.Width) + (first * g.StrideWidth) + shift) * g.Channels);
        float* dy = Input(2) + ((((long)line * g.OutputWidth) + first) * g.Filters);
        int c = c0, step = g.StrideWidth * g.Channels;
        if (Multiplier == 1)
            for (; c <= c1 - Vector<float>.Count; c += Vector<float>.Count)
                AddVector(x + c, step, dy + c, g.Filters, last - first, sums + c);
        for (; c < c1; c++)
            for (int j = 0; j < Multiplier; j++)
            {
                int f = (c * Multiplier) + j;
                double sum = 0;
                for (int i = 0; i < last - first; i++)
                    sum += x[((long)i * step) + c] * dy[((long)i * g.Filters) + f];
                sums[f] += sum;
            }
    }

    private static void AddVector(float* x, int xStep, float* dy, int dyStep, int count, double* sums)
    {
        Vector<float> sum = Vector<float>.Zero;
        for (int i = 0; i < count; i++, x += xStep, dy += dyStep)
            sum = Vector.MultiplyAddEstimate(Vector.Load(x), Vector.Load(dy), sum);
        Vector.Widen(sum, out Vector<double> low, out Vector<double> high);
        (Vector.Load(sums) + low).Store(sums);
        (Vector.Load(sums + Vector<double>.Count) + high).Store(sums + Vector<double>.Count);
    }
}
