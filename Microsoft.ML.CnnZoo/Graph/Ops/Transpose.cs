namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Transpose</c>: dimensions in another order.</summary>
/// <remarks>
/// (x, perm [rank]) → y; dimension i of y is dimension perm[i] of x. dL/dx = Transpose(dL/dy) by the inverse order.
/// </remarks>
internal sealed class Transpose() : OpDefinition("Transpose", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.AnyT, OpSchema.IndexType("Tperm", 1)];

    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        TensorShape x = c.Inputs[0].Shape;
        long[] order = c.RequireConstant(1, "perm");
        if (order.Length != x.Rank || !order.Order().SequenceEqual(Enumerable.Range(0, x.Rank).Select(i => (long)i)))
            throw c.Error($"perm must hold 0 to {x.Rank - 1} once each, received [{string.Join(',', order)}]");
        return [new(c.Inputs[0].Type, new TensorShape(Array.ConvertAll(order, d => x[(int)d])))];
    }

    public override NodeOutput?[] BuildGradient(in GradientContext c)
    {
        long[] order = c.Node.ConstantInput(1);
        var inverse = new int[order.Length];
        for (int i = 0; i < inverse.Length; i++)
            inverse[order[i]] = i;
        return [c.Op("Transpose", c.OutputGradient, c.Ints(inverse)), null];
    }
}
