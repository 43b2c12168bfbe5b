namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Squeeze</c>: removes dimensions of 1.</summary>
/// <remarks>
/// x → y; <c>squeeze_dims</c> lists the dimensions; an empty list means all that are 1. dL/dx = dL/dy in x's shape.
/// </remarks>
internal sealed class Squeeze() : OpDefinition("Squeeze", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [OpSchema.AnyT, new("squeeze_dims", AttributeKind.IntList, AttributeValue.OfInts(Array.Empty<int>()))];

    public override bool IsView(NodeDef node) => true;
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        TensorShape x = c.Inputs[0].Shape;
        var drop = new bool[x.Rank];
        foreach (long given in c.Attribute("squeeze_dims").Ints)
        {
            int axis = c.Axis(given, x.Rank);
            drop[axis] = x[axis] == 1 ? true : throw c.Error($"dimension {axis} of {x} is not 1");
        }
        if (c.Attribute("squeeze_dims").Ints.Length == 0)
            for (int i = 0; i < drop.Length; i++)
                drop[i] = x[i] == 1;
        return [new(c.Inputs[0].Type,
            new TensorShape([.. Enumerable.Range(0, x.Rank).Where(i => !drop[i]).Select(i => x[i])]))];
    }

    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [c.Op("Reshape", c.OutputGradient, c.Op("Shape", c.Inputs[0]))];
}
