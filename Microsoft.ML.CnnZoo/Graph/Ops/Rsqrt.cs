namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Rsqrt</c>: y = 1/√x.</summary>
/// <remarks>x &gt; 0 → y, same shape. dL/dx = −½·y³·dL/dy.</remarks>
internal sealed class Rsqrt() : OpDefinition("Rsqrt", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => OpSchema.SameAsFirst(c);
    public override NodeOutput?[] BuildGradient(in GradientContext c)
    {
        NodeOutput cube = c.Op("Mul", c.Op("Square", c.Output()), c.Output());
        return [c.Op("Mul", c.Op("Mul", c.OutputGradient, c.Scalar(-0.5, c.OutputGradient.Type)), cube)];
    }
}
