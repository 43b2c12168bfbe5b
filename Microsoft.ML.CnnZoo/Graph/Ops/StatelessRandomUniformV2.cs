namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// TensorFlow op <c>StatelessRandomUniformV2</c>: uniform numbers in [0,1), a function of key and counter alone. Salmon
/// et al. 2011 (Philox 4x32-10).
/// </summary>
/// <remarks>
/// (shape, key [1] UInt64, counter [2] UInt64, alg: 1 is Philox) → y of that shape. Block b of four numbers comes from
/// the 128-bit counter (counter[0] low, counter[1] high) + b under the 64-bit key; a 32-bit word w becomes the float
/// with the mantissa of w's low 23 bits, in [1,2), minus 1. Not differentiable.
/// </remarks>
internal sealed class StatelessRandomUniformV2() : OpDefinition("StatelessRandomUniformV2", 4)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [new("dtype", AttributeKind.Type, AttributeValue.Of(DataType.Float), [AttributeValue.Of(DataType.Float)]),
            OpSchema.IndexType("Tshape", 0)];
    public override bool IsDifferentiable => false;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        if (c.Inputs[1] != new TensorSpec(DataType.UInt64, new TensorShape(1))
            || c.Inputs[2] != new TensorSpec(DataType.UInt64, new TensorShape(2)))
            throw c.Error(
                $"expected a key UInt64[1] and a counter UInt64[2], received {c.Inputs[1]} and {c.Inputs[2]}");
        return c.Constant(3) is [1] ? [new(c.Attribute("dtype").Type, c.ToShape(c.RequireConstant(0, "shape")))]
            : throw c.Error("input 3 (alg) must be the constant 1 (Philox)");
    }
}
