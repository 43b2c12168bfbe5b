namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Identity</c>: y = x; gives a tensor a name of its own.</summary>
/// <remarks>x → y, same shape. dL/dx = dL/dy.</remarks>
internal sealed class Identity() : OpDefinition("Identity", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.AnyT];
    public override bool IsView(NodeDef node) => true;
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;

    public override TensorSpec[] Infer(in ShapeContext c) => OpSchema.SameAsFirst(c);
    public override NodeOutput?[] BuildGradient(in GradientContext c) => [c.OutputGradient];
}
