namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>VarHandleOp</c>: a handle to the variable named by <c>shared_name</c>.</summary>
/// <remarks>
/// → a resource; its shape here is the variable's, which ops that read or update it are checked against.
/// </remarks>
internal sealed class VarHandleOp() : OpDefinition("VarHandleOp", 0)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
    [
        new("container", AttributeKind.String, AttributeValue.Of("")), new("shared_name", AttributeKind.String),
        new("dtype", AttributeKind.Type), new("shape", AttributeKind.Shape),
    ];
    public override bool IsDifferentiable => false;
    public override bool IsSource => true;

    public override TensorSpec[] Infer(in ShapeContext c) => [new(DataType.Resource, c.Attribute("shape").Shape)];
}
