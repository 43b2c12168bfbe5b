namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>BiasAddGrad</c>: the sum over all dimensions but the last.</summary>
/// <remarks>
/// dy [..,C] → db [C]. Not differentiable here. In bfloat16 plans <see cref="OpSchema.OutputType"/> keeps the sum in
/// float32.
/// </remarks>
internal sealed class BiasAddGrad() : OpDefinition("BiasAddGrad", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [OpSchema.FloatingT, WindowAttributes.DataFormat];
    public override bool IsDifferentiable => false;
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool CanReturnFloat32 => true;

    public override TensorSpec[] Infer(in ShapeContext c) => c.Inputs[0].Shape.Rank >= 2
        ? [new(c.OutputTypeOr(c.Inputs[0].Type), new TensorShape(c.Inputs[0].Shape[^1]))]
        : throw c.Error($"expected a tensor of rank 2 or more, received {c.Inputs[0]}");
}
