using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

/// <summary>
/// How far a float32 kernel may be from the naive loops in double precision, element by element: from the sum of the
/// magnitudes of what is added, and the number of roundings.
/// </summary>
internal static class ErrorBounds
{
    /// <summary>Unit roundoff of float32: half the distance from 1 to the next number.</summary>
    private const double U = 1.0 / (1 << 24);

    /// <summary>Unit roundoff of bfloat16.</summary>
    private const double BFloat16U = 1.0 / (1 << 8);

    /// <summary>
    /// The transforms of F(4x4, 3x3) have coefficients up to 8 and cancel: an element's error depends on all magnitudes
    /// of its tile. The largest of 3,000 random cases is a fifth of this.
    /// </summary>
    private const double WinogradGrowth = 16;

    /// <summary>Below: the sum of a few subnormal numbers' roundings.</summary>
    private const double Least = 1e-37;

    /// <summary>A bound for each element of each output.</summary>
    /// <param name="node">The node.</param>
    /// <param name="x">Its inputs.</param>
    /// <param name="y">The naive result.</param>
    /// <param name="isWinograd">Whether Winograd's algorithm computes the kernel.</param>
    public static double[][] Of(NodeDef node, NaiveTensor[] x, NaiveTensor[] y, bool isWinograd)
    {
        double[][] bounds = Float32(node, x, y);
        for (int port = 0; port < y.Length; port++)
        {
            double[] bound = bounds[port];
            double largest = isWinograd ? bound.Where(double.IsFinite).DefaultIfEmpty(0).Max() : 0;
            bool rounds = port < node.Outputs.Count && node.Outputs[port].Type == DataType.BFloat16;
            for (int i = 0; i < bound.Length; i++)
            {
                double error = Least + (isWinograd ? WinogradGrowth * largest : bound[i]);
                bound[i] = rounds ? error + (BFloat16U * (Math.Abs(y[port].Data[i]) + error)) : error;
            }
        }
        return bounds;
    }

    private static double[][] Float32(NodeDef node, NaiveTensor[] x, NaiveTensor[] y) => node.Op switch
    {
        "Conv2D" or "DepthwiseConv2dNative" or "_FusedConv2D" or "_FusedDepthwiseConv2dNative" =>
            [Products(node, x, y[0], Taps(x[1].Shape) * (IsDepthwise(node) ? 1 : x[1].Shape[2]))],
        "Conv2DBackpropInput" or "DepthwiseConv2dNativeBackpropInput" =>
            [Products(node, x, y[0], Taps(x[1].Shape) * x[1].Shape[3])],
        "Conv2DBackpropFilter" or "DepthwiseConv2dNativeBackpropFilter" =>
            [Products(node, x, y[0], (int)(x[2].Shape.ElementCount / x[2].Shape[3]))],
        "MatMul" or "_FusedMatMul" => [Products(node, x, y[0], x[0].Shape[node.Attributes["transpose_a"].Bool ? 0
            : 1])],
        "AvgPool" or "AvgPoolGrad" or "MaxPoolGrad" => [Scaled(Magnitudes(node, x)[0],
            2 + Growth((int)(node.Attributes["ksize"].Ints[1] * node.Attributes["ksize"].Ints[2])))],
        "Sum" or "Mean" or "L2Loss" or "BiasAddGrad" or "MirrorPadGrad" =>
            [Scaled(Magnitudes(node, x)[0], 3 + Growth((int)Math.Max(1, x[0].Data.Length / Math.Max(1,
                y[0].Data.Length))))],
        "AddN" or "AddV2" or "Sub" or "BiasAdd" => [Scaled(Magnitudes(node, x)[0], x.Length)],
        "TanhGrad" => [Scaled([.. x[0].Data.Zip(x[1].Data, (v, dy) => dy * (1 + (v * v)))], 3)],
        "LRN" => [Scaled(y[0].Data, LrnRoundings(node))],
        "LRNGrad" => [Scaled(NaiveOps.Evaluate(node, [Absolute(x[0]), Absolute(x[1]), Negative(x[2])])[0].Data,
            LrnRoundings(node))],
        "Softmax" => [Scaled(y[0].Data, 16 + (4 * Largest(x[0])))],
        "LogSoftmax" => [Scaled(y[0].Data, 8, 4 * (1 + Largest(x[0])))],
        "SparseSoftmaxCrossEntropyWithLogits" or "SoftmaxCrossEntropyWithLogits" =>
            [.. y.Select(v => Scaled(v.Data, 8, 4 * (1 + Largest(x[0]))))],
        "FusedBatchNormV3" or "_FusedBatchNormEx" => BatchNorm(node, x, y),
        "FusedBatchNormGradV3" or "_FusedBatchNormGradEx" => BatchNormGradient(node, x, y),
        _ when node.Definition.IsStateful => [.. y.Select(v => Scaled(v.Data, 16, 64))],
        _ => [.. y.Select(v => Scaled(v.Data, Roundings(node.Op), node.Op == "Log" ? 2 : 0))],
    };

    /// <summary>Roundings of an elementwise op; those of polynomials come from their authors' bounds.</summary>
    private static double Roundings(string op) => op switch
    {
        "Square" or "Sqrt" or "Mul" or "RealDiv" => 1.01,
        "LeakyRelu" or "LeakyReluGrad" => 1.01,
        "Softsign" or "EluGrad" or "SeluGrad" => 2.01,
        "SquaredDifference" or "Rsqrt" => 3.01,
        "SigmoidGrad" or "Log" or "SoftsignGrad" or "Pow" => 4,
        "Exp" or "Tanh" or "Sigmoid" or "Elu" or "Selu" => 8,
        "Softplus" or "SoftplusGrad" or "Erf" => 12,
        _ => 0,
    };

    /// <summary>
    /// Roundings of a sum of n terms: n at worst in any order. The terms' signs are random, so that the partial sums of
    /// many are about √n times smaller than the sum of magnitudes, and the errors' random walk is √n long: together a
    /// constant, here 16 (Higham, Mary 2019).
    /// </summary>
    private static double Growth(int n) => Math.Min(n, 16);

    private static int Taps(TensorShape filter) => filter[0] * filter[1];

    private static bool IsDepthwise(NodeDef node) => node.Op.Contains("Depthwise", StringComparison.Ordinal);

    private static double[] Products(NodeDef node, NaiveTensor[] x, NaiveTensor y, int depth)
    {
        double[] bound = Scaled(NaiveOps.SumOfProducts(node, [.. x.Select(Absolute)]).Data, 4 + Growth(depth));
        // Tanh and sigmoid add errors of their own; no activation is steeper than 1.
        for (int i = 0; i < bound.Length; i++)
            bound[i] += 8 * U * Math.Abs(y.Data[i]);
        return bound;
    }

    private static double LrnRoundings(NodeDef node) => 24 + (2 * (2 * node.Attributes["depth_radius"].Int + 1));

    private static double[][] BatchNorm(NodeDef node, NaiveTensor[] x, NaiveTensor[] y)
    {
        int channels = x[0].Shape[^1];
        double epsilon = node.Attributes["epsilon"].Float;
        double old = node.Attributes["exponential_avg_factor"].Float == 1 ? 0 : 4 * U;
        double[][] bounds = [.. y.Select(v => new double[v.Data.Length])];
        double[] error = new double[channels];
        for (int c = 0; c < channels; c++)
        {
            double mean = y[3].Data[c], square = (mean * mean) + y[4].Data[c];
            // Of the root mean square, and of the variance: both are sums of terms as large as they.
            double ratio = double.IsPositiveInfinity(square) ? 1 : square / (y[4].Data[c] + epsilon);
            error[c] = 16 * U * (1 + ratio);
            bounds[3][c] = 16 * U * Math.Sqrt(square);
            bounds[4][c] = 32 * U * square;
            bounds[1][c] = bounds[3][c] + (old > 0 ? old * Math.Abs(x[3].Data[c]) : 0);
            bounds[2][c] = bounds[4][c] + (old > 0 ? old * Math.Abs(x[4].Data[c]) : 0);
        }
        for (int i = 0; i < bounds[0].Length; i++)
        {
            int c = i % channels;
            double mean = y[3].Data[c], deviation = Math.Sqrt(y[4].Data[c] + epsilon);
            double magnitude = (((Math.Abs(x[0].Data[i]) + Math.Abs(mean)) / deviation) + 1) * Math.Abs(x[1].Data[c]);
            bounds[0][i] = error[c] * (magnitude + Math.Abs(x[2].Data[c])
                + (x.Length > 5 ? Math.Abs(x[5].Data[i]) : 0));
        }
        return bounds;
    }

    private static double[][] BatchNormGradient(NodeDef node, NaiveTensor[] x, NaiveTensor[] y)
    {
        // dy, x, scale, mean, variance
        int channels = x[1].Shape[^1], count = Math.Max(1, x[1].Data.Length / channels);
        double[][] bounds = [.. y.Select(v => new double[v.Data.Length])];
        double[] inverse = [.. x[4].Data.Select(v => 1 / Math.Sqrt(v + node.Attributes["epsilon"].Float))];
        bool training = node.Attributes["is_training"].Bool;
        double[] dy = Absolute(x[0]).Data;
        if (x.Length > 7 && node.Attributes["activation_mode"].String == "Relu")
            dy = [.. dy.Zip(x[7].Data, (v, result) => result > 0 ? v : 0)];
        double Normalized(int i) =>
            (Math.Abs(x[1].Data[i]) + Math.Abs(x[3].Data[i % channels])) * inverse[i % channels];
        double roundings = U * (16 + Growth(Math.Min(count, 64)));
        for (int i = 0; i < dy.Length; i++)
        {
            bounds[1][i % channels] += roundings * dy[i] * Normalized(i);
            bounds[2][i % channels] += roundings * dy[i];
        }
        for (int i = 0; i < dy.Length; i++)
        {
            int c = i % channels;
            double statistics = training ? (bounds[2][c] + (2 * Normalized(i) * bounds[1][c])) / count : 0;
            bounds[0][i] = Math.Abs(x[2].Data[c]) * inverse[c] * ((16 * U * dy[i]) + statistics);
        }
        return bounds;
    }

    /// <summary>The sums of the magnitudes of the terms that a linear op adds.</summary>
    private static double[][] Magnitudes(NodeDef node, NaiveTensor[] x) => [.. NaiveOps.Evaluate(node,
        [.. x.Select((v, i) =>
        !node.Inputs[i].Type.IsFloating() || (node.Op == "MaxPoolGrad" && i < 2) ? v
        : node.Op == "Sub" && i == 1 ? Negative(v) : Absolute(v))]).Select(v => v.Data)];

    private static double[] Scaled(double[] magnitudes, double roundings, double more = 0) =>
        Array.ConvertAll(magnitudes, v => U * ((roundings * Math.Abs(v)) + more));

    private static NaiveTensor Absolute(NaiveTensor x) => new(x.Shape, Array.ConvertAll(x.Data, Math.Abs));

    private static NaiveTensor Negative(NaiveTensor x) => new(x.Shape, Array.ConvertAll(x.Data, v => -Math.Abs(v)));

    private static double Largest(NaiveTensor x) =>
        x.Data.Select(Math.Abs).Where(double.IsFinite).DefaultIfEmpty(0).Max();
}
