using System.Numerics;
using System.Runtime.CompilerServices;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels.Elementwise;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Reduction;

/// <summary>Softmax on one row of classes, in steps.</summary>
internal static unsafe class SoftmaxRow
{
    /// <summary>The greatest element; NaN if one is NaN.</summary>
    public static float Max(float* x, int n)
    {
        int lanes = Vector<float>.Count, i = 1;
        float best = x[0];
        if (n >= 4 * lanes)
        {
            Vector<float> greatest = Vector.Load(x);
            for (i = lanes; i <= n - lanes; i += lanes)
                greatest = Vector.Max(greatest, Vector.Load(x + i));
            best = greatest[0];
            for (int lane = 1; lane < lanes; lane++)
                best = MathF.Max(best, greatest[lane]);
        }
        for (; i < n; i++)
            best = MathF.Max(best, x[i]);
        return best;
    }

    /// <summary>y = e^(x − max); returns the sum, each term added in double.</summary>
    [SkipLocalsInit]
    public static double Exponentials(float* x, float* y, int n, float max)
    {
        int lanes = Vector<float>.Count, i = 0;
        Vector<double> sum = Vector<double>.Zero;
        for (; i <= n - lanes; i += lanes)
            sum += Exponential(x + i, y + i, max);
        if (i < n)
        {
            float* rest = stackalloc float[lanes];
            Vector.Create(float.NegativeInfinity).Store(rest);
            FloatSpans.Copy(rest, x + i, n - i);
            sum += Exponential(rest, rest, max);
            FloatSpans.Copy(y + i, rest, n - i);
        }
        return Vector.Sum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<double> Exponential(float* x, float* y, float max)
    {
        Vector<float> e = VectorMath.Exp(Vector.Load(x) - Vector.Create(max));
        e.Store(y);
        Vector.Widen(e, out Vector<double> low, out Vector<double> high);
        return low + high;
    }
}

/// <summary><c>Softmax</c> and <c>LogSoftmax</c> along the last dimension.</summary>
internal sealed unsafe class SoftmaxKernel(KernelRequest request, bool logarithm) : Kernel(request)
{
    private readonly int _classes = request.Inputs[0].Shape[^1];
    private readonly long _rows = request.Inputs[0].Shape.ElementCount / request.Inputs[0].Shape[^1];

    public override int InPlaceInput => logarithm ? -1 : 0;

    protected override void RunRange(long first, long last, int part)
    {
        for (long row = first; row < last; row++)
        {
            float* x = Input(0) + (row * _classes), y = Output() + (row * _classes);
            float max = SoftmaxRow.Max(x, _classes);
            double sum = SoftmaxRow.Exponentials(x, y, _classes, max);
            if (logarithm)
            {
                float shift = (float)(max + Math.Log(sum));
                ElementwiseLoops.Zip<SubtractOperator>(x, 1, &shift, 0, y, _classes);
            }
            else
                FloatSpans.Scale(y, (float)(1 / sum), _classes);
        }
    }

    protected override void Compute() => Share(_rows, _rows * _classes * 4);
}

/// <summary>
/// <c>SparseSoftmaxCrossEntropyWithLogits</c>: (logits [N,K], labels [N]) → loss [N], softmax − onehot [N,K]. A label
/// outside [0, K) gives NaN.
/// </summary>
internal sealed unsafe class SparseCrossEntropyKernel(KernelRequest request) : Kernel(request)
{
    private readonly int _rows = request.Inputs[0].Shape[0];
    private readonly int _classes = request.Inputs[0].Shape[1];
    private readonly bool _long = request.Inputs[1].Type == DataType.Int64;

    public override long ScratchBytes => WholeLines(_classes) * Workers.ThreadCount * sizeof(float);

    protected override void RunRange(long first, long last, int part)
    {
        for (long row = first; row < last; row++)
        {
            long label = _long ? ((long*)InputAddress(1))[row] : ((int*)InputAddress(1))[row];
            float* x = Input(0) + (row * _classes);
            float* y = OutputAddress(1) != 0 ? Output(1) + (row * _classes) : (float*)Scratch + (part * WholeLines(_classes));
            float max = SoftmaxRow.Max(x, _classes);
            bool valid = label >= 0 && label < _classes;
            float logit = valid ? x[label] : float.NaN;
            double sum = SoftmaxRow.Exponentials(x, y, _classes, max);
            FloatSpans.Scale(y, valid ? (float)(1 / sum) : float.NaN, _classes);
            if (valid)
                y[label] -= 1;
            if (OutputAddress() != 0)
                Output()[row] = (float)(Math.Log(sum) + max - logit);
        }
    }

    protected override void Compute() => Share(_rows, (long)_rows * _classes * 4);
}

/// <summary>
/// <c>SoftmaxCrossEntropyWithLogits</c>: (logits [N,K], labels [N,K]) → loss [N], softmax − labels [N,K]; either input
/// may have one row or column repeated.
/// </summary>
internal sealed unsafe class CrossEntropyKernel(KernelRequest request) : Kernel(request)
{
    private readonly int _rows = request.Outputs[1].Shape[0];
    private readonly int _classes = request.Outputs[1].Shape[1];
    private readonly TensorShape _logits = request.Inputs[0].Shape;
    private readonly TensorShape _labels = request.Inputs[1].Shape;

    public override long ScratchBytes => 2 * WholeLines(_classes) * Workers.ThreadCount * sizeof(float);

    protected override void RunRange(long first, long last, int part)
    {
        float* x = (float*)Scratch + (2 * part * WholeLines(_classes)), exponentials = x + _classes;
        for (long row = first; row < last; row++)
        {
            float* logits = Input(0) + (_logits[0] == 1 ? 0 : row * _logits[1]),
                labels = Input(1) + (_labels[0] == 1 ? 0 : row * _labels[1]);
            for (int k = 0; k < _classes; k++)
                x[k] = logits[_logits[1] == 1 ? 0 : k];
            float max = SoftmaxRow.Max(x, _classes);
            double sum = SoftmaxRow.Exponentials(x, exponentials, _classes, max), loss = 0, shift = max + Math.Log(sum);
            for (int k = 0; k < _classes; k++)
            {
                float label = labels[_labels[1] == 1 ? 0 : k];
                loss += label * (shift - x[k]);
                if (OutputAddress(1) != 0)
                    Output(1)[(row * _classes) + k] = (float)(exponentials[k] / sum) - label;
            }
            if (OutputAddress() != 0)
                Output()[row] = (float)loss;
        }
    }

    protected override void Compute() => Share(_rows, (long)_rows * _classes * 4);
}
