namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Relu</c>: y = max(x, 0). Nair, Hinton 2010; AlexNet's activation.</summary>
/// <remarks>x → y, same shape. dL/dx = ReluGrad(dL/dy, y): 0 where y is 0. NaN propagates.</remarks>
internal sealed class Relu() : OpDefinition("Relu", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => OpSchema.SameAsFirst(c);
    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [c.Builder.AddNode("ReluGrad", [c.OutputGradient, c.Output()]).Output()];
}
