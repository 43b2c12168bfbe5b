using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>
/// Clips gradients by their global norm: all are multiplied by min(1, limit / (norm + 1e-6)), where norm is that of all
/// gradients as one vector. Pascanu et al. 2012, arXiv:1211.5063; PyTorch's clip_grad_norm_.
/// </summary>
internal static class GradientClipping
{
    /// <summary>Name of the scalar that holds the norm before clipping.</summary>
    public const string NormNode = "clipping/norm";

    /// <summary>Adds the clipping.</summary>
    /// <param name="g">The training graph.</param>
    /// <param name="variables">Variables and gradients, without weight decay.</param>
    /// <param name="limit">The largest norm, > 0.</param>
    /// <returns>The variables with clipped gradients.</returns>
    public static List<TrainedVariable> Add(GraphBuilder g, List<TrainedVariable> variables, float limit)
    {
        if (variables.Count == 0)
            return variables;
        using (g.RootScope("clipping"))
        {
            NodeOutput[] halfSquares =
                [.. variables.Select(v => g.AddNode("L2Loss", [v.Gradient]).Output())];
            NodeOutput sum = g.AddNode("AddN", halfSquares,
                [new("N", AttributeValue.Of(halfSquares.Length))]).Output();
            NodeOutput norm = g.AddNode("Sqrt", [(2 * new TensorExpression(g, sum)).In(g)], name: "norm").Output();
            TensorExpression factor = TensorExpression.Min(1, limit / (new TensorExpression(g, norm) + 1e-6f));
            return [.. variables.Select(v =>
                v with { Gradient = (new TensorExpression(g, v.Gradient) * factor).In(g) })];
        }
    }
}
