namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>SquaredDifference</c>: y = (a − b)², with NumPy's broadcasting.</summary>
/// <remarks>
/// a, b → y of the broadcast shape. dL/da = 2(a − b)·dL/dy, dL/db its negative, each summed over its broadcast
/// dimensions.
/// </remarks>
internal sealed class SquaredDifference() : OpDefinition("SquaredDifference", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => [Broadcasting.Infer(c)];
    public override NodeOutput?[] BuildGradient(in GradientContext c)
    {
        NodeOutput twice = c.Op("Mul", c.OutputGradient, c.Scalar(2, c.OutputGradient.Type));
        NodeOutput scaled = c.Op("Mul", twice, c.Op("Sub", c.Inputs[0], c.Inputs[1]));
        return [Broadcasting.Reduce(c, scaled, 0), c.Needed[1] ? Broadcasting.Reduce(c, c.Op("Neg", scaled), 1) : null];
    }
}
