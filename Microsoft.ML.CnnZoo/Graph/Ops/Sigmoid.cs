namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Sigmoid</c>: y = 1/(1 + e⁻ˣ).</summary>
/// <remarks>x → y, same shape. dL/dx = SigmoidGrad(y, dL/dy).</remarks>
internal sealed class Sigmoid() : OpDefinition("Sigmoid", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => OpSchema.SameAsFirst(c);
    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [c.Op("SigmoidGrad", c.Output(), c.OutputGradient)];
}
