namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>ArgMax</c>: the index of the greatest element along one axis.</summary>
/// <remarks>
/// (x, axis) → y without that dimension, Int64 unless <c>output_type</c> is Int32. On a tie, the first. Not
/// differentiable.
/// </remarks>
internal sealed class ArgMax() : OpDefinition("ArgMax", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
    [
        OpSchema.AnyT, OpSchema.IndexType("Tidx", 1),
        new("output_type", AttributeKind.Type, AttributeValue.Of(DataType.Int64),
            [AttributeValue.Of(DataType.Int32), AttributeValue.Of(DataType.Int64)]),
    ];
    public override bool IsDifferentiable => false;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        TensorShape x = c.Inputs[0].Shape;
        if (c.Constant(1) is not [long given])
            throw c.Error($"input 1 (dimension) must be a constant scalar, received {c.Inputs[1]}");
        int axis = c.Axis(given, x.Rank);
        return [new(c.Attribute("output_type").Type,
            new TensorShape([.. x.Dimensions[..axis], .. x.Dimensions[(axis + 1)..]]))];
    }
}
