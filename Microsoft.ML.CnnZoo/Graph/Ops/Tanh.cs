namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Tanh</c>: y = tanh x.</summary>
/// <remarks>x → y, same shape. dL/dx = TanhGrad(y, dL/dy).</remarks>
internal sealed class Tanh() : OpDefinition("Tanh", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => OpSchema.SameAsFirst(c);
    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [c.Op("TanhGrad", c.Output(), c.OutputGradient)];
}
