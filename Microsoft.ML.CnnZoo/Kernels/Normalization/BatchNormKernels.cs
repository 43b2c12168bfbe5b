using System.Numerics.Tensors;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Normalization;

/// <summary>What a batch norm's threads share at a time: rows of the image, or channels.</summary>
internal enum BatchNormPass
{
    /// <summary>Channels: what the sums of a gradient need.</summary>
    Scales,
    /// <summary>Rows: each part's sums.</summary>
    Sums,
    /// <summary>Channels: the parts' sums added up, part 0 first.</summary>
    Totals,
    /// <summary>Channels: what the last pass needs.</summary>
    Factors,
    /// <summary>Rows: the result.</summary>
    Result,
}

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

    /// <summary>Element operations that a channel's square root and divisions take as long as.</summary>
    private const int ChannelWork = 64;

    private readonly IRankSums? _rankSums = request.RankSums;
    private readonly double[] _totals = new double[2 * request.Inputs[imageInput].Shape[3] + 1];
    private int _sumParts;

    protected int Channels { get; } = request.Inputs[imageInput].Shape[3];
    /// <summary>Elements from one pixel of x to the next.</summary>
    protected int Pitch { get; } = request.Inputs[imageInput].Pitch;
    protected long Pixels { get; } = request.Inputs[imageInput].Shape.ElementCount
        / Math.Max(1, request.Inputs[imageInput].Shape[3]);
    protected bool IsTraining { get; } = request.Attribute("is_training").Bool;
    protected bool IsBFloat16 { get; } = request.Inputs[imageInput].Type == DataType.BFloat16;
    protected double Epsilon { get; } = request.Attribute("epsilon").Float;

    /// <summary>The pass that <see cref="Kernel.RunRange"/> runs.</summary>
    protected BatchNormPass Pass { get; private set; }

    public override long ScratchBytes =>
        (SumDoubles * sizeof(double) * Workers.ThreadCount) + (Channels * FloatRows * sizeof(float));

    private long SumDoubles => WholeLines(2L * Channels);

    /// <summary>One of two rows of sums of a part.</summary>
    protected double* Sums(int part, int row) => (double*)Scratch + (part * SumDoubles) + ((long)row * Channels);

    /// <summary>A row of floats shared by all parts.</summary>
    protected float* Floats(int row) => (float*)Sums(Workers.ThreadCount, 0) + ((long)row * Channels);

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

    /// <summary>
    /// Two rows of sums over the batch, and the number of pixels at the end; after <see cref="AddRanks"/> over the batches
    /// of all ranks, where batch norms are synchronized.
    /// </summary>
    protected double[] Totals => _totals;

    /// <summary>Sums of rows, then of all parts.</summary>
    protected void Sum()
    {
        Run(BatchNormPass.Sums);
        _sumParts = Parts;
        Run(BatchNormPass.Totals);
        _totals[2 * Channels] = Pixels;
    }

    /// <summary>Adds the other ranks' totals, where batch norms are synchronized.</summary>
    /// <param name="weighs">Whether a rank's sums are of gradients, which weigh as its loss does.</param>
    protected void AddRanks(bool weighs)
    {
        if (!IsTraining || _rankSums is null)
            return;
        double weight = weighs ? _rankSums.Weight : 1;
        Span<double> sums = _totals.AsSpan(0, 2 * Channels);
        TensorPrimitives.Multiply(sums, weight, sums);
        _rankSums.Add(_totals);
        TensorPrimitives.Divide(sums, weight, sums);
    }

    protected void Run(BatchNormPass pass)
    {
        Pass = pass;
        if (pass is BatchNormPass.Sums or BatchNormPass.Result)
            Share(Pixels, Pixels * Channels, LineRows(Pixels, Channels));
        else
            Share(Channels, Channels * (pass == BatchNormPass.Totals ? 2L * _sumParts : ChannelWork), LineElements);
    }

    /// <summary>Adds up the parts' sums of some channels.</summary>
    protected void AddParts(long first, long last)
    {
        for (int row = 0; row < 2; row++)
        {
            Span<double> totals = _totals.AsSpan((int)((row * Channels) + first), (int)(last - first));
            totals.Clear();
            for (int part = 0; part < _sumParts; part++)
                TensorPrimitives.Add(totals, new ReadOnlySpan<double>(Sums(part, row) + first, totals.Length), totals);
        }
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

    protected override void RunRange(long first, long last, int part)
    {
        if (Pass is BatchNormPass.Totals or BatchNormPass.Factors)
        {
            if (Pass == BatchNormPass.Totals)
                AddParts(first, last);
            else if (IsTraining)
                SetMeasured((int)first, (int)last);
            else
                SetGiven((int)first, (int)last);
            return;
        }
        long count = last - first;
        PixelMatrix x = From(InputAddress(0), first, Pitch);
        if (Pass == BatchNormPass.Sums)
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
        {
            Sum();
            AddRanks(weighs: false);
        }
        Run(BatchNormPass.Factors);
        if (OutputAddress(5) != 0)
            *Output(5) = 0;
        if (OutputAddress() != 0)
            Run(BatchNormPass.Result);
    }

    private void SetGiven(int first, int last)
    {
        for (int c = first; c < last; c++)
            SetChannel(c, Input(3)[c], Input(4)[c], Input(3)[c], Input(4)[c]);
    }

    private void SetMeasured(int first, int last)
    {
        double[] sums = Totals;
        double old = 1.0 - _factor, pixels = sums[^1];
        for (int c = first; c < last; c++)
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

    protected override void RunRange(long first, long last, int part)
    {
        if (Pass is not (BatchNormPass.Sums or BatchNormPass.Result))
        {
            RunChannels((int)first, (int)last);
            return;
        }
        long count = last - first;
        PixelMatrix dy = From(InputAddress(0), first), x = From(InputAddress(1), first, Pitch);
        PixelMatrix result = _hasSide && _isRectified ? From(InputAddress(ResultInput), first) : default,
            side = _hasSide ? From(OutputAddress(SideOutput), first) : default;
        GradientMask mask = _isRectified && !_hasSide ? new((nint)Floats(3), InputAddress(OffsetInput)) : default;
        if (Pass == BatchNormPass.Sums)
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
        Run(BatchNormPass.Scales);
        Sum();
        AddRanks(weighs: true);
        Run(BatchNormPass.Factors);
        for (int output = 3; output < 5; output++)
            if (OutputAddress(output) != 0)
                *Output(output) = 0;
        if (OutputAddress() != 0)
            Run(BatchNormPass.Result);
    }

    private void RunChannels(int first, int last)
    {
        if (Pass == BatchNormPass.Totals)
        {
            AddParts(first, last);
            for (int c = first; c < last; c++) // of this rank: gradients of weights are averaged with all others
            {
                Put(1, c, Totals[Channels + c] * (1 / Math.Sqrt(Input(4)[c] + Epsilon)));
                Put(2, c, Totals[c]);
            }
            return;
        }
        if (Pass == BatchNormPass.Scales)
        {
            for (int c = first; c < last; c++)
                Floats(3)[c] = ScaleOf(Input(2)[c], Input(4)[c]);
            return;
        }
        double pixels = Totals[^1];
        for (int c = first; c < last; c++)
        {
            double inverse = 1 / Math.Sqrt(Input(4)[c] + Epsilon), scale = Input(2)[c] * inverse;
            // In training dx = scale·(dy − gradient/n − (x − mean)·inverse²·product/n): one multiple of x − mean, one of
            // dy, one constant per channel.
            Floats(0)[c] = (float)(-scale * inverse * inverse * Totals[Channels + c] / pixels);
            Floats(1)[c] = (float)(-scale * Totals[c] / pixels);
            Floats(2)[c] = (float)scale;
        }
    }
}
