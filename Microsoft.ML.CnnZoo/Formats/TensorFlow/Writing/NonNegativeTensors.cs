using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Writing;

/// <summary>Which tensors of a graph hold no negative number, whatever the image.</summary>
internal static class NonNegativeTensors
{
    private static readonly HashSet<string> Makers =
        ["Relu", "Relu6", "Sigmoid", "Softmax", "Softplus", "Exp", "Square", "SquaredDifference", "Abs"];

    private static readonly HashSet<string> Keepers =
        ["MaxPool", "AvgPool", "LRN", "ConcatV2", "Pad", "Identity", "AddV2", "AddN", "Slice", "StridedSlice", "Split"];

    /// <summary>Those tensors; a tensor that is missing may hold one.</summary>
    public static HashSet<NodeOutput> Of(NetworkGraph graph)
    {
        var found = new HashSet<NodeOutput>();
        foreach (NodeDef node in graph.Nodes)
            if (Makers.Contains(node.Op) || (Keepers.Contains(node.Op)
                && node.Inputs.Where(i => i.Type == DataType.Float).All(found.Contains)))
                found.UnionWith(Enumerable.Range(0, node.Outputs.Count).Select(node.Output));
        return found;
    }
}
