using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

internal static partial class NaiveOps
{
    private static void AddLayout()
    {
        Evaluators["Pad"] = (node, x) => [PadWith(node, x[0], x[1], 0)];
        Evaluators["PadV2"] = (node, x) => [PadWith(node, x[0], x[1], x[2].Data[0])];
        Evaluators["Slice"] = (node, x) => [Map(node, o => x[0][[.. o.Select((v, d) => v + (int)x[1].Data[d])]])];
        Evaluators["StridedSlice"] = (node, x) => [Map(node, o => x[0][Sliced(node, x[0].Shape, o, x[1], x[3])])];
        Evaluators["StridedSliceGrad"] = (node, x) =>
        {
            NaiveTensor dx = Out(node);
            foreach (int[] o in NaiveTensor.Indices(x[4].Shape))
                dx[Sliced(node, dx.Shape, o, x[1], x[3])] += x[4][o];
            return [dx];
        };
        Evaluators["ConcatV2"] = (node, x) =>
        {
            int axis = ((int)x[^1].Data[0] + x[0].Shape.Rank) % x[0].Shape.Rank;
            return [Map(node, o =>
            {
                int part = 0, at = o[axis];
                while (at >= x[part].Shape[axis])
                    at -= x[part++].Shape[axis];
                return x[part][[.. o[..axis], at, .. o[(axis + 1)..]]];
            })];
        };
        Evaluators["BroadcastTo"] = (node, x) => [Map(node, o => x[0].Broadcast(o))];
        Evaluators["Tile"] = (node, x) => [Map(node, o => x[0][[.. o.Select((v, d) => v % x[0].Shape[d])]])];
        Evaluators["Transpose"] = (node, x) => [Map(node, o =>
        {
            var index = new int[o.Length];
            for (int d = 0; d < o.Length; d++)
                index[(int)x[1].Data[d]] = o[d];
            return x[0][index];
        })];
        Evaluators["ReverseV2"] = (node, x) =>
        {
            var reversed = x[1].Data.Select(a => ((int)a + x[0].Shape.Rank) % x[0].Shape.Rank).ToHashSet();
            return [Map(node, o =>
                x[0][[.. o.Select((v, d) => reversed.Contains(d) ? x[0].Shape[d] - 1 - v : v)]])];
        };
        Evaluators["MirrorPad"] = (node, x) => [Map(node, o => x[0][Mirrored(node, x[0].Shape, x[1], o)])];
        Evaluators["MirrorPadGrad"] = (node, x) =>
        {
            NaiveTensor dx = Out(node);
            foreach (int[] o in NaiveTensor.Indices(x[0].Shape))
                dx[Mirrored(node, dx.Shape, x[1], o)] += x[0][o];
            return [dx];
        };
        Evaluators["OneHot"] = (node, x) =>
        {
            int rank = node.Outputs[0].Shape.Rank, axis = (int)node.Attributes["axis"].Int;
            axis = axis < 0 ? rank - 1 : axis;
            return [Map(node, o => x[0][[.. o[..axis], .. o[(axis + 1)..]]] == o[axis] ? x[2].Data[0] : x[3].Data[0])];
        };
    }

    /// <summary>
    /// The element that a mirrored one is a copy of: a walk that turns back at the borders, standing still there if the
    /// mode is SYMMETRIC.
    /// </summary>
    private static int[] Mirrored(NodeDef node, TensorShape shape, NaiveTensor paddings, int[] o) =>
        [.. o.Select((v, d) =>
        {
            int at = 0, step = -1, still = node.Attributes["mode"].String == "SYMMETRIC" ? 1 : 0;
            int steps = v - (int)paddings[d, 0];
            step = Math.Sign(steps);
            for (int n = Math.Abs(steps); n > 0; n--)
                if (at + step >= 0 && at + step < shape[d])
                    at += step;
                else
                {
                    step = -step;
                    at += still == 1 ? 0 : step;
                }
            return at;
        })];

    private static NaiveTensor PadWith(NodeDef node, NaiveTensor x, NaiveTensor paddings, double value) =>
        Map(node, o =>
    {
        int[] index = [.. o.Select((v, d) => v - (int)paddings[d, 0])];
        return index.Where((v, d) => v < 0 || v >= x.Shape[d]).Any() ? value : x[index];
    });

    /// <summary>The input index that an index of the slice reads: begin + i·stride, with TensorFlow's masks.</summary>
    private static int[] Sliced(NodeDef node, TensorShape shape, int[] o, NaiveTensor begins, NaiveTensor strides)
    {
        long beginMask = node.Attributes["begin_mask"].Int, shrinkMask = node.Attributes["shrink_axis_mask"].Int;
        var index = new int[shape.Rank];
        for (int d = 0, taken = 0; d < shape.Rank; d++)
        {
            int stride = d < strides.Data.Length ? (int)strides.Data[d] : 1;
            bool free = d >= begins.Data.Length || (beginMask >> d & 1) != 0;
            int begin = free ? stride > 0 ? 0 : shape[d] - 1 : (int)begins.Data[d];
            begin = begin < 0 ? begin + shape[d] : Math.Min(begin, stride > 0 ? begin : shape[d] - 1);
            index[d] = d < begins.Data.Length && (shrinkMask >> d & 1) != 0 ? begin : begin + stride * o[taken++];
        }
        return index;
    }
}
