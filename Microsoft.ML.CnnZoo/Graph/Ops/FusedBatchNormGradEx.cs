namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>_FusedBatchNormGradEx</c>: the gradient of <c>_FusedBatchNormEx</c>.</summary>
/// <remarks>
/// (dy, x [N,H,W,C], scale, mean, biased variance, each [C], a scalar that is ignored, offset [C], y) → (dx, dscale, doffset, two scalars of no meaning and, with
/// <c>num_side_inputs</c> 1, the side tensor's gradient). With <c>activation_mode</c> Relu dy counts only where y > 0; the side's gradient is dy so masked; the rest as in
/// FusedBatchNormGradV3.
/// </remarks>
internal sealed class FusedBatchNormGradEx() : OpDefinition("_FusedBatchNormGradEx", 8)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [.. FusedBatchNormGradV3.Schema, .. FusedBatchNormEx.ActivationSchema];

    public override bool IsDifferentiable => false;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        c.RequireAlike(0, 7);
        c.RequireShape(6, new TensorShape(c.Inputs[1].Shape[^1]));
        TensorSpec[] outputs = FusedBatchNormGradV3.InferGradients(c);
        return c.Attribute("num_side_inputs").Int > 0 ? [.. outputs, outputs[0]] : outputs;
    }
}
