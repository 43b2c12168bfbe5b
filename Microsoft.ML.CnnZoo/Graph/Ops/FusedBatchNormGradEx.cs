namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>_FusedBatchNormGradEx</c>: the gradient of <c>_FusedBatchNormEx</c>.</summary>
/// <remarks>
/// (dy, x [N,H,W,C], scale, mean, biased variance, each [C], a scalar that is ignored, offset [C], y) → (dx, dscale,
/// doffset, two unused scalars and, with <c>num_side_inputs</c> 1, the side tensor's gradient). With
/// <c>activation_mode</c> Relu, dy is masked to y > 0; the side tensor's gradient is the masked dy; the rest as in
/// FusedBatchNormGradV3.
/// </remarks>
internal sealed class FusedBatchNormGradEx() : OpDefinition("_FusedBatchNormGradEx", 8)
{
    private const int Result = 7, SideGradient = 5;

    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [.. FusedBatchNormGradV3.Schema, .. FusedBatchNormEx.ActivationSchema];

    public override bool IsDifferentiable => false;
    public override BFloat16Rule BFloat16 => BFloat16Rule.Always;
    public override bool ReadsBFloat16(int input) =>
        input is FusedBatchNormGradV3.OutputGradient or FusedBatchNormGradV3.Image or Result;
    public override bool WritesBFloat16(int output) => output is 0 or SideGradient;

    // Not dy, as in FusedBatchNormGradV3. Without a side tensor the ReLU's mask follows from x, and y is not read.
    public override bool AllowsStridedInput(NodeDef node, int input) =>
        input == FusedBatchNormGradV3.Image || (input == Result && node.Outputs.Count <= SideGradient);

    public override bool AllowsOverwrite(NodeDef node, int input) => input == FusedBatchNormGradV3.OutputGradient;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        c.RequireAlike(0, Result);
        c.RequireShape(6, new TensorShape(c.Inputs[1].Shape[^1]));
        TensorSpec[] outputs = FusedBatchNormGradV3.InferGradients(c);
        return c.Attribute("num_side_inputs").Int > 0 ? [.. outputs, outputs[0]] : outputs;
    }
}
