using System.Collections.Frozen;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>Finds what stays as it is in a training graph.</summary>
internal static class FrozenLayers
{
    /// <summary>
    /// Names of the variables and dropout layers that are frozen, for <see cref="GraphBuilder.Frozen"/>: the variables
    /// of all layers up to a stage, or of all but the head, and the dropouts in front of them.
    /// </summary>
    /// <param name="network">The network.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="image">Size of its images.</param>
    /// <param name="until">Name of the last frozen stage; null for none.</param>
    /// <param name="headAlone">Whether only the head is trained.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such stage, or it leaves nothing to train.</exception>
    public static IReadOnlySet<string> Of(CnnArchitecture network, int classes, ImageShape image, string? until,
        bool headAlone)
    {
        if (until is null && !headAlone)
            return FrozenSet<string>.Empty;
        NetworkGraph graph = network.BuildGraph(classes, image);
        HashSet<string> head = [.. network.HeadVariables(classes, image).Select(v => v.Name)], frozen = [];
        if (until is not null)
        {
            var stages = new NetworkStages(graph);
            OptionRange.Require(stages.Has(until), "Options.FreezeUntil", $"'{until}'", stages.Choices(until));
            frozen.UnionWith(stages.VariablesUpTo(until));
            OptionRange.Require(!frozen.Overlaps(head), "Options.FreezeUntil", $"'{until}'",
                "a stage before the head, which is trained in any case");
        }
        if (headAlone)
            frozen.UnionWith(graph.Variables.Select(v => v.Name).Where(v => !head.Contains(v)));
        frozen.UnionWith(Dropouts(network.WithoutAuxiliaries().BuildGraph(GraphMode.Training, classes, image).Graph,
            frozen));
        return frozen;
    }

    /// <summary>
    /// The dropout layers that a frozen layer reads and no trained one comes before. One between them works: it is the
    /// trained layer's own.
    /// </summary>
    private static IEnumerable<string> Dropouts(NetworkGraph training, HashSet<string> frozen)
    {
        HashSet<NodeDef> moving = [], still = [];
        foreach (NodeDef node in training.Nodes)
            if (node.Op == "ReadVariableOp" ? !frozen.Contains(node.Inputs[0].Node.Name)
                : node.Inputs.Any(i => moving.Contains(i.Node)))
                moving.Add(node);
        foreach (NodeDef node in training.Nodes.Reverse())
            if (!moving.Contains(node) && (still.Contains(node) || node.Inputs.Any(i => i.Node.Op == "ReadVariableOp")))
                still.UnionWith([node, .. node.Inputs.Select(i => i.Node)]);
        return still.Where(n => n.Op == "StatelessRandomUniformV2").Select(n => n.Name[..n.Name.LastIndexOf('/')]);
    }
}
