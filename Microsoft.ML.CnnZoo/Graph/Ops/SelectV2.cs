namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// TensorFlow op <c>SelectV2</c>: y = a where the condition holds, else b, with NumPy's broadcasting.
/// </summary>
/// <remarks>
/// (condition, a, b) → y of the broadcast shape. The gradient goes to the selected input; the condition has none.
/// </remarks>
internal sealed class SelectV2() : OpDefinition("SelectV2", 3)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [new("T", AttributeKind.Type, FromInput: 1)];

    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        (TensorSpec condition, TensorSpec a, TensorSpec b) = (c.Inputs[0], c.Inputs[1], c.Inputs[2]);
        if (condition.Type != DataType.Bool || a.Type != b.Type)
            throw c.Error($"expected a Boolean and two tensors of one type, received {condition}, {a} and {b}");
        TensorShape? shape = Broadcasting.TryBroadcast(a.Shape, b.Shape) is TensorShape values
            ? Broadcasting.TryBroadcast(condition.Shape, values) : null;
        return [new(a.Type,
            shape ?? throw c.Error($"shapes {condition.Shape}, {a.Shape} and {b.Shape} do not broadcast"))];
    }

    public override NodeOutput?[] BuildGradient(in GradientContext c)
    {
        NodeOutput zero = c.Scalar(0, c.OutputGradient.Type);
        return
        [
            null,
            c.Needed[1] ? Broadcasting.Reduce(c, c.Op("SelectV2", c.Inputs[0], c.OutputGradient, zero), 1) : null,
            c.Needed[2] ? Broadcasting.Reduce(c, c.Op("SelectV2", c.Inputs[0], zero, c.OutputGradient), 2) : null,
        ];
    }
}
