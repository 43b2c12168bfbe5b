namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Abs</c>: y = |x|.</summary>
/// <remarks>x → y, same shape. dL/dx = dL/dy·Sign(x): 0 at 0. NaN propagates.</remarks>
internal sealed class Abs() : OpDefinition("Abs", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => OpSchema.SameAsFirst(c);
    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [c.Op("Mul", c.OutputGradient, c.Op("Sign", c.Inputs[0]))];
}
