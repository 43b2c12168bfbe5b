namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>StridedSlice</c>: NumPy's slicing x[begin:end:stride, …] with masks.</summary>
/// <remarks>
/// (x, begin, end, strides) → y. Masks are bit sets over the slice's items: <see cref="StridedSliceAttributes"/>. dL/dx
/// = StridedSliceGrad(Shape(x), …, dL/dy).
/// </remarks>
internal sealed class StridedSlice() : OpDefinition("StridedSlice", 4)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [OpSchema.AnyT, OpSchema.IndexType("Index", 1), .. StridedSliceAttributes.Schema];

    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        StridedSliceRange range = StridedSliceAttributes.From(c).Resolve(c.Inputs[0].Shape,
            c.RequireConstant(1, "begin"), c.RequireConstant(2, "end"), c.RequireConstant(3, "strides"),
            out string? problem);
        return problem is null ? [new(c.Inputs[0].Type, range.OutputShape)] : throw c.Error(problem);
    }

    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
    [
        c.Builder.AddNode("StridedSliceGrad",
            [c.Op("Shape", c.Inputs[0]), c.Inputs[1], c.Inputs[2], c.Inputs[3], c.OutputGradient],
            StridedSliceAttributes.From(c.Node).ToAttributes()).Output(),
        null, null, null,
    ];
}
