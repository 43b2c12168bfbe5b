namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// TensorFlow op <c>Shape</c>: the dimensions of a tensor, as integers; known when a plan is compiled.
/// </summary>
/// <remarks>x of rank r → [r]. Not differentiable: integers.</remarks>
internal sealed class Shape() : OpDefinition("Shape", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [OpSchema.AnyT, new("out_type", AttributeKind.Type, AttributeValue.Of(DataType.Int32))];
    public override bool IsDifferentiable => false;
    public override TensorSpec[] Infer(in ShapeContext c) =>
        [new(c.Attribute("out_type").Type, new TensorShape(c.Inputs[0].Shape.Rank))];
}
