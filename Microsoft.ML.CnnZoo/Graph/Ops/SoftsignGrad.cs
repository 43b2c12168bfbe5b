namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>SoftsignGrad</c>: dx = dy/(1 + |x|)².</summary>
/// <remarks>(dy, x) → dx, where x is Softsign's input. Not differentiable here.</remarks>
internal sealed class SoftsignGrad() : OpDefinition("SoftsignGrad", 2)
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
