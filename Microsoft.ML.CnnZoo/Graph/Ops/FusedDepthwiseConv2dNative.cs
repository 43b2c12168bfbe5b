namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// TensorFlow op <c>_FusedDepthwiseConv2dNative</c>: depthwise convolution, bias and activation in one step, as
/// TensorFlow's remapper writes it.
/// </summary>
/// <remarks>
/// (x [N,H,W,C], w [kh,kw,C,m], bias [C·m]) → y [N,H',W',C·m]. <c>fused_ops</c>: see <see cref="FusedOps"/>. Made by
/// passes over a finished graph; never differentiated.
/// </remarks>
internal sealed class FusedDepthwiseConv2dNative() : OpDefinition("_FusedDepthwiseConv2dNative", 3)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [.. Convolution.Schema(typeInput: 0, withCudnn: false), .. FusedOps.Schema];
    public override bool IsDifferentiable => false;
    public override BFloat16Rule BFloat16 => BFloat16Rule.Always;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        Convolution.RequireOneType(c, 0, 1);
        var output = new TensorSpec(c.Inputs[0].Type,
            Convolution.Infer(c, c.Inputs[0].Shape, c.Inputs[1].Shape, depthwise: true).OutputShape);
        FusedOps.Check(c, output);
        return [output];
    }
}
