namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Max</c>: the greatest element over some axes.</summary>
/// <remarks>
/// (x, axes) → y without those dimensions, or with 1 in their place (<c>keep_dims</c>); −∞ over no elements. dL/dx =
/// dL/dy at the greatest elements, divided equally among those that tie. NaN propagates.
/// </remarks>
internal sealed class Max() : OpDefinition("Max", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = Reduction.Schema;
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;

    public override TensorSpec[] Infer(in ShapeContext c) => [Reduction.Infer(c)];
    public override NodeOutput?[] BuildGradient(in GradientContext c)
    {
        (NodeOutput x, NodeOutput y) = (c.Inputs[0], Reduction.Kept(c, c.Output()));
        return [Reduction.SpreadAmong(c, c.Op("GreaterEqual", x, y)), null];
    }
}
