namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Exp</c>: y = eˣ.</summary>
/// <remarks>x → y, same shape. dL/dx = y·dL/dy.</remarks>
internal sealed class Exp() : OpDefinition("Exp", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => OpSchema.SameAsFirst(c);
    public override NodeOutput?[] BuildGradient(in GradientContext c) => [c.Op("Mul", c.OutputGradient, c.Output())];
}
