namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Reshape</c>: the same elements in another shape.</summary>
/// <remarks>(x, shape) → y; at most one -1 in the shape, inferred from the rest. dL/dx = dL/dy in x's shape.</remarks>
internal sealed class Reshape() : OpDefinition("Reshape", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.AnyT, OpSchema.IndexType("Tshape", 1)];

    public override bool IsView(NodeDef node) => true;
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        TensorShape x = c.Inputs[0].Shape, target = c.ToShape(c.RequireConstant(1, "shape"));
        (long known, int unknowns) = Known(target);
        if (x.IsFullyDefined && unknowns == 1 && known > 0 && x.ElementCount % known == 0)
            target = target.With(target.Dimensions.IndexOf(TensorShape.Unknown),
                checked((int)(x.ElementCount / known)));
        else if (unknowns > 1 || (x.IsFullyDefined && (unknowns == 1 || x.ElementCount != known)))
            throw c.Error($"{x} cannot be viewed as {target}");
        return [new(c.Inputs[0].Type, target)];
    }

    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [c.Op("Reshape", c.OutputGradient, c.Op("Shape", c.Inputs[0])), null];

    private static (long Product, int Unknowns) Known(TensorShape shape)
    {
        (long product, int unknowns) = (1, 0);
        foreach (int d in shape.Dimensions)
            if (d == TensorShape.Unknown)
                unknowns++;
            else
                product *= d;
        return (product, unknowns);
    }
}
