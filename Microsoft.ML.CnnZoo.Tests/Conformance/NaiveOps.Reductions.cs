using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

internal static partial class NaiveOps
{
    private static void AddReductions()
    {
        Evaluators["Sum"] = (node, x) => [Reduce(node, x[0], x[1], mean: false)];
        Evaluators["Mean"] = (node, x) => [Reduce(node, x[0], x[1], mean: true)];
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
        Evaluators["Softmax"] = (node, x) =>
            [Rows(node, x[0], (row, k) => Math.Exp(row[k] - row.Max()) / row.Sum(v => Math.Exp(v - row.Max())))];
        Evaluators["LogSoftmax"] = (node, x) => [Rows(node, x[0], (row, k) => row[k] - LogSumExp(row))];
        Evaluators["SparseSoftmaxCrossEntropyWithLogits"] = (node, x) =>
        {
            int classes = x[0].Shape[1];
            return [Map(node, i => LogSumExp(Row(x[0], i[0])) - x[0][i[0], (int)x[1].Data[i[0]]]),
                Map(node, i => Math.Exp(x[0][i] - LogSumExp(Row(x[0], i[0]))) - (i[1] == (int)x[1].Data[i[0]]
                    ? 1 : 0), 1)];
        };
        Evaluators["SoftmaxCrossEntropyWithLogits"] = (node, x) =>
            [Map(node, i => Enumerable.Range(0, x[0].Shape[1])
                .Sum(k => x[1].Broadcast([i[0], k]) * (LogSumExp(Row(x[0], i[0])) - x[0][i[0], k]))),
                Map(node, i => Math.Exp(x[0][i] - LogSumExp(Row(x[0], i[0]))) - x[1].Broadcast(i), 1)];
    }

    private static NaiveTensor Reduce(NodeDef node, NaiveTensor x, NaiveTensor axes, bool mean)
    {
        var reduced = axes.Data.Select(a => ((int)a + x.Shape.Rank) % x.Shape.Rank).ToHashSet();
        NaiveTensor y = Out(node);
        long count = 1;
        foreach (int axis in reduced)
            count *= x.Shape[axis];
        foreach (int[] i in NaiveTensor.Indices(x.Shape))
        {
            long offset = 0;
            for (int d = 0; d < x.Shape.Rank; d++)
                if (!reduced.Contains(d))
                    offset = offset * x.Shape[d] + i[d];
            y.Data[offset] += mean ? x[i] / count : x[i];
        }
        return y;
    }

    private static int[] Insert(int[] index, int axis, int value) => [.. index[..axis], value, .. index[axis..]];

    private static double[] Row(NaiveTensor x, int row) => x.Data[(row * x.Shape[^1])..((row + 1) * x.Shape[^1])];

    private static double LogSumExp(double[] row) => row.Max() + Math.Log(row.Sum(v => Math.Exp(v - row.Max())));

    private static NaiveTensor Rows(NodeDef node, NaiveTensor x, Func<double[], int, double> f)
    {
        NaiveTensor y = Out(node);
        for (int i = 0; i < y.Data.Length; i++)
            y.Data[i] = f(Row(x, i / x.Shape[^1]), i % x.Shape[^1]);
        return y;
    }
}
