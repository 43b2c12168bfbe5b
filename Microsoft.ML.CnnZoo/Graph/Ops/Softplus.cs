namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Softplus</c>: y = ln(1 + eˣ). Glorot, Bordes, Bengio 2011.</summary>
/// <remarks>x → y, same shape; never overflows. dL/dx = SoftplusGrad(dL/dy, x). NaN propagates.</remarks>
internal sealed class Softplus() : OpDefinition("Softplus", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => OpSchema.SameAsFirst(c);
    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [c.Op("SoftplusGrad", c.OutputGradient, c.Inputs[0])];
}
