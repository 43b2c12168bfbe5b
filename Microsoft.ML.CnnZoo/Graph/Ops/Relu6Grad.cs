namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Relu6Grad</c>: dx = dy where 0 &lt; features &lt; 6, else 0.</summary>
/// <remarks>(dy, features) → dx; features may be Relu6's input or its output. Not differentiable here.</remarks>
internal sealed class Relu6Grad() : OpDefinition("Relu6Grad", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override bool IsDifferentiable => false;
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;

    // Only y: dy is dense, so that the gradient can be computed in place.
    public override bool AllowsStridedInput(NodeDef node, int input) => input == 1;

    public override bool AllowsOverwrite(NodeDef node, int input) => input == 0;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        c.RequireAlike(0, 1);
        return OpSchema.SameAsFirst(c);
    }
}
