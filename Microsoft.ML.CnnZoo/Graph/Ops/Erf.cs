namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// TensorFlow op <c>Erf</c>: the error function, y = 2/√π·∫₀ˣ e^(−t²) dt. With it, GELU is x·½·(1 + erf(x/√2)).
/// </summary>
/// <remarks>x → y, same shape. dL/dx = 2/√π·e^(−x²)·dL/dy. NaN propagates.</remarks>
internal sealed class Erf() : OpDefinition("Erf", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => OpSchema.SameAsFirst(c);
    public override NodeOutput?[] BuildGradient(in GradientContext c)
    {
        NodeOutput slope = c.Op("Exp", c.Op("Neg", c.Op("Square", c.Inputs[0])));
        return [c.Op("Mul", c.Op("Mul", c.OutputGradient, c.Scalar(2 / Math.Sqrt(Math.PI), slope.Type)), slope)];
    }
}
