using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

internal static partial class NaiveOps
{
    private static void AddNormalization()
    {
        Evaluators["LRN"] = (node, x) =>
            [new(x[0].Shape, [.. LrnBases(node, x[0]).Select((s, i) => x[0].Data[i] * Math.Pow(s, -Beta(node)))])];
        Evaluators["LRNGrad"] = (node, x) => [LrnGradient(node, x[0].Data, x[1], x[2].Data)];
        Evaluators["FusedBatchNormV3"] = (node, x) => BatchNormalize(node, x);
        Evaluators["FusedBatchNormGradV3"] = (node, x) => BatchNormalizeBack(node, x);
        Evaluators["_FusedBatchNormEx"] = BatchNormalizeAndRectify;
        Evaluators["_FusedBatchNormGradEx"] = BatchNormalizeBackRectified;
    }

    private static double Beta(NodeDef node) => node.Attributes["beta"].Float;

    /// <summary>bias + alpha·Σ x² over the channels within depth_radius, for each element.</summary>
    private static double[] LrnBases(NodeDef node, NaiveTensor x)
    {
        double[] sums = WindowSums(node, x.Shape[3], Array.ConvertAll(x.Data, v => v * v));
        return Array.ConvertAll(sums, s => node.Attributes["bias"].Float + node.Attributes["alpha"].Float * s);
    }

    private static NaiveTensor LrnGradient(NodeDef node, double[] dy, NaiveTensor x, double[] y)
    {
        double[] bases = LrnBases(node, x),
            sums = WindowSums(node, x.Shape[3], [.. bases.Select((s, i) => dy[i] * y[i] / s)]);
        return new(x.Shape, [.. bases.Select((s, i) => dy[i] * Math.Pow(s, -Beta(node))
            - 2 * node.Attributes["alpha"].Float * Beta(node) * x.Data[i] * sums[i])]);
    }

    private static double[] WindowSums(NodeDef node, int channels, double[] x)
    {
        int radius = (int)node.Attributes["depth_radius"].Int;
        var sums = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
            for (int c = Math.Max(0, i % channels - radius); c <= Math.Min(channels - 1, i % channels + radius); c++)
                sums[i] += x[i - i % channels + c];
        return sums;
    }

    private static (double Mean, double Variance) Moments(NaiveTensor x, int channel)
    {
        int channels = x.Shape[^1];
        double sum = 0, squares = 0, count = x.Shape.ElementCount / channels;
        for (int i = channel; i < x.Data.Length; i += channels)
            sum += x.Data[i];
        for (int i = channel; i < x.Data.Length; i += channels)
            squares += (x.Data[i] - sum / count) * (x.Data[i] - sum / count);
        return (sum / count, squares / count);
    }

    /// <summary>
    /// x, scale, offset, mean, variance → y, mean, variance, batch mean, batch variance (biased), empty.
    /// </summary>
    private static NaiveTensor[] BatchNormalize(NodeDef node, NaiveTensor[] x)
    {
        int channels = x[0].Shape[^1];
        long count = x[0].Shape.ElementCount / channels;
        double epsilon = node.Attributes["epsilon"].Float, factor = node.Attributes["exponential_avg_factor"].Float;
        bool training = node.Attributes["is_training"].Bool;
        NaiveTensor[] y = [.. Enumerable.Range(0, 6).Select(p => Out(node, p))];
        for (int c = 0; c < channels; c++)
        {
            (double mean, double variance) = training ? Moments(x[0], c) : (x[3].Data[c], x[4].Data[c]);
            double unbiased = training ? variance * count / Math.Max(1, count - 1) : variance;
            y[1].Data[c] = training && factor != 1 ? x[3].Data[c] * (1 - factor) + factor * mean : mean;
            y[2].Data[c] = training && factor != 1 ? x[4].Data[c] * (1 - factor) + factor * unbiased : unbiased;
            (y[3].Data[c], y[4].Data[c]) = (mean, variance);
            for (long i = c; i < x[0].Data.Length; i += channels)
                y[0].Data[i] = (x[0].Data[i] - mean) / Math.Sqrt(variance + epsilon) * x[1].Data[c] + x[2].Data[c];
        }
        return y;
    }

    private static NaiveTensor[] BatchNormalizeAndRectify(NodeDef node, NaiveTensor[] x)
    {
        NaiveTensor[] y = BatchNormalize(node, x);
        for (long i = 0; i < y[0].Data.Length; i++)
            y[0].Data[i] = Rectified(node, y[0].Data[i] + (x.Length > 5 ? x[5].Data[i] : 0));
        return y;
    }

    private static double Rectified(NodeDef node, double value) => node.Attributes["activation_mode"].String == "Relu"
        ? Math.Max(0, value) : value;

    /// <summary>
    /// dy, x, scale, mean, variance, empty, offset, y → as for the unfused op, and the masked dy for a side tensor.
    /// </summary>
    private static NaiveTensor[] BatchNormalizeBackRectified(NodeDef node, NaiveTensor[] x)
    {
        bool relu = node.Attributes["activation_mode"].String == "Relu";
        for (long i = 0; i < x[0].Data.Length; i++)
            if (relu && x[7].Data[i] <= 0)
                x[0].Data[i] = 0;
        NaiveTensor[] y = BatchNormalizeBack(node, x);
        return node.Outputs.Count > 5 ? [.. y, x[0]] : y;
    }

    /// <summary>dy, x, scale, mean, variance (of the batch, or running) → dx, dscale, doffset, two empties.</summary>
    private static NaiveTensor[] BatchNormalizeBack(NodeDef node, NaiveTensor[] x)
    {
        int channels = x[0].Shape[^1];
        long count = x[0].Shape.ElementCount / channels;
        bool training = node.Attributes["is_training"].Bool;
        NaiveTensor[] y = [.. Enumerable.Range(0, 5).Select(p => Out(node, p))]; // without the side tensor's gradient
        for (int c = 0; c < channels; c++)
        {
            double mean = x[3].Data[c], inverse = 1 / Math.Sqrt(x[4].Data[c] + node.Attributes["epsilon"].Float),
                scale = x[2].Data[c];
            for (long i = c; i < x[0].Data.Length; i += channels)
            {
                y[1].Data[c] += x[0].Data[i] * (x[1].Data[i] - mean) * inverse;
                y[2].Data[c] += x[0].Data[i];
            }
            for (long i = c; i < x[0].Data.Length; i += channels)
                y[0].Data[i] = scale * inverse * (training
                    ? x[0].Data[i] - y[2].Data[c] / count - (x[1].Data[i] - mean) * inverse * y[1].Data[c] / count
                    : x[0].Data[i]);
        }
        return y;
    }
}
