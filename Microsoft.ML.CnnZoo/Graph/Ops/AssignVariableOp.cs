namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>AssignVariableOp</c>: variable ← value.</summary>
/// <remarks>(handle, value of the variable's shape) → nothing.</remarks>
internal sealed class AssignVariableOp() : OpDefinition("AssignVariableOp", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [new("dtype", AttributeKind.Type, FromInput: 1), OpSchema.Flag("validate_shape")];
    public override bool IsStateful => true;
    public override bool IsDifferentiable => false;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        c.RequireHandle(0);
        c.RequireShape(1, c.Inputs[0].Shape);
        return [];
    }
}
