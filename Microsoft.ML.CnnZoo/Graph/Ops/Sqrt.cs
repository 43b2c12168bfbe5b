namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Sqrt</c>: y = √x.</summary>
/// <remarks>x ≥ 0 → y, same shape; NaN below 0. dL/dx = dL/dy/(2y).</remarks>
internal sealed class Sqrt() : OpDefinition("Sqrt", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => OpSchema.SameAsFirst(c);
    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [c.Op("RealDiv", c.Op("Mul", c.OutputGradient, c.Scalar(0.5, c.OutputGradient.Type)), c.Output())];
}
