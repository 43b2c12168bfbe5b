namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>StridedSliceGrad</c>: zeros, with dy at the slice's elements.</summary>
/// <remarks>(shape, begin, end, strides, dy) → dx of that shape. Not differentiable here.</remarks>
internal sealed class StridedSliceGrad() : OpDefinition("StridedSliceGrad", 5)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [new("T", AttributeKind.Type, FromInput: 4), OpSchema.IndexType("Index", 1), .. StridedSliceAttributes.Schema];
    public override bool IsDifferentiable => false;
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        TensorShape x = c.ToShape(c.RequireConstant(0, "shape"));
        StridedSliceRange range = StridedSliceAttributes.From(c).Resolve(x,
            c.RequireConstant(1, "begin"), c.RequireConstant(2, "end"), c.RequireConstant(3, "strides"),
            out string? problem);
        if (problem is not null)
            throw c.Error(problem);
        c.RequireShape(4, range.OutputShape);
        return [new(c.Inputs[4].Type, x)];
    }
}
