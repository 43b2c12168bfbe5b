namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// TensorFlow op <c>LogSoftmax</c>: y = x − ln Σeˣ over the last axis, computed with the maximum subtracted.
/// </summary>
/// <remarks>x [..,K] → y [..,K]. dL/dx = dL/dy − eʸ·Σ(dL/dy).</remarks>
internal sealed class LogSoftmax() : OpDefinition("LogSoftmax", 1)
{
        public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];

    public override TensorSpec[] Infer(in ShapeContext c) =>
        c.Inputs[0].Shape.Rank >= 1 ? OpSchema.SameAsFirst(c)
        : throw c.Error("expected at least one dimension, received a scalar");

    public override NodeOutput?[] BuildGradient(in GradientContext c)
    {
        NodeOutput sum = c.Sum(c.OutputGradient, [c.Output().Shape.Rank - 1], keepDimensions: true);
        return [c.Op("Sub", c.OutputGradient, c.Op("Mul", c.Op("Exp", c.Output()), sum))];
    }
}
