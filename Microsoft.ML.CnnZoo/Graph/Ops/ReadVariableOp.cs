namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>ReadVariableOp</c>: the value of a variable.</summary>
/// <remarks>handle → y, of the variable's shape. Gradients end here: optimizers read dL/dy.</remarks>
internal sealed class ReadVariableOp() : OpDefinition("ReadVariableOp", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [new("dtype", AttributeKind.Type)];
    public override bool IsDifferentiable => false;
    public override bool IsView(NodeDef node) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => c.Inputs[0].Type == DataType.Resource
        ? [new(c.Attribute("dtype").Type, c.Inputs[0].Shape)]
        : throw c.Error($"expected a variable's handle, received {c.Inputs[0]}");
}
