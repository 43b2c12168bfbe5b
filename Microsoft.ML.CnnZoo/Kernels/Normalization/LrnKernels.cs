using System.Numerics;
using System.Runtime.CompilerServices;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Kernels.Elementwise;

namespace Microsoft.ML.CnnZoo.Kernels.Normalization;

/// <summary>Shared by <c>LRN</c> and its gradient. Per pixel, s_c = bias + alpha·Σ x² over the channels within
/// depth_radius; sums over a window read a row with zeros on either side, so that the ends need no special
/// case.</summary>
internal abstract unsafe class LocalResponseKernel(KernelRequest request, int imageInput) : Kernel(request)
{
    private readonly float _bias = request.Attribute("bias").Float;
    private readonly int _radius = (int)Math.Min(request.Attribute("depth_radius").Int,
        request.Inputs[imageInput].Shape[^1]);

    protected float Alpha { get; } = request.Attribute("alpha").Float;
    protected float Beta { get; } = request.Attribute("beta").Float;
    protected int Channels { get; } = request.Inputs[imageInput].Shape[^1];
    protected long Pixels { get; } = request.Inputs[imageInput].Shape.ElementCount
        / request.Inputs[imageInput].Shape[^1];

    /// <summary>Floats of a row with its margins, whole vectors and cache lines.</summary>
    protected int RowFloats => (int)WholeLines(Channels + (2 * _radius) + (3 * Vector<float>.Count));

    public override long ScratchBytes => 3L * RowFloats * sizeof(float) * Workers.ThreadCount;

    /// <summary>A row whose margins are zero; element 0 is at the returned address.</summary>
    protected float* Row(int part, int index)
    {
        float* start = (float*)Scratch + ((((long)part * 3) + index) * RowFloats);
        new Span<float>(start, RowFloats).Clear();
        return start + _radius;
    }

    /// <summary>Σ of the window around c, for the vector that starts at <paramref name="row"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected Vector<float> WindowSum(float* row)
    {
        Vector<float> sum = Vector.Load(row);
        for (int d = 1; d <= _radius; d++)
            sum += Vector.Load(row - d) + Vector.Load(row + d);
        return sum;
    }

    /// <summary>s = bias + alpha·Σ.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected Vector<float> Base(float* squares) =>
        Vector.MultiplyAddEstimate(WindowSum(squares), Vector.Create(Alpha), Vector.Create(_bias));

    /// <summary>s^−beta; with square roots for the usual 3/4, 1/2 and 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected Vector<float> Power(Vector<float> s)
    {
        if (Beta == 0.75f)
        {
            Vector<float> root = Vector.SquareRoot(s);
            return Vector<float>.One / (root * Vector.SquareRoot(root));
        }
        return Beta == 1 ? Vector<float>.One / s : Beta == 0.5f ? Vector<float>.One / Vector.SquareRoot(s)
            : Vector.Exp(Vector.Log(s) * -Beta);
    }

    protected static void Squares(float* x, float* row, int n) =>
        ElementwiseLoops.Zip<MultiplyOperator>(x, 1, x, 1, row, n);
}

/// <summary><c>LRN</c>: y = x·s^−beta. Krizhevsky et al. 2012, section 3.3.</summary>
internal sealed unsafe class LrnKernel(KernelRequest request) : LocalResponseKernel(request, 0)
{
    protected override void RunRange(long first, long last, int part)
    {
        float* squares = Row(part, 0), powers = Row(part, 1);
        for (long pixel = first; pixel < last; pixel++)
        {
            float* x = Input(0) + (pixel * Channels);
            Squares(x, squares, Channels);
            float* y = Output() + (pixel * Channels);
            int c = 0;
            for (; c <= Channels - Vector<float>.Count; c += Vector<float>.Count)
                (Vector.Load(x + c) * Power(Base(squares + c))).Store(y + c);
            if (c == Channels)
                continue;
            Power(Base(squares + c)).Store(powers);
            for (int rest = c; rest < Channels; rest++)
                y[rest] = x[rest] * powers[rest - c];
        }
    }

    protected override void Compute() => Share(Pixels, Pixels * Channels * 8, LineRows(Pixels, Channels));
}

/// <summary><c>LRNGrad</c>: (dy, x, y) → dx = dy·s^−beta − 2·alpha·beta·x·Σ dy·y/s.</summary>
internal sealed unsafe class LrnGradKernel(KernelRequest request) : LocalResponseKernel(request, 1)
{
    protected override void RunRange(long first, long last, int part)
    {
        float* squares = Row(part, 0), ratios = Row(part, 1), powers = Row(part, 2);
        for (long pixel = first; pixel < last; pixel++)
        {
            long at = pixel * Channels;
            float* dy = Input(0) + at, x = Input(1) + at, y = Input(2) + at, dx = Output() + at;
            Squares(x, squares, Channels);
            ElementwiseLoops.Zip<MultiplyOperator>(dy, 1, y, 1, ratios, Channels);
            for (int c = 0; c < Channels; c += Vector<float>.Count)
            {
                Vector<float> s = Base(squares + c);
                Power(s).Store(powers + c);
                (Vector.Load(ratios + c) / s).Store(ratios + c);
            }
            new Span<float>(ratios + Channels, Vector<float>.Count).Clear();
            var factor = new Vector<float>(-2 * Alpha * Beta);
            int done = 0;
            for (; done <= Channels - Vector<float>.Count; done += Vector<float>.Count)
                ((Vector.Load(powers + done) * Vector.Load(dy + done))
                    + (WindowSum(ratios + done) * factor * Vector.Load(x + done))).Store(dx + done);
            if (done == Channels)
                continue;
            (WindowSum(ratios + done) * factor).Store(squares + done);
            for (int c = done; c < Channels; c++)
                dx[c] = (powers[c] * dy[c]) + (squares[c] * x[c]);
            new Span<float>(squares + Channels, Vector<float>.Count).Clear();
        }
    }

    protected override void Compute() => Share(Pixels, Pixels * Channels * 16, LineRows(Pixels, Channels));
}
