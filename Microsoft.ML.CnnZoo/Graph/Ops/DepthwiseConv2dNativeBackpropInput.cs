namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// TensorFlow op <c>DepthwiseConv2dNativeBackpropInput</c>: the gradient of <c>DepthwiseConv2dNative</c> with respect
/// to its image.
/// </summary>
/// <remarks>
/// (input_sizes [4], w [kh,kw,C,m], dy [N,H',W',C·m]) → dx [N,H,W,C] of shape input_sizes. Not differentiable here.
/// </remarks>
internal sealed class DepthwiseConv2dNativeBackpropInput() : OpDefinition("DepthwiseConv2dNativeBackpropInput", 3)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        Convolution.Schema(typeInput: 1, withCudnn: false);
    public override bool IsDifferentiable => false;
    public override BFloat16Rule BFloat16 => BFloat16Rule.Always;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        Convolution.RequireOneType(c, 1, 2);
        TensorShape input = c.ToShape(c.RequireConstant(0, "input_sizes"));
        c.RequireShape(2, Convolution.Infer(c, input, c.Inputs[1].Shape, depthwise: true).OutputShape);
        return [new(c.Inputs[1].Type, input)];
    }
}
