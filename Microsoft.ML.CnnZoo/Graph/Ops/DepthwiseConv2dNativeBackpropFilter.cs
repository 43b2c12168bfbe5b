namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// TensorFlow op <c>DepthwiseConv2dNativeBackpropFilter</c>: the gradient of <c>DepthwiseConv2dNative</c> with respect
/// to its filter.
/// </summary>
/// <remarks>
/// (x [N,H,W,C], filter_sizes [4], dy [N,H',W',C·m]) → dw [kh,kw,C,m] of shape filter_sizes. Not differentiable here.
/// In bfloat16 plans <see cref="OpSchema.OutputType"/> keeps the sum in float32.
/// </remarks>
internal sealed class DepthwiseConv2dNativeBackpropFilter() : OpDefinition("DepthwiseConv2dNativeBackpropFilter", 3)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        Convolution.Schema(typeInput: 0, withCudnn: false);
    public override bool IsDifferentiable => false;
    public override BFloat16Rule BFloat16 => BFloat16Rule.Always;
    public override bool CanReturnFloat32 => true;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        Convolution.RequireOneType(c, 0, 2);
        TensorShape filter = c.ToShape(c.RequireConstant(1, "filter_sizes"));
        c.RequireShape(2, Convolution.Infer(c, c.Inputs[0].Shape, filter, depthwise: true).OutputShape);
        return [new(c.OutputTypeOr(c.Inputs[0].Type), filter)];
    }
}
