using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo.Explain;

/// <summary>Finds layers that give feature maps.</summary>
internal static class SpatialLayer
{
    private const int Examples = 3;

    /// <summary>The feature maps of a layer [N,H,W,C].</summary>
    /// <param name="g">A graph that holds the network.</param>
    /// <param name="outputs">The network's tensors.</param>
    /// <param name="layer">
    /// Name of a node, layer or stage, whose last node counts; null for the last feature maps of more than one pixel that
    /// the classes depend on, pooling left out.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such layer, or it gives no feature maps.</exception>
    public static NodeOutput Find(GraphBuilder g, NetworkOutputs outputs, string? layer)
    {
        NodeOutput[] spatial = [.. Spatial(g, outputs.Output)];
        if (layer is null)
        {
            OptionRange.Require(spatial.Length > 0, "The network", "one without feature maps", "one with convolutions");
            return spatial[0];
        }
        NodeOutput found = ClassificationGraphs.Layer(g, layer);
        OptionRange.Require(IsSpatial(found), "The layer", $"'{layer}', which gives {found.Spec}",
            $"one that gives feature maps, such as {string.Join(", ", spatial.Select(Name).Distinct().Take(Examples))}");
        return found;
    }

    /// <summary>The feature maps that a tensor depends on, the last first.</summary>
    private static IEnumerable<NodeOutput> Spatial(GraphBuilder g, NodeOutput of)
    {
        var needed = new HashSet<NodeDef> { of.Node };
        for (int i = of.Node.Index; i >= 0; i--)
        {
            NodeDef node = g.Nodes[i];
            if (!needed.Contains(node))
                continue;
            needed.UnionWith(node.Inputs.Select(n => n.Node));
            if (node.Outputs.Count > 0 && !PassesOn(node) && IsSpatial(node.Output()))
                yield return node.Output();
        }
    }

    private static bool IsSpatial(NodeOutput x) => x.Type == DataType.Float && x.Shape.Rank == 4
        && x.Shape[0] == TensorShape.Unknown && x.Node.Op != "Placeholder" && (x.Height > 1 || x.Width > 1);

    /// <summary>Whether a node's maps are those of its input, coarser or moved.</summary>
    private static bool PassesOn(NodeDef node) =>
        node.Op is "MaxPool" or "AvgPool" or "Mean" or "Identity" or "Pad" or "PadV2" or "MirrorPad" or "Reshape"
            or "Transpose" or "Slice" or "StridedSlice" or "ReverseV2";

    private static string Name(NodeOutput x) => x.Node.Name.LastIndexOf('/') is > 0 and int cut ? x.Node.Name[..cut]
        : x.Node.Name;
}
