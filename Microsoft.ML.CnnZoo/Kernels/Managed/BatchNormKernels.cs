using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Kernels.Managed;

/// <summary>What the batch-norm kernels share: per-channel sums of each thread's rows, then added in order, then a pass over the rows again.</summary>
/// <remarks>Memory bounds them: training reads x twice and writes once.</remarks>
internal abstract unsafe class BatchNormBase(KernelRequest request, int imageInput) : ManagedKernel(request)
{
    /// <summary>Rows of float32 work space behind the sums.</summary>
    private const int FloatRows = 4;

    protected int Channels { get; } = request.Inputs[imageInput].Shape[3];
    protected long Pixels { get; } = request.Inputs[imageInput].Shape.ElementCount / Math.Max(1, request.Inputs[imageInput].Shape[3]);
    protected bool IsTraining { get; } = request.Attribute("is_training").Bool;
    protected double Epsilon { get; } = request.Attribute("epsilon").Float;

    /// <summary>Which pass <see cref="ManagedKernel.RunPart"/> makes.</summary>
    protected int Phase { get; set; }

    /// <summary>Parts that the last pass was cut into.</summary>
    protected int Parts { get; set; }

    public override long ScratchBytes => Channels * ((2L * sizeof(double) * Workers.ThreadCount) + (FloatRows * sizeof(float)));

    /// <summary>One of two rows of sums of a part.</summary>
    protected double* Sums(int part, int row) => (double*)Scratch + (((2L * part) + row) * Channels);

    /// <summary>A row of floats shared by all parts.</summary>
    protected float* Floats(int row) => (float*)Sums(Workers.ThreadCount, 0) + ((long)row * Channels);

    protected (long First, long Count) Rows(int part, int parts)
    {
        (long first, long last) = Range(Pixels, part, parts);
        return (first, last - first);
    }

    /// <summary>scale/√(variance + epsilon), the same in both directions.</summary>
    protected float ScaleOf(float scale, float variance) => (float)(scale / Math.Sqrt(variance + Epsilon));

    /// <summary>Whether a ReLU follows.</summary>
    protected static bool Rectifies(KernelRequest request) => request.Node.Op.EndsWith("Ex", StringComparison.Ordinal) && request.Attribute("activation_mode").String == "Relu";

    protected double Total(int row, int channel)
    {
        double total = 0;
        for (int part = 0; part < Parts; part++)
            total += Sums(part, row)[channel];
        return total;
    }

    protected void Pass(int phase)
    {
        Phase = phase;
        Share(Pixels * Channels);
    }

    /// <summary>Writes a result, if anyone reads that output.</summary>
    protected void Put(int output, int channel, double value)
    {
        if (OutputAddress(output) != 0)
            Output(output)[channel] = (float)value;
    }
}

/// <summary><c>FusedBatchNormV3</c> and <c>_FusedBatchNormEx</c>.</summary>
internal unsafe class BatchNormKernel(KernelRequest request) : BatchNormBase(request, 0)
{
    protected const int SideInput = 5;
    private readonly float _factor = request.Attribute("exponential_avg_factor").Float;

    protected bool HasSide { get; } = request.Inputs.Count > SideInput;

    protected bool IsRectified { get; } = Rectifies(request);

    // In training the gradient reads x again.
    public override int InPlaceInput => HasSide ? SideInput : IsTraining ? -1 : 0;

    public override void RunPart(int part, int parts)
    {
        Parts = parts;
        (long first, long count) = Rows(part, parts);
        long at = first * Channels;
        if (Phase == 0)
        {
            new Span<double>(Sums(part, 0), 2 * Channels).Clear();
            BatchNormSums.Moments(Input(0) + at, count, Channels, Sums(part, 0), Sums(part, 1));
        }
        else
            BatchNormSums.Normalize(Input(0) + at, Output() + at, count, Channels, Floats(0), Floats(1), Input(2), HasSide ? Input(SideInput) + at : null, IsRectified);
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
        double old = 1.0 - _factor;
        for (int c = 0; c < Channels; c++)
        {
            double mean = Total(0, c) / Pixels, squares = Math.Max(0, Total(1, c) - (mean * Total(0, c)));
            double variance = squares / Pixels, unbiased = squares / Math.Max(1, Pixels - 1);
            if (_factor == 1)
                SetChannel(c, mean, variance, mean, unbiased);
            else
                SetChannel(c, mean, variance, (Input(3)[c] * old) + (_factor * mean), (Input(4)[c] * old) + (_factor * unbiased));
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

/// <summary><c>FusedBatchNormGradV3</c> and <c>_FusedBatchNormGradEx</c>: (dy, x, scale, mean, variance, …) → dx, dscale, doffset.</summary>
/// <remarks>
/// Which elements a ReLU let through follows from x when nothing was added before it, so the result need not be read; with a side tensor the masked dy is its
/// gradient and written first.
/// </remarks>
internal unsafe class BatchNormGradKernel(KernelRequest request) : BatchNormBase(request, 1)
{
    protected const int ResultInput = 7, SideOutput = 5;
    private const int OffsetInput = 6, CachedFloats = 16 * 1024;

    protected bool HasSide { get; } = request.Outputs.Count > SideOutput;

    protected bool IsRectified { get; } = Rectifies(request);

    /// <summary>What the ReLU let through, where that follows from x.</summary>
    protected GradientMask Mask => IsRectified && !HasSide ? new((nint)Floats(3), InputAddress(OffsetInput)) : default;

    public override int InPlaceInput => 0;

    public override void RunPart(int part, int parts)
    {
        Parts = parts;
        (long first, long count) = Rows(part, parts);
        long at = first * Channels;
        if (Phase == 0)
            AddUp(part, first, count, Mask);
        else
            BatchNormSums.PropagateBack((HasSide ? Output(SideOutput) : Input(0)) + at, Input(1) + at, Output() + at, count, Channels, Input(3), Floats(0), Floats(1), Floats(2), Mask);
    }

    /// <summary>The sums over a part's rows, in pieces that stay in the cache between masking and summing.</summary>
    private void AddUp(int part, long first, long count, in GradientMask mask)
    {
        new Span<double>(Sums(part, 0), 2 * Channels).Clear();
        long piece = Math.Max(1, CachedFloats / Channels / BatchNormSums.PieceRows) * BatchNormSums.PieceRows;
        for (long row = first; row < first + count; row += piece)
        {
            long rows = Math.Min(piece, first + count - row), at = row * Channels;
            float* dy = Input(0) + at;
            if (HasSide && IsRectified)
                Elementwise.Zip<ReluGradOperator>(dy, 1, Input(ResultInput) + at, 1, Output(SideOutput) + at, rows * Channels);
            else if (HasSide)
                FloatSpans.Copy(Output(SideOutput) + at, dy, rows * Channels);
            BatchNormSums.Gradients(HasSide ? Output(SideOutput) + at : dy, Input(1) + at, rows, Channels, Input(3), mask, Sums(part, 0), Sums(part, 1));
        }
    }

    protected override void Compute()
    {
        for (int c = 0; c < Channels; c++)
            Floats(3)[c] = ScaleOf(Input(2)[c], Input(4)[c]);
        Pass(0);
        for (int c = 0; c < Channels; c++)
        {
            double inverse = 1 / Math.Sqrt(Input(4)[c] + Epsilon), gradient = Total(0, c), product = Total(1, c), scale = Input(2)[c] * inverse;
            // dx = scale·(dy − gradient/n − (x − mean)·inverse²·product/n): one multiple of x − mean, one of dy, one constant per channel.
            Floats(0)[c] = IsTraining ? (float)(-scale * inverse * inverse * product / Pixels) : 0;
            Floats(1)[c] = IsTraining ? (float)(-scale * gradient / Pixels) : 0;
            Floats(2)[c] = (float)scale;
            Put(1, c, product * inverse);
            Put(2, c, gradient);
        }
        for (int output = 3; output < 5; output++)
            if (OutputAddress(output) != 0)
                *Output(output) = 0;
        if (OutputAddress() != 0)
            Pass(1);
    }
}
