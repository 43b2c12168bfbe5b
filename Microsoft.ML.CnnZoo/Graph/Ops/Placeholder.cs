namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Placeholder</c>: a tensor fed at run time.</summary>
/// <remarks>
/// → y, of attributes <c>dtype</c> and <c>shape</c>; -1 is a dimension that is fixed when a plan is compiled.
/// </remarks>
internal sealed class Placeholder() : OpDefinition("Placeholder", 0)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [new("dtype", AttributeKind.Type), new("shape", AttributeKind.Shape)];
    public override bool IsDifferentiable => false;
    public override bool IsSource => true;

    public override TensorSpec[] Infer(in ShapeContext c) =>
        [new(c.Attribute("dtype").Type, c.Attribute("shape").Shape)];
}
