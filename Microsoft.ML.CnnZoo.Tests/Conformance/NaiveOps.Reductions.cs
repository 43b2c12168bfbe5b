using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

internal static partial class NaiveOps
{
    private static void AddReductions()
    {
        Evaluators["Sum"] = (node, x) => [Reduce(node, x[0], x[1], mean: false)];
        Evaluators["Mean"] = (node, x) => [Reduce(node, x[0], x[1], mean: true)];
        Evaluators["Max"] = (node, x) => [Extreme(node, x[0], x[1], double.NegativeInfinity, Math.Max)];
        Evaluators["Min"] = (node, x) => [Extreme(node, x[0], x[1], double.PositiveInfinity, Math.Min)];
        Evaluators["L2Loss"] = (node, x) => [new NaiveTensor(TensorShape.Scalar, [x[0].Data.Sum(v => v * v) / 2])];
        Evaluators["BiasAddGrad"] = (node, x) =>
        {
            NaiveTensor y = Out(node);
            foreach (int[] i in NaiveTensor.Indices(x[0].Shape))
                y.Data[i[^1]] += x[0][i];
            return [y];
        };
        Evaluators["ArgMax"] = (node, x) =>
        {
            int axis = ((int)x[1].Data[0] + x[0].Shape.Rank) % x[0].Shape.Rank;
            return [Map(node, o =>
            {
                int best = 0;
                for (int k = 1; k < x[0].Shape[axis]; k++)
                    if (x[0][Insert(o, axis, k)] > x[0][Insert(o, axis, best)])
                        best = k;
                return best;
            })];
        };
        Evaluators["Softmax"] = (node, x) => [Rows(node, x[0], (row, y) =>
        {
            double sum = LogSumExp(row);
            for (int k = 0; k < row.Length; k++)
                y[k] = Math.Exp(row[k] - sum);
        })];
        Evaluators["LogSoftmax"] = (node, x) => [Rows(node, x[0], (row, y) =>
        {
            double sum = LogSumExp(row);
            for (int k = 0; k < row.Length; k++)
                y[k] = row[k] - sum;
        })];
        Evaluators["SparseSoftmaxCrossEntropyWithLogits"] = (node, x) =>
        {
            var labels = new NaiveTensor(x[0].Shape);
            for (int row = 0; row < labels.Shape[0]; row++)
                labels[row, (int)x[1].Data[row]] = 1;
            return CrossEntropy(node, x[0], labels);
        };
        Evaluators["SoftmaxCrossEntropyWithLogits"] = (node, x) => CrossEntropy(node, x[0], x[1]);
    }

    /// <summary>Losses [N] and softmax − labels [N,K].</summary>
    private static NaiveTensor[] CrossEntropy(NodeDef node, NaiveTensor logits, NaiveTensor labels)
    {
        NaiveTensor loss = Out(node), gradient = Out(node, 1);
        int classes = gradient.Shape[1];
        for (int row = 0; row < gradient.Shape[0]; row++)
        {
            double[] x = [.. Enumerable.Range(0, classes).Select(k => logits.Broadcast([row, k]))];
            double sum = LogSumExp(x);
            for (int k = 0; k < classes; k++)
            {
                double label = labels.Broadcast([row, k]);
                loss.Data[row] += label == 0 && double.IsNegativeInfinity(x[k]) ? 0 : label * (sum - x[k]);
                gradient[row, k] = Math.Exp(x[k] - sum) - label;
            }
        }
        return [loss, gradient];
    }

    private static NaiveTensor Reduce(NodeDef node, NaiveTensor x, NaiveTensor axes, bool mean)
    {
        HashSet<int> reduced = ReducedAxes(x, axes);
        NaiveTensor y = Out(node);
        long count = 1;
        foreach (int axis in reduced)
            count *= x.Shape[axis];
        foreach (int[] i in NaiveTensor.Indices(x.Shape))
            y.Data[KeptOffset(x.Shape, reduced, i)] += mean ? x[i] / count : x[i];
        return y;
    }

    private static NaiveTensor Extreme(NodeDef node, NaiveTensor x, NaiveTensor axes, double start,
        Func<double, double, double> choose)
    {
        HashSet<int> reduced = ReducedAxes(x, axes);
        NaiveTensor y = Out(node);
        Array.Fill(y.Data, start);
        foreach (int[] i in NaiveTensor.Indices(x.Shape))
        {
            ref double element = ref y.Data[KeptOffset(x.Shape, reduced, i)];
            element = choose(element, x[i]);
        }
        return y;
    }

    private static HashSet<int> ReducedAxes(NaiveTensor x, NaiveTensor axes) =>
        [.. axes.Data.Select(a => ((int)a + x.Shape.Rank) % x.Shape.Rank)];

    private static long KeptOffset(TensorShape shape, HashSet<int> reduced, int[] index)
    {
        long offset = 0;
        for (int d = 0; d < shape.Rank; d++)
            if (!reduced.Contains(d))
                offset = offset * shape[d] + index[d];
        return offset;
    }

    private static int[] Insert(int[] index, int axis, int value) => [.. index[..axis], value, .. index[axis..]];

    /// <summary>NaN for a row with a NaN or +∞, and for one of −∞ alone, as subtracting the maximum gives.</summary>
    private static double LogSumExp(double[] row)
    {
        double max = row.Aggregate(Math.Max), sum = 0;
        foreach (double v in row)
            sum += Math.Exp(v - max);
        return max + Math.Log(sum);
    }

    private static NaiveTensor Rows(NodeDef node, NaiveTensor x, Action<double[], Span<double>> f)
    {
        NaiveTensor y = Out(node);
        int columns = x.Shape[^1];
        for (int i = 0; i < y.Data.Length; i += columns)
            f(x.Data[i..(i + columns)], y.Data.AsSpan(i, columns));
        return y;
    }
}
