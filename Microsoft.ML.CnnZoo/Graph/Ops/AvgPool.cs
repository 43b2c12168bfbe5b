namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>AvgPool</c>: mean over each <c>ksize</c> window.</summary>
/// <remarks>
/// value [N,H,W,C] → y [N,⌈H/s⌉,⌈W/s⌉,C] (SAME). Padded pixels do not count: the divisor is the number of real pixels.
/// dL/dx = AvgPoolGrad(Shape(x), dL/dy).
/// </remarks>
internal sealed class AvgPool() : OpDefinition("AvgPool", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [WindowAttributes.WindowSize, WindowAttributes.Strides, WindowAttributes.SameOrValid,
            WindowAttributes.DataFormat, OpSchema.FloatingT];

    public override BFloat16Rule BFloat16 => BFloat16Rule.Always;
    public override bool AllowsStridedOutput(NodeDef node, int output) => output == 0;

    public override TensorSpec[] Infer(in ShapeContext c) =>
        [new(c.Inputs[0].Type, Pooling.Infer(c, c.Inputs[0].Shape).OutputShape)];

    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [c.Builder.AddNode("AvgPoolGrad", [c.Op("Shape", c.Inputs[0]), c.OutputGradient],
            Pool2DAttributes.From(c.Node).ToAttributes()).Output()];
}
