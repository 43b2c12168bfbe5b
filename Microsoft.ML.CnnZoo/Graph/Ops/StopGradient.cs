namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>StopGradient</c>: y = x, without a gradient.</summary>
/// <remarks>x → y, same shape. dL/dx = 0: no nodes are added.</remarks>
internal sealed class StopGradient() : OpDefinition("StopGradient", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.AnyT];
    public override bool IsView(NodeDef node) => true;
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;

    public override TensorSpec[] Infer(in ShapeContext c) => OpSchema.SameAsFirst(c);
    public override NodeOutput?[] BuildGradient(in GradientContext c) => [null];
}
