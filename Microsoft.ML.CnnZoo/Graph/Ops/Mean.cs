namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// TensorFlow op <c>Mean</c>: the mean over some axes; over height and width it is global average pooling.
/// </summary>
/// <remarks>
/// (x, axes) → y without those dimensions, or with 1 in their place (<c>keep_dims</c>). dL/dx = dL/dy divided by the
/// count, repeated.
/// </remarks>
internal sealed class Mean() : OpDefinition("Mean", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = Reduction.Schema;
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool CanReturnFloat32 => true;

    public override TensorSpec[] Infer(in ShapeContext c) => [Reduction.Infer(c)];
    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [Reduction.Spread(c, Reduction.DivideByCount(c, c.OutputGradient)), null];
}
