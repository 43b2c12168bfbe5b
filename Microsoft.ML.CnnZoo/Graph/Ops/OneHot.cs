namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// TensorFlow op <c>OneHot</c>: on_value where the position along a new axis is the index, off_value elsewhere.
/// </summary>
/// <remarks>
/// (indices, depth, on_value, off_value) → y with a dimension of depth at <c>axis</c> (-1: last). An index outside [0,
/// depth) gives off_value everywhere. Not differentiable here.
/// </remarks>
internal sealed class OneHot() : OpDefinition("OneHot", 4)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [new("axis", AttributeKind.Int, AttributeValue.Of(-1L)), new("T", AttributeKind.Type, FromInput: 2),
            new("TI", AttributeKind.Type, FromInput: 0)];
    public override bool IsDifferentiable => false;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        TensorSpec indices = c.Inputs[0];
        if (indices.Type is not (DataType.Int32 or DataType.Int64 or DataType.UInt8))
            throw c.Error($"indices must be Int32, Int64 or UInt8, received {indices}");
        if (c.Constant(1) is not [>= 0 and <= int.MaxValue and long depth])
            throw c.Error($"input 1 (depth) must be a constant scalar that is not negative, received {c.Inputs[1]}");
        c.RequireAlike(2, 3);
        c.RequireShape(2, TensorShape.Scalar);
        int axis = c.Axis(c.Attribute("axis").Int, indices.Shape.Rank + 1);
        ReadOnlySpan<int> dims = indices.Shape.Dimensions;
        return [new(c.Inputs[2].Type, new TensorShape([.. dims[..axis], (int)depth, .. dims[axis..]]))];
    }
}
