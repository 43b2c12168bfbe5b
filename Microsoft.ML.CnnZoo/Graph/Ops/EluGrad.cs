namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>EluGrad</c>: dx = dy, where y &lt; 0 dy·(y + 1).</summary>
/// <remarks>(dy, y) → dx, where y is Elu's output. Not differentiable here.</remarks>
internal sealed class EluGrad() : OpDefinition("EluGrad", 2)
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
