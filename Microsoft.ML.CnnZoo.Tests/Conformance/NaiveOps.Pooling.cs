using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

internal static partial class NaiveOps
{
    private static void AddPooling()
    {
        Evaluators["MaxPool"] = (node, x) =>
        {
            NaiveTensor y = Out(node);
            EachWindow(node, x[0].Shape, y.Shape, (o, pixels) => y[o] = pixels.Select(p =>
                x[0].Data[p]).Aggregate(Math.Max));
            return [y];
        };
        Evaluators["MaxPoolGrad"] = (node, x) =>
        {
            NaiveTensor dx = Out(node);
            EachWindow(node, x[0].Shape, x[2].Shape,
                (o, pixels) => dx.Data[pixels.MaxBy(p => x[0].Data[p])] += x[2][o]);
            return [dx];
        };
        Evaluators["AvgPool"] = (node, x) =>
        {
            NaiveTensor y = Out(node);
            EachWindow(node, x[0].Shape, y.Shape, (o, pixels) => y[o] = pixels.Average(p => x[0].Data[p]));
            return [y];
        };
        Evaluators["AvgPoolGrad"] = (node, x) =>
        {
            NaiveTensor dx = Out(node);
            EachWindow(node, dx.Shape, x[1].Shape, (o, pixels) =>
            {
                foreach (long p in pixels)
                    dx.Data[p] += x[1][o] / pixels.Count;
            });
            return [dx];
        };
    }

    /// <summary>
    /// Calls the action for every output element with the flat offsets of its window's real pixels, row-major.
    /// </summary>
    private static void EachWindow(NodeDef node, TensorShape x, TensorShape y, Action<int[], List<long>> window)
    {
        int[] ksize = Ints(node, "ksize"), strides = Ints(node, "strides");
        int top = PadBefore(node, 0, x[1], y[1], ksize[1], strides[1], 1),
            left = PadBefore(node, 1, x[2], y[2], ksize[2], strides[2], 1);
        foreach (int[] o in NaiveTensor.Indices(y))
        {
            var pixels = new List<long>();
            for (int h = o[1] * strides[1] - top; h < o[1] * strides[1] - top + ksize[1]; h++)
                for (int w = o[2] * strides[2] - left; w < o[2] * strides[2] - left + ksize[2]; w++)
                    if (h >= 0 && h < x[1] && w >= 0 && w < x[2])
                        pixels.Add((((long)o[0] * x[1] + h) * x[2] + w) * x[3] + o[3]);
            window(o, pixels);
        }
    }
}
