namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// TensorFlow op <c>_FusedBatchNormEx</c>: batch normalization, the sum with a side tensor and an activation in one
/// step, as TensorFlow's remapper writes it.
/// </summary>
/// <remarks>
/// (x [N,H,W,C], scale, offset, mean, variance, each [C], then <c>num_side_inputs</c> (0 or 1) tensors of x's shape) →
/// the outputs of FusedBatchNormV3, the first of them activation(batch norm + side) with <c>activation_mode</c>
/// Identity or Relu. Made by passes over a finished graph; never differentiated.
/// </remarks>
internal sealed class FusedBatchNormEx() : OpDefinition("_FusedBatchNormEx", 5, 6)
{
    private const int SideInput = 5;

    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [.. FusedBatchNormV3.Schema, .. ActivationSchema];

    public override bool IsDifferentiable => false;

    /// <summary>The attributes that only the fused forms have.</summary>
    public static AttributeSpec[] ActivationSchema =>
    [
        new("num_side_inputs", AttributeKind.Int, AttributeValue.Of(0L)),
        new("activation_mode", AttributeKind.String, AttributeValue.Of("Identity"),
            [AttributeValue.Of("Identity"), AttributeValue.Of("Relu")]),
    ];

    public override BFloat16Rule BFloat16 => BFloat16Rule.Always;
    public override bool ReadsBFloat16(int input) => input is FusedBatchNormV3.Image or SideInput;
    public override bool AllowsStridedInput(NodeDef node, int input) => input == FusedBatchNormV3.Image;
    public override bool AllowsStridedOutput(NodeDef node, int output) => output == 0;
    public override bool AllowsOverwrite(NodeDef node, int input) => input == SideInput
        || (input == FusedBatchNormV3.Image && !WindowAttributes.Of(node, "is_training").Bool);

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        CheckSide(c, SideInput);
        return FusedBatchNormV3.InferNormalized(c);
    }

    /// <summary>Checks that the number of side inputs equals the attribute and that their shape is x's.</summary>
    private static void CheckSide(in ShapeContext c, int before)
    {
        long sides = c.Attribute("num_side_inputs").Int;
        if (c.Inputs.Count - before != sides)
            throw c.Error($"'num_side_inputs' {sides} needs {before + sides} inputs, received {c.Inputs.Count}");
        if (sides > 0)
            c.RequireAlike(0, before);
    }
}
