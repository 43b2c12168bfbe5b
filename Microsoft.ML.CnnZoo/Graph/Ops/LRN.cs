namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// TensorFlow op <c>LRN</c>: local response normalization across channels. Krizhevsky, Sutskever, Hinton 2012, §3.3.
/// </summary>
/// <remarks>
/// x [N,H,W,C] → y = x·(bias + alpha·Σ x²)^−beta, the sum over the channels within <c>depth_radius</c> (a window of
/// 2·depth_radius+1, clipped at the ends).
/// The sum is not divided by the window, as in the paper and unlike PyTorch and Caffe. dL/dx = LRNGrad(dL/dy, x, y).
/// </remarks>
internal sealed class LRN() : OpDefinition("LRN", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = Schema;

    /// <summary>The attributes that LRN and LRNGrad share.</summary>
    internal static AttributeSpec[] Schema =>
    [
        new("depth_radius", AttributeKind.Int, AttributeValue.Of(5L)),
        new("bias", AttributeKind.Float, AttributeValue.Of(1f)),
        new("alpha", AttributeKind.Float, AttributeValue.Of(1f)),
        new("beta", AttributeKind.Float, AttributeValue.Of(0.5f)), OpSchema.FloatingT,
    ];

    public override BFloat16Rule BFloat16 => BFloat16Rule.Always;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        if (c.Inputs[0].Shape.Rank != 4)
            throw c.Error($"expected an image [N,H,W,C], received {c.Inputs[0]}");
        return c.Attribute("depth_radius").Int is >= 0 and <= int.MaxValue ? OpSchema.SameAsFirst(c)
            : throw c.Error($"'depth_radius' must not be negative, received {c.Attribute("depth_radius")}");
    }

    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [c.Builder.AddNode("LRNGrad", [c.OutputGradient, c.Inputs[0], c.Output()],
            c.Node.Attributes.Where(a => a.Key[0] != '_')).Output()];
}
