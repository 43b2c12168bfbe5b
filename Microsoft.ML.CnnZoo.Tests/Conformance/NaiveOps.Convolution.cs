using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

internal static partial class NaiveOps
{
    private static void AddConvolutions()
    {
        Evaluators["Conv2D"] = (node, x) => [Convolve(node, x[0], x[1])];
        Evaluators["Conv2DBackpropInput"] = (node, x) => [ConvolveBackInput(node, x[1], x[2])];
        Evaluators["Conv2DBackpropFilter"] = (node, x) => [ConvolveBackFilter(node, x[0], x[2])];
        Evaluators["DepthwiseConv2dNative"] = (node, x) => [Convolve(node, x[0], x[1])];
        Evaluators["DepthwiseConv2dNativeBackpropInput"] = (node, x) => [ConvolveBackInput(node, x[1], x[2])];
        Evaluators["DepthwiseConv2dNativeBackpropFilter"] = (node, x) => [ConvolveBackFilter(node, x[0], x[2])];
        Evaluators["MatMul"] = (node, x) => [MultiplyMatrices(node, x[0], x[1])];
        Evaluators["_FusedConv2D"] = (node, x) => [Fuse(node, x, Convolve(node, x[0], x[1]))];
        Evaluators["_FusedDepthwiseConv2dNative"] = (node, x) => [Fuse(node, x, Convolve(node, x[0], x[1]))];
        Evaluators["_FusedMatMul"] = (node, x) => [Fuse(node, x, MultiplyMatrices(node, x[0], x[1]))];
    }

    /// <summary>Calls the action for every product of a convolution: flat offsets in x, the filter and y.</summary>
    private static void EachTap(NodeDef node, TensorShape x, TensorShape w, TensorShape y, Action<long, long, long> tap)
    {
        bool depthwise = node.Op.Contains("Depthwise", StringComparison.Ordinal);
        int[] strides = Ints(node, "strides"), dilations = Ints(node, "dilations");
        (int top, int left) = (PadBefore(node, 0, x[1], y[1], w[0], strides[1], dilations[1]),
            PadBefore(node, 1, x[2], y[2], w[1], strides[2], dilations[2]));
        int perGroupIn = depthwise ? 1 : w[2], perGroupOut = depthwise ? w[3] : w[3] / (x[3] / w[2]);
        foreach (int[] o in NaiveTensor.Indices(y))
            for (int kh = 0; kh < w[0]; kh++)
                for (int kw = 0; kw < w[1]; kw++)
                {
                    int h = o[1] * strides[1] - top + kh * dilations[1],
                        v = o[2] * strides[2] - left + kw * dilations[2];
                    if (h < 0 || h >= x[1] || v < 0 || v >= x[2])
                        continue;
                    int group = o[3] / perGroupOut;
                    for (int c = 0; c < perGroupIn; c++)
                    {
                        long xi = (((long)o[0] * x[1] + h) * x[2] + v) * x[3] + group * perGroupIn + c;
                        long wi = depthwise ? ((long)kh * w[1] + kw) * y[3] + o[3]
                            : (((long)kh * w[1] + kw) * w[2] + c) * w[3] + o[3];
                        tap(xi, wi, (((long)o[0] * y[1] + o[1]) * y[2] + o[2]) * y[3] + o[3]);
                    }
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
        NaiveTensor y = Out(node);
        EachTap(node, x.Shape, w.Shape, y.Shape, (xi, wi, yi) => y.Data[yi] += x.Data[xi] * w.Data[wi]);
        return y;
    }

    private static NaiveTensor ConvolveBackInput(NodeDef node, NaiveTensor w, NaiveTensor dy)
    {
        NaiveTensor dx = Out(node);
        EachTap(node, dx.Shape, w.Shape, dy.Shape, (xi, wi, yi) => dx.Data[xi] += dy.Data[yi] * w.Data[wi]);
        return dx;
    }

    private static NaiveTensor ConvolveBackFilter(NodeDef node, NaiveTensor x, NaiveTensor dy)
    {
        NaiveTensor dw = Out(node);
        EachTap(node, x.Shape, dw.Shape, dy.Shape, (xi, wi, yi) => dw.Data[wi] += dy.Data[yi] * x.Data[xi]);
        return dw;
    }

    private static NaiveTensor MultiplyMatrices(NodeDef node, NaiveTensor a, NaiveTensor b)
    {
        bool ta = node.Attributes["transpose_a"].Bool, tb = node.Attributes["transpose_b"].Bool;
        int depth = a.Shape[ta ? 0 : 1];
        return Map(node, i => Enumerable.Range(0, depth)
            .Sum(k => (ta ? a[k, i[0]] : a[i[0], k]) * (tb ? b[i[1], k] : b[k, i[1]])));
    }

    private static NaiveTensor Fuse(NodeDef node, NaiveTensor[] x, NaiveTensor y)
    {
        foreach (string op in node.Attributes["fused_ops"].Strings)
            y = Map(node, i => op switch
            {
                "BiasAdd" => y[i] + x[2].Data[i[^1]],
                "Add" => y[i] + x[3][i],
                "Relu" => Math.Max(y[i], 0),
                "Relu6" => Math.Min(Math.Max(y[i], 0), 6),
                "Tanh" => Math.Tanh(y[i]),
                "Sigmoid" => 1 / (1 + Math.Exp(-y[i])),
                _ => throw new NotSupportedException($"No naive form of the fused op {op}."),
            });
        return y;
    }
}
