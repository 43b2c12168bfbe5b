namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>ExpandDims</c>: inserts a dimension of 1.</summary>
/// <remarks>(x, axis) → y; axis is an index in y, negative from the back. dL/dx = dL/dy in x's shape.</remarks>
internal sealed class ExpandDims() : OpDefinition("ExpandDims", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.AnyT, OpSchema.IndexType("Tdim", 1)];

    public override bool IsView(NodeDef node) => true;
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        ReadOnlySpan<int> x = c.Inputs[0].Shape.Dimensions;
        if (c.Constant(1) is not [long given])
            throw c.Error($"input 1 (dim) must be a constant scalar, received {c.Inputs[1]}");
        int axis = c.Axis(given, x.Length + 1);
        return [new(c.Inputs[0].Type, new TensorShape([.. x[..axis], 1, .. x[axis..]]))];
    }

    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [c.Op("Reshape", c.OutputGradient, c.Op("Shape", c.Inputs[0])), null];
}
