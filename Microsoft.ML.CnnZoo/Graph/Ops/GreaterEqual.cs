namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>GreaterEqual</c>: y = a ≥ b elementwise, with NumPy's broadcasting.</summary>
/// <remarks>a, b → y, Boolean, of the broadcast shape. Comparisons with NaN are false. Not differentiable.</remarks>
internal sealed class GreaterEqual() : OpDefinition("GreaterEqual", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.AnyT];
    public override bool IsDifferentiable => false;
    public override TensorSpec[] Infer(in ShapeContext c) => [new(DataType.Bool, Broadcasting.Infer(c).Shape)];
}
