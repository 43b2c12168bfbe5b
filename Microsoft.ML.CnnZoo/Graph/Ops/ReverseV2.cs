namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// TensorFlow op <c>ReverseV2</c>: the elements along some axes in reverse order; of the channels, RGB becomes BGR.
/// </summary>
/// <remarks>
/// (x, axes) → y, same shape; negative axes count from the back. dL/dx = ReverseV2(dL/dy) along the same axes.
/// </remarks>
internal sealed class ReverseV2() : OpDefinition("ReverseV2", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.AnyT, OpSchema.IndexType("Tidx", 1)];

    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        int rank = c.Inputs[0].Shape.Rank;
        var seen = new HashSet<int>();
        foreach (long axis in c.RequireConstant(1, "axis"))
            if (!seen.Add(c.Axis(axis, rank)))
                throw c.Error($"axis {axis} is given twice");
        return OpSchema.SameAsFirst(c);
    }

    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [c.Op("ReverseV2", c.OutputGradient, c.Inputs[1]), null];
}
