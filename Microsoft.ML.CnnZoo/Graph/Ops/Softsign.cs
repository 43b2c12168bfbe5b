namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Softsign</c>: y = x/(1 + |x|). Turian, Bergstra, Bengio 2009.</summary>
/// <remarks>x → y, same shape; NaN at ±∞. dL/dx = SoftsignGrad(dL/dy, x). NaN propagates.</remarks>
internal sealed class Softsign() : OpDefinition("Softsign", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => OpSchema.SameAsFirst(c);
    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [c.Op("SoftsignGrad", c.OutputGradient, c.Inputs[0])];
}
