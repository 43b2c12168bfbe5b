namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Tile</c>: a tensor repeated <c>multiples[i]</c> times along dimension i.</summary>
/// <remarks>(x, multiples [rank]) → y. dL/dx = dL/dy as [m₀,d₀,m₁,d₁,…], summed over the m.</remarks>
internal sealed class Tile() : OpDefinition("Tile", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [OpSchema.AnyT, OpSchema.IndexType("Tmultiples", 1)];

    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        TensorShape x = c.Inputs[0].Shape;
        long[] multiples = c.RequireConstant(1, "multiples");
        if (multiples.Length != x.Rank || multiples.Any(m => m < 1))
            throw c.Error($"multiples must be {x.Rank} positive numbers, received [{string.Join(',', multiples)}]");
        return [new(c.Inputs[0].Type,
            c.ToShape([.. multiples.Select((m, i) => x[i] == TensorShape.Unknown ? -1 : m * x[i])]))];
    }

    public override NodeOutput?[] BuildGradient(in GradientContext c)
    {
        long[] multiples = c.Node.ConstantInput(1);
        int[] axes = [.. Enumerable.Range(0, multiples.Length).Select(i => 2 * i)];
        TensorShape x = c.Inputs[0].Shape;
        int[] split = [.. multiples.SelectMany((m, i) => new[] { (int)m, x[i] })];
        return [c.Sum(c.Reshape(c.OutputGradient, new TensorShape(split)), axes, keepDimensions: false), null];
    }
}
