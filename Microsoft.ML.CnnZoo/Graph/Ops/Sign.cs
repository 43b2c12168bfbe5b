namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Sign</c>: y = 1 above 0, −1 below, 0 at 0.</summary>
/// <remarks>x → y, same shape. Its gradient is 0: none flows. NaN propagates.</remarks>
internal sealed class Sign() : OpDefinition("Sign", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => OpSchema.SameAsFirst(c);
    public override NodeOutput?[] BuildGradient(in GradientContext c) => [null];
}
