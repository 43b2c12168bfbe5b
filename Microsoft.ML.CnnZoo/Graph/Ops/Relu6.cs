namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Relu6</c>: y = min(max(x, 0), 6). Krizhevsky 2010; MobileNet's activation.</summary>
/// <remarks>x → y, same shape. dL/dx = Relu6Grad(dL/dy, y): 0 where y is 0 or 6.</remarks>
internal sealed class Relu6() : OpDefinition("Relu6", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => OpSchema.SameAsFirst(c);
    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [c.Op("Relu6Grad", c.OutputGradient, c.Output())];
}
