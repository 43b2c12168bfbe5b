namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// TensorFlow op <c>Softmax</c>: y = eˣ/Σeˣ over the last axis, computed with the maximum subtracted.
/// </summary>
/// <remarks>x [..,K] → y [..,K], each row summing to 1. dL/dx = (dL/dy − Σ(dL/dy·y))·y.</remarks>
internal sealed class Softmax() : OpDefinition("Softmax", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];

    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) =>
        c.Inputs[0].Shape.Rank >= 1 ? OpSchema.SameAsFirst(c)
        : throw c.Error("expected at least one dimension, received a scalar");

    public override NodeOutput?[] BuildGradient(in GradientContext c)
    {
        NodeOutput sum = c.Sum(c.Op("Mul", c.OutputGradient, c.Output()), [c.Output().Shape.Rank - 1],
            keepDimensions: true);
        return [c.Op("Mul", c.Op("Sub", c.OutputGradient, sum), c.Output())];
    }
}
