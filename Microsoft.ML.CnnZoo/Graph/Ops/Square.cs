namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Square</c>: y = x².</summary>
/// <remarks>x → y, same shape. dL/dx = 2x·dL/dy.</remarks>
internal sealed class Square() : OpDefinition("Square", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => OpSchema.SameAsFirst(c);
    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [c.Op("Mul", c.Op("Mul", c.OutputGradient, c.Scalar(2, c.OutputGradient.Type)), c.Inputs[0])];
}
