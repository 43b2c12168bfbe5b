namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>MaxPool</c>: maximum over each <c>ksize</c> window.</summary>
/// <remarks>
/// x [N,H,W,C] → y [N,⌈H/s⌉,⌈W/s⌉,C] (SAME). Padded pixels are ignored. dL/dx = MaxPoolGrad(x, y, dL/dy); on a tie the
/// first maximum, row-major, gets the gradient.
/// </remarks>
internal sealed class MaxPool() : OpDefinition("MaxPool", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [OpSchema.FloatingT, WindowAttributes.WindowSize, WindowAttributes.Strides, WindowAttributes.AnyPadding,
            WindowAttributes.ExplicitPaddings, WindowAttributes.DataFormat];

    public override BFloat16Rule BFloat16 => BFloat16Rule.Always;
    public override bool AllowsStridedOutput(NodeDef node, int output) => output == 0;

    public override TensorSpec[] Infer(in ShapeContext c) =>
        [new(c.Inputs[0].Type, Pooling.Infer(c, c.Inputs[0].Shape).OutputShape)];

    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [c.Builder.AddNode("MaxPoolGrad", [c.Inputs[0], c.Output(), c.OutputGradient],
            Pool2DAttributes.From(c.Node).ToAttributes()).Output()];
}
