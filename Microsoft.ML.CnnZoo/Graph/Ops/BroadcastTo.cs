namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>BroadcastTo</c>: a tensor repeated to a larger shape by NumPy's rules.</summary>
/// <remarks>(x, shape) → y of that shape. dL/dx = dL/dy summed over the repeated dimensions.</remarks>
internal sealed class BroadcastTo() : OpDefinition("BroadcastTo", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.AnyT, OpSchema.IndexType("Tidx", 1)];

    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        TensorShape target = c.ToShape(c.RequireConstant(1, "shape"));
        return Broadcasting.TryBroadcast(c.Inputs[0].Shape, target) is TensorShape full && full.IsCompatibleWith(target)
            ? [new(c.Inputs[0].Type, target)]
            : throw c.Error($"{c.Inputs[0].Shape} does not broadcast to {target}");
    }

    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [Broadcasting.Reduce(c, c.OutputGradient, 0), null];
}
