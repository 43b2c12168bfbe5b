using System.Collections.Immutable;
using Microsoft.ML.CnnZoo.Execution.Passes;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.Import;

/// <summary>
/// Finds what a graph does to its image before the first layer: Keras' Rescaling and Normalization, means that are
/// subtracted, channels that are reversed. It becomes the pixel normalization, and leaves the graph.
/// </summary>
internal static class InputPreprocessing
{
    /// <summary>Takes it out.</summary>
    /// <param name="request">The network.</param>
    /// <returns>The network without it; null where it does nothing to its image.</returns>
    public static (GraphRequest Request, ImagePreprocessing? Stated) Extract(GraphRequest request)
    {
        var readers = new GraphReaders(request);
        NodeDef image = request.Graph.Nodes.First(n => n.Op == "Placeholder");
        int channels = image.Outputs[0].Shape[^1];
        float[] scale = [.. Enumerable.Repeat(1f, channels)], offset = new float[channels];
        bool reversed = false;
        NodeOutput at = image.Output();
        List<NodeDef> taken = [];
        while (readers.Sole(at) is { } next && Take(next, at, scale, offset, ref reversed))
        {
            taken.Add(next);
            at = next.Output();
        }
        if (taken.Count == 0)
            return (request, null);
        HashSet<NodeDef> inner = [.. taken];
        var rewriter = new GraphRewriter(request);
        foreach (NodeDef node in request.Graph.Nodes.Where(n => !inner.Contains(n)))
        {
            rewriter.Copy(node);
            if (node == image)
                rewriter.Replace(at, rewriter.Map(image.Output()));
        }
        if (reversed)
        {
            Array.Reverse(scale);
            Array.Reverse(offset);
        }
        var normalization = new PixelNormalization(scale.ToImmutableArray(), offset.ToImmutableArray());
        return (rewriter.Finish(), new(normalization, reversed ? ChannelOrder.Bgr : ChannelOrder.Rgb));
    }

    /// <summary>Scale and offset are in the order of channels behind the nodes taken.</summary>
    private static bool Take(NodeDef node, NodeOutput x, float[] scale, float[] offset, ref bool reversed)
    {
        if (node.Op == "ReverseV2" && scale.Length == 3 && ConstantValues.TryGet(node.Inputs[1]) is [3 or -1])
        {
            reversed = !reversed;
            Array.Reverse(scale);
            Array.Reverse(offset);
            return true;
        }
        if (node.Op is not ("BiasAdd" or "AddV2" or "Sub" or "Mul" or "RealDiv") || node.Inputs.Count != 2
            || !node.Inputs[0].Equals(x) && node.Op is "Sub" or "RealDiv" or "BiasAdd"
            || !node.Outputs[0].Shape.Equals(x.Shape))
            return false;
        NodeOutput other = node.Inputs[node.Inputs[0].Equals(x) ? 1 : 0];
        if (other.Node.Op != "Const" || other.Type != DataType.Float
            || FrozenNetworkSimplifier.PerChannel(other, scale.Length) is not { } values)
            return false;
        for (int c = 0; c < scale.Length; c++)
            switch (node.Op)
            {
                case "Mul": (scale[c], offset[c]) = (scale[c] * values[c], offset[c] * values[c]); break;
                case "RealDiv": (scale[c], offset[c]) = (scale[c] / values[c], offset[c] / values[c]); break;
                case "Sub": offset[c] -= values[c]; break;
                default: offset[c] += values[c]; break;
            }
        return true;
    }
}
