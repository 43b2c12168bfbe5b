namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>PadV2</c>: pads a tensor with a constant.</summary>
/// <remarks>
/// (x, paddings [rank,2], constant_values, a scalar) → y; dimension i grows by paddings[i,0] before and paddings[i,1]
/// after. dL/dx = Slice(dL/dy); the constant has none.
/// </remarks>
internal sealed class PadV2() : OpDefinition("PadV2", 3)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [OpSchema.AnyT, OpSchema.IndexType("Tpaddings", 1)];

    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;

    public override TensorSpec[] Infer(in ShapeContext c) =>
        c.Inputs[2] == new TensorSpec(c.Inputs[0].Type, TensorShape.Scalar)
        ? [new(c.Inputs[0].Type, Pad.PaddedShape(c))]
        : throw c.Error($"constant_values must be a {c.Inputs[0].Type} scalar, received {c.Inputs[2]}");

    public override NodeOutput?[] BuildGradient(in GradientContext c) => [Pad.Unpad(c), null, null];
}
