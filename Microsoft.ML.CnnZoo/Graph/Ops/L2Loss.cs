namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>L2Loss</c>: ½·Σx². Weight decay's penalty.</summary>
/// <remarks>x of any shape → scalar. dL/dx = x·dL/dy.</remarks>
internal sealed class L2Loss() : OpDefinition("L2Loss", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override TensorSpec[] Infer(in ShapeContext c) => [new(c.Inputs[0].Type, TensorShape.Scalar)];
    public override NodeOutput?[] BuildGradient(in GradientContext c) => [c.Op("Mul", c.Inputs[0], c.OutputGradient)];
}
