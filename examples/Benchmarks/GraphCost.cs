using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Benchmarks;

/// <summary>What a graph costs in arithmetic.</summary>
internal static class GraphCost
{
    /// <summary>
    /// Multiply-adds for one image of all convolutions and dense layers, and of those of their gradients that the graph
    /// has.
    /// </summary>
    public static long MultiplyAdds(NetworkGraph graph) => graph.Nodes.Sum(MultiplyAdds);

    private static long MultiplyAdds(NodeDef node) => node.Op switch
    {
        "Conv2D" => ForOneImage(node.Outputs[0].Shape) * Taps(node.Inputs[1].Shape),
        "Conv2DBackpropInput" => ForOneImage(node.Inputs[2].Shape) * Taps(node.Inputs[1].Shape),
        "Conv2DBackpropFilter" => ForOneImage(node.Inputs[2].Shape) * Taps(node.Outputs[0].Shape),
        "DepthwiseConv2dNative" => ForOneImage(node.Outputs[0].Shape) * Window(node.Inputs[1].Shape),
        "DepthwiseConv2dNativeBackpropInput" => ForOneImage(node.Inputs[2].Shape) * Window(node.Inputs[1].Shape),
        "DepthwiseConv2dNativeBackpropFilter" => ForOneImage(node.Inputs[2].Shape) * Window(node.Outputs[0].Shape),
        "MatMul" =>
            ForOneImage(node.Outputs[0].Shape) * Math.Max(
                1, node.Inputs[0].Shape[node.Attributes["transpose_a"].Bool ? 0 : 1]),
        _ => 0,
    };

    /// <summary>Elements; the unknown batch counts once.</summary>
    private static long ForOneImage(TensorShape shape)
    {
        long elements = 1;
        foreach (int dimension in shape.Dimensions)
            elements *= Math.Max(1, dimension);
        return elements;
    }

    /// <summary>Multiply-adds of one output of a filter [kh,kw,C/groups,filters].</summary>
    private static long Taps(TensorShape filter) => Window(filter) * filter[2];

    /// <summary>Multiply-adds of one output of a depthwise filter [kh,kw,C,m].</summary>
    private static long Window(TensorShape filter) => (long)filter[0] * filter[1];
}
