using System.Runtime.CompilerServices;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

internal static partial class NaiveOps
{
    /// <summary>For the innermost loops, which would run unoptimized for most of a short test.</summary>
    private const MethodImplOptions Optimized = MethodImplOptions.AggressiveOptimization;

    private static void AddConvolutions()
    {
        foreach (string op in (string[])["Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter",
            "DepthwiseConv2dNative", "DepthwiseConv2dNativeBackpropInput", "DepthwiseConv2dNativeBackpropFilter",
            "MatMul"])
            Evaluators[op] = (node, x) => [SumOfProducts(node, x)];
        foreach (string op in (string[])["_FusedConv2D", "_FusedDepthwiseConv2dNative", "_FusedMatMul"])
            Evaluators[op] = (node, x) => [Activate(node, SumOfProducts(node, x))];
    }

    /// <summary>
    /// A convolution, its gradient or a matrix product, with bias and side tensor, without activation.
    /// </summary>
    public static NaiveTensor SumOfProducts(NodeDef node, NaiveTensor[] x)
    {
        NaiveTensor y = node.Op switch
        {
            "MatMul" or "_FusedMatMul" => MultiplyMatrices(node, x[0], x[1]),
            _ when node.Op.EndsWith("BackpropInput", StringComparison.Ordinal) => ConvolveBackInput(node, x[1], x[2]),
            _ when node.Op.EndsWith("BackpropFilter", StringComparison.Ordinal) => ConvolveBackFilter(node, x[0], x[2]),
            _ => Convolve(node, x[0], x[1]),
        };
        if (!node.Op.StartsWith("_Fused", StringComparison.Ordinal))
            return y;
        for (int i = 0; i < y.Data.Length; i++)
            y.Data[i] += x[2].Data[i % x[2].Data.Length] + (x.Length > 3 ? x[3].Data[i] : 0);
        return y;
    }

    /// <summary>One element of x with a run of filters: offsets in x, the filter and y, and the run's length.</summary>
    private delegate void Run(int x, int w, int y, int count);

    /// <summary>
    /// Calls the action for all products of a convolution, those of one element of x with adjacent filters at once.
    /// </summary>
    [MethodImpl(Optimized)]
    private static void EachRun(NodeDef node, TensorShape x, TensorShape w, TensorShape y, Run run)
    {
        bool depthwise = node.Op.Contains("Depthwise", StringComparison.Ordinal);
        int[] strides = Ints(node, "strides"), dilations = Ints(node, "dilations");
        (int top, int left) = (PadBefore(node, 0, x[1], y[1], w[0], strides[1], dilations[1]),
            PadBefore(node, 1, x[2], y[2], w[1], strides[2], dilations[2]));
        int channels = x[3], filters = y[3], groups = depthwise ? channels : channels / w[2],
            perGroupIn = channels / groups, perGroupOut = filters / groups, rows = y[1], columns = y[2];
        (int height, int width, int kernelHeight, int kernelWidth) = (x[1], x[2], w[0], w[1]);
        for (int o = 0; o < y[0] * rows * columns; o++)
            for (int tap = 0; tap < kernelHeight * kernelWidth; tap++)
            {
                int n = o / (rows * columns),
                    h = (o / columns % rows * strides[1]) - top + (tap / kernelWidth * dilations[1]),
                    v = (o % columns * strides[2]) - left + (tap % kernelWidth * dilations[2]);
                if (h < 0 || h >= height || v < 0 || v >= width)
                    continue;
                int pixel = ((n * height + h) * width + v) * channels;
                for (int group = 0; group < groups; group++)
                    for (int c = 0; c < perGroupIn; c++)
                        run(pixel + group * perGroupIn + c,
                            ((tap * (depthwise ? 1 : perGroupIn) + c) * filters) + group * perGroupOut,
                            o * filters + group * perGroupOut, perGroupOut);
            }
    }

    /// <summary>TensorFlow's padding before the first pixel: SAME puts the odd pixel after.</summary>
    private static int PadBefore(NodeDef node, int axis, int input, int output, int window, int stride,
        int dilation) => node.Attributes["padding"].String switch
    {
        "VALID" => 0,
        "SAME" => Math.Max(0, (output - 1) * stride + (window - 1) * dilation + 1 - input) / 2,
        _ => Ints(node, "explicit_paddings")[2 + 2 * axis],
    };

    private static NaiveTensor Convolve(NodeDef node, NaiveTensor x, NaiveTensor w)
    {
        NaiveTensor result = Out(node);
        double[] y = result.Data;
        EachRun(node, x.Shape, w.Shape, result.Shape, [MethodImpl(Optimized)] (xi, wi, yi, count) =>
        {
            double value = x.Data[xi];
            ReadOnlySpan<double> taps = w.Data.AsSpan(wi, count);
            Span<double> sums = y.AsSpan(yi, count);
            for (int f = 0; f < sums.Length; f++)
                sums[f] += value * taps[f];
        });
        return result;
    }

    private static NaiveTensor ConvolveBackInput(NodeDef node, NaiveTensor w, NaiveTensor dy)
    {
        NaiveTensor dx = Out(node);
        EachRun(node, dx.Shape, w.Shape, dy.Shape, [MethodImpl(Optimized)] (xi, wi, yi, count) =>
        {
            double sum = dx.Data[xi];
            ReadOnlySpan<double> taps = w.Data.AsSpan(wi, count), gradients = dy.Data.AsSpan(yi, count);
            for (int f = 0; f < taps.Length; f++)
                sum += gradients[f] * taps[f];
            dx.Data[xi] = sum;
        });
        return dx;
    }

    private static NaiveTensor ConvolveBackFilter(NodeDef node, NaiveTensor x, NaiveTensor dy)
    {
        NaiveTensor dw = Out(node);
        EachRun(node, x.Shape, dw.Shape, dy.Shape, [MethodImpl(Optimized)] (xi, wi, yi, count) =>
        {
            double value = x.Data[xi];
            ReadOnlySpan<double> gradients = dy.Data.AsSpan(yi, count);
            Span<double> sums = dw.Data.AsSpan(wi, count);
            for (int f = 0; f < sums.Length; f++)
                sums[f] += value * gradients[f];
        });
        return dw;
    }

    [MethodImpl(Optimized)]
    private static NaiveTensor MultiplyMatrices(NodeDef node, NaiveTensor a, NaiveTensor b)
    {
        bool ta = node.Attributes["transpose_a"].Bool, tb = node.Attributes["transpose_b"].Bool;
        NaiveTensor y = Out(node);
        int depth = a.Shape[ta ? 0 : 1], rows = y.Shape[0], columns = y.Shape[1];
        for (int i = 0; i < rows; i++)
            for (int k = 0; k < depth; k++)
            {
                double value = a.Data[ta ? k * rows + i : i * depth + k];
                Span<double> sums = y.Data.AsSpan(i * columns, columns);
                for (int j = 0; j < sums.Length; j++)
                    sums[j] += value * b.Data[tb ? j * depth + k : k * columns + j];
            }
        return y;
    }

    private static NaiveTensor Activate(NodeDef node, NaiveTensor y) =>
        new(y.Shape, Array.ConvertAll(y.Data, v => node.Attributes["fused_ops"].Strings[^1] switch
        {
            "Relu" => Math.Max(v, 0),
            "Relu6" => Math.Min(Math.Max(v, 0), 6),
            "Tanh" => Math.Tanh(v),
            "Sigmoid" => 1 / (1 + Math.Exp(-v)),
            _ => v,
        }));
}
