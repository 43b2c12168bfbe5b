using System.Collections.Immutable;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.Onnx;

/// <summary>Orders of a tensor's dimensions in memory: item j names the dimension of ours that stands at place j.</summary>
internal static class AxisOrder
{
    /// <summary>From our [N,H,W,C] to ONNX's [N,C,H,W].</summary>
    public static ImmutableArray<int> ChannelsFirst { get; } = [0, 3, 1, 2];

    /// <summary>Our own order.</summary>
    public static ImmutableArray<int> Ours(int rank) => [.. Enumerable.Range(0, rank)];

    /// <summary>The dimensions in their order in memory.</summary>
    public static int[] Arrange(TensorShape shape, ImmutableArray<int> order) => [.. order.Select(i => shape[i])];

    /// <summary>The elements of a tensor in another order of its dimensions.</summary>
    public static float[] Arrange(ReadOnlySpan<float> values, TensorShape shape, ImmutableArray<int> order)
    {
        if (order.SequenceEqual(Ours(shape.Rank)))
            return values.ToArray();
        int rank = shape.Rank;
        var strides = new int[rank];
        for (int d = rank - 1, stride = 1; d >= 0; stride *= shape[d--])
            strides[d] = stride;
        int[] counts = Arrange(shape, order), steps = [.. order.Select(i => strides[i])], index = new int[rank];
        var arranged = new float[values.Length];
        int last = rank - 1, source = 0;
        for (int target = 0; target < arranged.Length; target += counts[last])
        {
            for (int i = 0; i < counts[last]; i++)
                arranged[target + i] = values[source + (i * steps[last])];
            for (int d = last - 1; d >= 0; d--)
            {
                source += steps[d];
                if (++index[d] < counts[d])
                    break;
                source -= steps[d] * counts[d];
                index[d] = 0;
            }
        }
        return arranged;
    }
}
