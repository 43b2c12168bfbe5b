namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Conv2D</c>: cross-correlation of images with filters.</summary>
/// <remarks>
/// x [N,H,W,C], w [kh,kw,C/groups,F] → y [N,H',W',F]; y[n,i,j,f] = Σ x[n, i·s−pad+a·d, j·s−pad+b·d, c]·w[a,b,c,f],
/// zeros outside.
/// Groups follow from the filter's depth: group g reads channels [g·C/groups,…) and writes [g·F/groups,…).
/// dL/dx = Conv2DBackpropInput(Shape(x), w, dL/dy), dL/dw = Conv2DBackpropFilter(x, shape of w, dL/dy).
/// </remarks>
internal sealed class Conv2D() : OpDefinition("Conv2D", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        Convolution.Schema(typeInput: 0, withCudnn: true);

    public override BFloat16Rule BFloat16 => BFloat16Rule.Always;
    public override bool AllowsStridedOutput(NodeDef node, int output) => output == 0;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        Convolution.RequireOneType(c, 0, 1);
        return [new(c.Inputs[0].Type,
            Convolution.Infer(c, c.Inputs[0].Shape, c.Inputs[1].Shape, depthwise: false).OutputShape)];
    }

    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        Convolution.BuildGradient(c, "Conv2DBackpropInput", "Conv2DBackpropFilter");
}
