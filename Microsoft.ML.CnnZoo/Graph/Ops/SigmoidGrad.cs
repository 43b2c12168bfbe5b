namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>SigmoidGrad</c>: dx = dy·y·(1 − y).</summary>
/// <remarks>(y, dy) → dx, where y is Sigmoid's output. Not differentiable here.</remarks>
internal sealed class SigmoidGrad() : OpDefinition("SigmoidGrad", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override bool IsDifferentiable => false;
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool AllowsOverwrite(NodeDef node, int input) => input == 0;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        c.RequireAlike(0, 1);
        return OpSchema.SameAsFirst(c);
    }
}
