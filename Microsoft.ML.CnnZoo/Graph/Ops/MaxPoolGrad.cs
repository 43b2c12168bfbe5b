namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>MaxPoolGrad</c>: adds each output's gradient to the pixel that was its maximum.</summary>
/// <remarks>
/// (x [N,H,W,C], y [N,H',W',C], dy [N,H',W',C]) → dx [N,H,W,C]. On a tie the first maximum, row-major, gets the
/// gradient; overlapping windows add up. Not differentiable here.
/// </remarks>
internal sealed class MaxPoolGrad() : OpDefinition("MaxPoolGrad", 3)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [WindowAttributes.WindowSize, WindowAttributes.Strides, WindowAttributes.AnyPadding,
            WindowAttributes.ExplicitPaddings, WindowAttributes.DataFormat, OpSchema.FloatingT];
    public override bool IsDifferentiable => false;
    public override BFloat16Rule BFloat16 => BFloat16Rule.Always;
    public override bool AllowsStridedInput(NodeDef node, int input) => input == 1;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        TensorShape output = Pooling.Infer(c, c.Inputs[0].Shape).OutputShape;
        c.RequireShape(1, output);
        c.RequireShape(2, output);
        return OpSchema.SameAsFirst(c);
    }
}
