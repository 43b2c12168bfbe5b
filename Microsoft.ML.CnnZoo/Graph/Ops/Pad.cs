namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Pad</c>: pads a tensor with zeros.</summary>
/// <remarks>
/// (x, paddings [rank,2]) → y; dimension i grows by paddings[i,0] before and paddings[i,1] after. dL/dx = Slice(dL/dy).
/// </remarks>
internal sealed class Pad() : OpDefinition("Pad", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [OpSchema.AnyT, OpSchema.IndexType("Tpaddings", 1)];
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;

    public override TensorSpec[] Infer(in ShapeContext c) => [new(c.Inputs[0].Type, PaddedShape(c))];
    public override NodeOutput?[] BuildGradient(in GradientContext c) => [Unpad(c), null];

    /// <summary>The shape of input 0 padded by input 1.</summary>
    internal static TensorShape PaddedShape(in ShapeContext c)
    {
        TensorShape x = c.Inputs[0].Shape;
        long[] paddings = c.RequireConstant(1, "paddings");
        if (c.Inputs[1].Shape.Rank != 2 || paddings.Length != 2 * x.Rank
            || paddings.Any(p => p is < 0 or > int.MaxValue))
            throw c.Error($"paddings must be [{x.Rank},2] and not negative, received [{string.Join(',', paddings)}] " +
                $"of shape {c.Inputs[1].Shape}");
        var dims = new long[x.Rank];
        for (int i = 0; i < dims.Length; i++)
            dims[i] = x[i] == TensorShape.Unknown ? TensorShape.Unknown
                : x[i] + paddings[2 * i] + paddings[(2 * i) + 1];
        return c.ToShape(dims);
    }

    /// <summary>The gradient of input 0: the part of dL/dy that is not padding.</summary>
    internal static NodeOutput Unpad(in GradientContext c)
    {
        TensorShape x = c.Inputs[0].Shape;
        long[] paddings = c.Node.ConstantInput(1);
        for (int i = 0; i < x.Rank; i++)
            if (x[i] == TensorShape.Unknown && paddings[(2 * i) + 1] != 0)
                throw new GraphException($"{c.Node}: the gradient needs dimension {i} of {x} to be known, because it " +
                    "is padded after its end.");
        int[] begin = [.. Enumerable.Range(0, x.Rank).Select(i => (int)paddings[2 * i])];
        return c.Op("Slice", c.OutputGradient, c.Ints(begin), c.Ints(x.Dimensions));
    }
}
