using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Normalization;

/// <summary>
/// Shared by the batch-norm kernels: per-channel sums of each thread's rows, then added in order, then a pass over the
/// rows again.
/// </summary>
/// <remarks>
/// Images are float32 or bfloat16, all else is float32. They are memory-bound: training reads x twice and writes y
/// once.
/// </remarks>
internal abstract unsafe class BatchNormBase(KernelRequest request, int imageInput) : Kernel(request)
{
    /// <summary>Rows of float32 scratch after the sums.</summary>
    private const int FloatRows = 4;

    private readonly IRankSums? _rankSums = request.RankSums;
    private readonly double[] _wholeSums = new double[2 * request.Inputs[imageInput].Shape[3] + 1];

    protected int Channels { get; } = request.Inputs[imageInput].Shape[3];
    /// <summary>Elements from one pixel of x to the next.</summary>
    protected int Pitch { get; } = request.Inputs[imageInput].Pitch;
    protected long Pixels { get; } = request.Inputs[imageInput].Shape.ElementCount
        / Math.Max(1, request.Inputs[imageInput].Shape[3]);
    protected bool IsTraining { get; } = request.Attribute("is_training").Bool;
    protected bool IsBFloat16 { get; } = request.Inputs[imageInput].Type == DataType.BFloat16;
    protected double Epsilon { get; } = request.Attribute("epsilon").Float;

    /// <summary>The pass that <see cref="Kernel.RunPart"/> runs.</summary>
    protected int Phase { get; set; }

    /// <summary>Number of parts of the last pass.</summary>
    protected int Parts { get; set; }

    public override long ScratchBytes =>
        Channels * ((2L * sizeof(double) * Workers.ThreadCount) + (FloatRows * sizeof(float)));

    /// <summary>One of two rows of sums of a part.</summary>
    protected double* Sums(int part, int row) => (double*)Scratch + (((2L * part) + row) * Channels);

    /// <summary>A row of floats shared by all parts.</summary>
    protected float* Floats(int row) => (float*)Sums(Workers.ThreadCount, 0) + ((long)row * Channels);

    protected (long First, long Count) Rows(int part, int parts)
    {
        (long first, long last) = Range(Pixels, part, parts);
        return (first, last - first);
    }

    /// <summary>A dense image from its row <paramref name="first"/> on.</summary>
    protected PixelMatrix From(nint image, long first) => From(image, first, Channels);

    /// <summary>
    /// An image from its row <paramref name="first"/> on, rows <paramref name="pitch"/> elements apart.
    /// </summary>
    protected PixelMatrix From(nint image, long first, int pitch) =>
        new(image == 0 ? 0 : image + (nint)(first * pitch * (IsBFloat16 ? sizeof(ushort) : sizeof(float))), pitch);

    /// <summary>scale/√(variance + epsilon), the same in both directions.</summary>
    protected float ScaleOf(float scale, float variance) => (float)(scale / Math.Sqrt(variance + Epsilon));

    /// <summary>Whether a ReLU follows.</summary>
    protected static bool Rectifies(KernelRequest request) => request.Node.Op.EndsWith("Ex", StringComparison.Ordinal)
        && request.Attribute("activation_mode").String == "Relu";

    protected double Total(int row, int channel)
    {
        double total = 0;
        for (int part = 0; part < Parts; part++)
            total += Sums(part, row)[channel];
        return total;
    }

    /// <summary>
    /// The last pass's two rows of sums, and the number of pixels at the end: over the batches of all ranks, where batch
    /// norms are synchronized.
    /// </summary>
    /// <param name="weighs">Whether a rank's sums are of gradients, which weigh as its loss does.</param>
    protected ReadOnlySpan<double> WholeSums(bool weighs)
    {
        double weight = weighs && IsTraining ? _rankSums?.Weight ?? 1 : 1;
        for (int c = 0; c < Channels; c++)
            (_wholeSums[c], _wholeSums[Channels + c]) = (Total(0, c) * weight, Total(1, c) * weight);
        _wholeSums[2 * Channels] = Pixels;
        if (!IsTraining || _rankSums is null)
            return _wholeSums;
        _rankSums.Add(_wholeSums);
        for (int i = 0; i < 2 * Channels; i++)
            _wholeSums[i] /= weight;
        return _wholeSums;
    }

    protected void Pass(int phase)
    {
        Phase = phase;
        Share(Pixels * Channels);
    }

    /// <summary>Writes a per-channel result if the output has memory.</summary>
    protected void Put(int output, int channel, double value)
    {
        if (OutputAddress(output) != 0)
            Output(output)[channel] = (float)value;
    }
}

/// <summary><c>FusedBatchNormV3</c> and <c>_FusedBatchNormEx</c>.</summary>
internal sealed unsafe class BatchNormKernel(KernelRequest request) : BatchNormBase(request, 0)
{
    private const int SideInput = 5;
    private readonly float _factor = request.Attribute("exponential_avg_factor").Float;
    private readonly int _resultPitch = request.OutputPitch();
    private readonly bool _hasSide = request.Inputs.Count > SideInput, _isRectified = Rectifies(request);

    // In training the gradient reads x again.
    public override int InPlaceInput => _hasSide ? SideInput : IsTraining ? -1 : 0;

    public override void RunPart(int part, int parts)
    {
        Parts = parts;
        (long first, long count) = Rows(part, parts);
        PixelMatrix x = From(InputAddress(0), first, Pitch);
        if (Phase == 0)
        {
            new Span<double>(Sums(part, 0), 2 * Channels).Clear();
            var moments = new BatchNormMoments(x, Channels, Sums(part, 0), Sums(part, 1));
            PixelColumns.Run(ref moments, IsBFloat16, count, Channels);
            return;
        }
        PixelMatrix side = _hasSide ? From(InputAddress(SideInput), first) : default;
        var normalization = new BatchNormNormalization(x, From(OutputAddress(), first, _resultPitch), side, Channels,
            Floats(0), Floats(1), Input(2), _isRectified);
        PixelColumns.Run(ref normalization, IsBFloat16, count, Channels);
    }

    protected override void Compute()
    {
        if (IsTraining)
            Measure();
        else
            for (int c = 0; c < Channels; c++)
                SetChannel(c, Input(3)[c], Input(4)[c], Input(3)[c], Input(4)[c]);
        if (OutputAddress(5) != 0)
            *Output(5) = 0;
        if (OutputAddress() != 0)
            Pass(1);
    }

    private void Measure()
    {
        Pass(0);
        ReadOnlySpan<double> sums = WholeSums(weighs: false);
        double old = 1.0 - _factor, pixels = sums[^1];
        for (int c = 0; c < Channels; c++)
        {
            double mean = sums[c] / pixels, squares = Math.Max(0, sums[Channels + c] - (mean * sums[c]));
            double variance = squares / pixels, unbiased = squares / Math.Max(1, pixels - 1);
            if (_factor == 1)
                SetChannel(c, mean, variance, mean, unbiased);
            else
                SetChannel(c, mean, variance, (Input(3)[c] * old) + (_factor * mean),
                    (Input(4)[c] * old) + (_factor * unbiased));
        }
    }

    private void SetChannel(int c, double mean, double variance, double runningMean, double runningVariance)
    {
        Floats(0)[c] = (float)mean;
        Floats(1)[c] = ScaleOf(Input(1)[c], (float)variance);
        Put(1, c, runningMean);
        Put(2, c, runningVariance);
        Put(3, c, mean);
        Put(4, c, variance);
    }
}

/// <summary>
/// <c>FusedBatchNormGradV3</c> and <c>_FusedBatchNormGradEx</c>: (dy, x, scale, mean, variance, …) → dx, dscale,
/// doffset.
/// </summary>
/// <remarks>
/// Without a side tensor the ReLU's mask follows from x, so y need not be read; with one, the masked dy is its
/// gradient and is written first.
/// </remarks>
internal sealed unsafe class BatchNormGradKernel(KernelRequest request) : BatchNormBase(request, 1)
{
    private const int OffsetInput = 6, ResultInput = 7, SideOutput = 5;
    private readonly bool _hasSide = request.Outputs.Count > SideOutput, _isRectified = Rectifies(request);

    public override int InPlaceInput => 0;

    public override void RunPart(int part, int parts)
    {
        Parts = parts;
        (long first, long count) = Rows(part, parts);
        PixelMatrix dy = From(InputAddress(0), first), x = From(InputAddress(1), first, Pitch);
        PixelMatrix result = _hasSide && _isRectified ? From(InputAddress(ResultInput), first) : default,
            side = _hasSide ? From(OutputAddress(SideOutput), first) : default;
        GradientMask mask = _isRectified && !_hasSide ? new((nint)Floats(3), InputAddress(OffsetInput)) : default;
        if (Phase == 0)
        {
            new Span<double>(Sums(part, 0), 2 * Channels).Clear();
            var sums = new BatchNormGradientSums(dy, x, result, side, Channels, Input(3), mask, Sums(part, 0),
                Sums(part, 1));
            PixelColumns.Run(ref sums, IsBFloat16, count, Channels);
            return;
        }
        var propagation = new BatchNormPropagation(_hasSide ? side : dy, x, From(OutputAddress(), first), Channels,
            Input(3), IsTraining ? Floats(0) : null, Floats(1), Floats(2), mask);
        PixelColumns.Run(ref propagation, IsBFloat16, count, Channels);
    }

    protected override void Compute()
    {
        for (int c = 0; c < Channels; c++)
            Floats(3)[c] = ScaleOf(Input(2)[c], Input(4)[c]);
        Pass(0);
        ReadOnlySpan<double> sums = WholeSums(weighs: true);
        double pixels = sums[^1];
        for (int c = 0; c < Channels; c++)
        {
            double inverse = 1 / Math.Sqrt(Input(4)[c] + Epsilon), scale = Input(2)[c] * inverse;
            // In training dx = scale·(dy − gradient/n − (x − mean)·inverse²·product/n): one multiple of x − mean, one of
            // dy, one constant per channel.
            Floats(0)[c] = (float)(-scale * inverse * inverse * sums[Channels + c] / pixels);
            Floats(1)[c] = (float)(-scale * sums[c] / pixels);
            Floats(2)[c] = (float)scale;
            Put(1, c, Total(1, c) * inverse); // of this rank: gradients of weights are averaged with all others
            Put(2, c, Total(0, c));
        }
        for (int output = 3; output < 5; output++)
            if (OutputAddress(output) != 0)
                *Output(output) = 0;
        if (OutputAddress() != 0)
            Pass(1);
    }
}
