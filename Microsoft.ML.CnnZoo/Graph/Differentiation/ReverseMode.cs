namespace Microsoft.ML.CnnZoo.Graph.Differentiation;

/// <summary>
/// Reverse-mode differentiation: adds to a graph the nodes that compute dL/dx, so that gradients are ordinary ops for
/// kernels, passes and export.
/// </summary>
internal static class ReverseMode
{
    /// <summary>Adds the gradients of a scalar with respect to some tensors.</summary>
    /// <param name="builder">The graph that holds <paramref name="loss"/>.</param>
    /// <param name="loss">A floating-point scalar.</param>
    /// <param name="sources">The tensors x (usually reads of variables).</param>
    /// <returns>dL/dx for each source, in order; null where the loss does not depend on it.</returns>
    /// <exception cref="GraphException">The loss is not a floating-point scalar, an op between loss and source has no
    /// gradient, or a gradient's shape differs from its tensor's.</exception>
    public static IReadOnlyList<NodeOutput?> AddGradients(GraphBuilder builder, NodeOutput loss,
        IReadOnlyList<NodeOutput> sources)
    {
        if (loss.Shape.Rank != 0 || !loss.Type.IsFloating())
            throw new GraphException($"The loss must be a floating-point scalar; {loss.Node} is {loss.Spec}.");
        HashSet<NodeDef> needed = NodesBetween(builder, loss, sources);
        var gradients = new Dictionary<NodeOutput, List<NodeOutput>>();
        using (builder.RootScope("gradients"))
        {
            NodeOutput one = builder.Constant(TensorLiteral.Scalar(1f),
                builder.Find("gradients/seed") is null ? "seed" : null);
            gradients[loss] = [one];
            for (int i = loss.Node.Index; i >= 0; i--)
                if (needed.Contains(builder.Nodes[i]))
                    Propagate(builder, builder.Nodes[i], gradients, needed);
            return [.. sources.Select(s => gradients.TryGetValue(s, out List<NodeOutput>? parts)
                ? Sum(builder, s, parts) : (NodeOutput?)null)];
        }
    }

    /// <summary>Nodes that depend on a source and that the loss depends on.</summary>
    private static HashSet<NodeDef> NodesBetween(GraphBuilder builder, NodeOutput loss,
        IReadOnlyList<NodeOutput> sources)
    {
        var fromSources = new HashSet<NodeDef>(sources.Select(s => s.Node));
        for (int i = 0; i <= loss.Node.Index; i++)
            if (builder.Nodes[i].Inputs.Any(input => input.Type.IsFloating() && fromSources.Contains(input.Node)))
                fromSources.Add(builder.Nodes[i]);
        var toLoss = new HashSet<NodeDef> { loss.Node };
        for (int i = loss.Node.Index; i >= 0; i--)
            if (toLoss.Contains(builder.Nodes[i]))
                toLoss.UnionWith(builder.Nodes[i].Inputs.Select(input => input.Node));
        fromSources.IntersectWith(toLoss);
        return fromSources;
    }

    private static void Propagate(GraphBuilder builder, NodeDef node,
        Dictionary<NodeOutput, List<NodeOutput>> gradients, HashSet<NodeDef> needed)
    {
        bool[] needsGradient = [.. node.Inputs.Select(input => needed.Contains(input.Node) && input.Type.IsFloating())];
        if (!needsGradient.Contains(true))
            return;
        var outputGradients = new NodeOutput?[node.Outputs.Count];
        for (int port = 0; port < outputGradients.Length; port++)
            if (gradients.TryGetValue(node.Output(port), out List<NodeOutput>? parts))
                outputGradients[port] = Sum(builder, node.Output(port), parts);
        if (Array.TrueForAll(outputGradients, g => g is null))
            return;
        if (!node.Definition.IsDifferentiable)
            throw new GraphException($"{node} has no gradient, and the loss depends on a trained tensor through it.");
        NodeOutput?[] inputGradients;
        using (builder.Scope(node.Name))
            inputGradients =
                node.Definition.BuildGradient(new GradientContext(builder, node, outputGradients, needsGradient));
        if (inputGradients.Length != node.Inputs.Count)
            throw new GraphException(
                $"{node}: the gradient rule returned {inputGradients.Length} entries for {node.Inputs.Count} inputs.");
        for (int i = 0; i < inputGradients.Length; i++)
        {
            if (!needsGradient[i] || inputGradients[i] is not NodeOutput gradient)
                continue;
            NodeOutput input = node.Inputs[i];
            if (!gradient.Shape.IsCompatibleWith(input.Shape) || gradient.Type != input.Type)
                throw new GraphException(
                    $"{node}: the gradient of input {i} is {gradient.Spec}, the input is {input.Spec}.");
            if (!gradients.TryGetValue(input, out List<NodeOutput>? parts))
                gradients[input] = parts = [];
            parts.Add(gradient);
        }
    }

    /// <summary>The sum of all contributions; replaces them in the list.</summary>
    private static NodeOutput Sum(GraphBuilder builder, NodeOutput of, List<NodeOutput> parts)
    {
        if (parts.Count == 1)
            return parts[0];
        NodeOutput sum = parts.Count == 2
            ? builder.AddNode("AddV2", [parts[0], parts[1]], null, null).Output()
            : builder.AddNode("AddN", [.. parts], [new("N", AttributeValue.Of(parts.Count))], null).Output();
        if (!sum.Shape.IsCompatibleWith(of.Shape))
            throw new GraphException($"The gradients of {of.Node} sum to {sum.Spec}; the tensor is {of.Spec}.");
        parts.Clear();
        parts.Add(sum);
        return sum;
    }
}
