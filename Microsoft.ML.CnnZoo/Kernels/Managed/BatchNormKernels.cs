using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Kernels.Managed;

/// <summary>What the batch-norm kernels share: per-channel sums of each thread's rows, then added in order, then a pass over the rows again.</summary>
internal abstract unsafe class BatchNormBase(KernelRequest request, int imageInput) : ManagedKernel(request)
{
    /// <summary>Rows of float32 work space behind the sums.</summary>
    private const int FloatRows = 5;

    protected int Channels { get; } = request.Inputs[imageInput].Shape[3];
    protected long Pixels { get; } = request.Inputs[imageInput].Shape.ElementCount / Math.Max(1, request.Inputs[imageInput].Shape[3]);
    protected bool IsTraining { get; } = request.Attribute("is_training").Bool;
    protected double Epsilon { get; } = request.Attribute("epsilon").Float;

    /// <summary>Which pass <see cref="ManagedKernel.RunPart"/> makes.</summary>
    protected int Phase { get; set; }

    /// <summary>Parts that the last pass was cut into.</summary>
    protected int Parts { get; set; }

    public override long ScratchBytes => Channels * ((2L * sizeof(double) * Workers.ThreadCount) + (FloatRows * sizeof(float)) + (sizeof(float) * (long)Workers.ThreadCount));

    /// <summary>One of two rows of sums of a part.</summary>
    protected double* Sums(int part, int row) => (double*)Scratch + (((2L * part) + row) * Channels);

    /// <summary>A row of floats shared by all parts.</summary>
    protected float* Floats(int row) => (float*)Sums(Workers.ThreadCount, 0) + ((long)row * Channels);

    /// <summary>A row of floats of a part.</summary>
    protected float* Piece(int part) => Floats(FloatRows + part);

    protected (long First, long Count) Rows(int part, int parts)
    {
        (long first, long last) = Range(Pixels, part, parts);
        return (first, last - first);
    }

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

/// <summary><c>FusedBatchNormV3</c>. Training takes mean and variance in two passes, as numbers far from zero demand.</summary>
internal sealed unsafe class BatchNormKernel(KernelRequest request) : BatchNormBase(request, 0)
{
    private readonly float _factor = request.Attribute("exponential_avg_factor").Float;

    public override void RunPart(int part, int parts)
    {
        Parts = parts;
        (long first, long count) = Rows(part, parts);
        float* x = Input(0) + (first * Channels);
        if (Phase == 0)
            ColumnSums.Sum(x, count, Channels, Sums(part, 0), Piece(part));
        else if (Phase == 1)
            BatchNormSums.SquaredDeviations(x, count, Channels, Floats(0), Sums(part, 0));
        else
            BatchNormSums.Normalize(x, Output() + (first * Channels), count, Channels, Floats(0), Floats(1), Input(2), null, null);
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
            Pass(2);
    }

    private void Measure()
    {
        Pass(0);
        for (int c = 0; c < Channels; c++)
            Floats(0)[c] = (float)(Total(0, c) / Pixels);
        Pass(1);
        double old = 1.0 - _factor;
        for (int c = 0; c < Channels; c++)
        {
            double mean = Floats(0)[c], squares = Total(0, c), variance = squares / Pixels, unbiased = squares / Math.Max(1, Pixels - 1);
            if (_factor == 1)
                SetChannel(c, mean, variance, mean, unbiased);
            else
                SetChannel(c, mean, variance, (Input(3)[c] * old) + (_factor * mean), (Input(4)[c] * old) + (_factor * unbiased));
        }
    }

    private void SetChannel(int c, double mean, double variance, double runningMean, double runningVariance)
    {
        Floats(0)[c] = (float)mean;
        Floats(1)[c] = (float)(Input(1)[c] / Math.Sqrt(variance + Epsilon));
        Put(1, c, runningMean);
        Put(2, c, runningVariance);
        Put(3, c, mean);
        Put(4, c, variance);
    }
}

/// <summary><c>FusedBatchNormGradV3</c>: (dy, x, scale, mean, variance) → dx, dscale, doffset.</summary>
internal sealed unsafe class BatchNormGradKernel(KernelRequest request) : BatchNormBase(request, 1)
{
    public override void RunPart(int part, int parts)
    {
        Parts = parts;
        (long first, long count) = Rows(part, parts);
        long at = first * Channels;
        if (Phase == 0)
            BatchNormSums.Gradients(Input(0) + at, Input(1) + at, count, Channels, Input(3), Sums(part, 0), Sums(part, 1));
        else
            BatchNormSums.Normalize(Input(1) + at, Output() + at, count, Channels, Input(3), Floats(0), Floats(1), Input(0) + at, Floats(2));
    }

    protected override void Compute()
    {
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
