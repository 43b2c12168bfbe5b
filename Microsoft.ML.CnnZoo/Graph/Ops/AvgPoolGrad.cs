namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>AvgPoolGrad</c>: spreads each output's gradient evenly over its real pixels.</summary>
/// <remarks>
/// (orig_input_shape [4], dy [N,H',W',C]) → dx [N,H,W,C] of that shape. Linear in dy: dL/d(dy) = AvgPool(dL/d(dx)).
/// </remarks>
internal sealed class AvgPoolGrad() : OpDefinition("AvgPoolGrad", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [WindowAttributes.WindowSize, WindowAttributes.Strides, WindowAttributes.SameOrValid,
            WindowAttributes.DataFormat, OpSchema.FloatingTOf(1)];

    public override BFloat16Rule BFloat16 => BFloat16Rule.Always;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        TensorShape input = c.ToShape(c.RequireConstant(0, "orig_input_shape"));
        c.RequireShape(1, Pooling.Infer(c, input).OutputShape);
        return [new(c.Inputs[1].Type, input)];
    }

    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [null, c.Builder.AddNode("AvgPool", [c.OutputGradient], Pool2DAttributes.From(c.Node).ToAttributes()).Output()];
}
