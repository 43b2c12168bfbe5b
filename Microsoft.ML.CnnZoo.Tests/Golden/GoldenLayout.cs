using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Tests.Golden;

/// <summary>
/// From PyTorch's layouts to ours: OIHW → HWIO, depthwise [C·m,1,kh,kw] → [kh,kw,C,m], [out,in] → [in,out], NCHW → NHWC
/// (golden README, section 3).
/// </summary>
internal static class GoldenLayout
{
    /// <summary>
    /// Whether a convolution's tensor is a depthwise kernel here: [C,1,kh,kw] there, [kh,kw,C,1] here.
    /// </summary>
    public static bool IsDepthwise(GoldenTensor tensor, TensorShape variable) =>
        tensor.Shape.Length == 4 && variable.Rank == 4 && tensor.Shape[0] > 1 && variable[2] == tensor.Shape[0]
            && variable[3] == 1;

    /// <summary>
    /// The tensor as a dense kernel where a library writes its last layer as a 1x1 convolution and we as a matrix.
    /// </summary>
    public static GoldenTensor AsDense(GoldenTensor tensor, TensorShape variable) =>
        tensor.Shape.Length == 4 && variable.Rank == 2 ? tensor with { Kind = "linear_w", Shape = tensor.Shape[..2] }
            : tensor;

    /// <summary>
    /// The shape of our variable for a tensor of a golden list; depthwise kernels (one input channel per group, more
    /// groups) are told by <paramref name="depthwise"/>.
    /// </summary>
    public static TensorShape VariableShape(GoldenTensor tensor, bool depthwise = false)
    {
        int[] s = tensor.Shape;
        return tensor.Kind switch
        {
            "conv_w" or "conv_w_sparse" when depthwise => new(s[2], s[3], s[0], 1),
            "conv_w" or "conv_w_sparse" => new(s[2], s[3], s[1], s[0]),
            "linear_w" => new(s[1], s[0]),
            _ => new(s),
        };
    }

    /// <summary>A golden tensor's values in the order of our variable.</summary>
    /// <param name="tensor">Name, kind and shape.</param>
    /// <param name="values">In PyTorch's layout.</param>
    /// <param name="flattenShape">For a dense kernel that reads a flattened image: our [H,W,C].</param>
    /// <param name="depthwise">Whether it is a depthwise kernel of multiplier 1.</param>
    public static float[] ToVariable(GoldenTensor tensor, float[] values, TensorShape? flattenShape = null,
        bool depthwise = false)
    {
        int[] s = tensor.Shape;
        return tensor.Kind switch
        {
            "conv_w" or "conv_w_sparse" when depthwise => Permute(values, s[0], s[2] * s[3]),
            "conv_w" or "conv_w_sparse" => Kernel(values, s),
            "linear_w" => Dense(values, s[0], s[1], flattenShape),
            _ => values,
        };
    }

    /// <summary>NCHW → NHWC.</summary>
    public static float[] ToNhwc(float[] values, int n, int c, int h, int w)
    {
        var result = new float[values.Length];
        for (int i = 0; i < n; i++)
            Permute(values.AsSpan(i * c * h * w, c * h * w), result.AsSpan(i * c * h * w), c, h * w);
        return result;
    }

    private static float[] Kernel(float[] values, int[] s)
    {
        (int o, int i, int taps) = (s[0], s[1], s[2] * s[3]);
        var result = new float[values.Length];
        for (int f = 0; f < o; f++)
            for (int c = 0; c < i; c++)
                for (int t = 0; t < taps; t++)
                    result[(((t * i) + c) * o) + f] = values[(((f * i) + c) * taps) + t];
        return result;
    }

    private static float[] Dense(float[] values, int outputs, int inputs, TensorShape? flatten)
    {
        (int h, int w, int c) = flatten is null ? (1, 1, inputs) : (flatten[0], flatten[1], flatten[2]);
        var result = new float[values.Length];
        for (int o = 0; o < outputs; o++)
            for (int y = 0; y < h; y++)
                for (int x = 0; x < w; x++)
                    for (int k = 0; k < c; k++)
                        result[(((((y * w) + x) * c) + k) * outputs) + o] = values[(o * inputs) + (((k * h) + y) * w)
                            + x];
        return result;
    }

    private static float[] Permute(float[] values, int rows, int columns)
    {
        var result = new float[values.Length];
        Permute(values, result, rows, columns);
        return result;
    }

    /// <summary>The transpose of a matrix.</summary>
    private static void Permute(ReadOnlySpan<float> source, Span<float> target, int rows, int columns)
    {
        for (int r = 0; r < rows; r++)
            for (int k = 0; k < columns; k++)
                target[(k * rows) + r] = source[(r * columns) + k];
    }
}
