using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Execution.Passes;

/// <summary>
/// Prunes nodes that no fetch or target depends on, and fixes the shapes of the fed placeholders: afterwards all shapes
/// are known.
/// </summary>
/// <param name="feeds">Shape of each placeholder, by name.</param>
internal sealed class Specialize(IReadOnlyDictionary<string, TensorShape> feeds) : IGraphPass
{
    public string Name => "prune and specialize";

    public GraphRequest Apply(GraphRequest request)
    {
        HashSet<NodeDef> needed = Prune.Needed(request);
        var rewriter = new GraphRewriter(request);
        foreach (NodeDef node in request.Graph.Nodes.Where(needed.Contains))
            rewriter.Copy(node, node.Op == "Placeholder" ? FedAttributes(node) : null);
        return rewriter.Finish();
    }

    private Dictionary<string, AttributeValue> FedAttributes(NodeDef placeholder)
    {
        TensorShape declared = placeholder.Outputs[0].Shape;
        if (!feeds.TryGetValue(placeholder.Name, out TensorShape? fed))
            fed = declared.IsFullyDefined ? declared
                : throw new GraphException($"The placeholder '{placeholder.Name}' of shape {declared} is needed but " +
                $"not fed; received feeds for {string.Join(", ", feeds.Keys)}.");
        if (!fed.IsFullyDefined || !fed.IsCompatibleWith(declared))
            throw new GraphException(
                $"The placeholder '{placeholder.Name}' has shape {declared}; it cannot be fed {fed}.");
        return new Dictionary<string, AttributeValue>(placeholder.Attributes) { ["shape"] = AttributeValue.Of(fed) };
    }
}
