namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// TensorFlow op <c>DepthwiseConv2dNative</c>: every channel is convolved with m filters of its own. The spatial
/// convolution of Xception and MobileNet.
/// </summary>
/// <remarks>
/// x [N,H,W,C], w [kh,kw,C,m] → y [N,H',W',C·m]; output channel c·m+j is channel c convolved with w[:,:,c,j].
/// dL/dx = DepthwiseConv2dNativeBackpropInput, dL/dw = DepthwiseConv2dNativeBackpropFilter.
/// </remarks>
internal sealed class DepthwiseConv2dNative() : OpDefinition("DepthwiseConv2dNative", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        Convolution.Schema(typeInput: 0, withCudnn: false);

    public override BFloat16Rule BFloat16 => BFloat16Rule.Always;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        Convolution.RequireOneType(c, 0, 1);
        return [new(c.Inputs[0].Type,
            Convolution.Infer(c, c.Inputs[0].Shape, c.Inputs[1].Shape, depthwise: true).OutputShape)];
    }

    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        Convolution.BuildGradient(c, "DepthwiseConv2dNativeBackpropInput", "DepthwiseConv2dNativeBackpropFilter");
}
