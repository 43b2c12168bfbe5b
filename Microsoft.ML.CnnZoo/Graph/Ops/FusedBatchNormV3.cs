namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// TensorFlow op <c>FusedBatchNormV3</c>: batch normalization per channel. Ioffe, Szegedy 2015, arXiv:1502.03167,
/// algorithm 1.
/// </summary>
/// <remarks>
/// (x [N,H,W,C], scale, offset, mean, variance, each [C]) → y = scale·(x − μ)/√(σ² + epsilon) + offset.
/// Training (<c>is_training</c>): μ, σ² are the batch's mean and biased variance. Outputs 1, 2 are the batch's mean and
/// unbiased variance if <c>exponential_avg_factor</c> f is 1; with f &lt; 1 the updated running statistics old·(1−f) +
/// batch·f, where old are inputs 3 and 4. Outputs 3, 4: batch mean and biased variance, for the gradient.
/// Inference: μ, σ² are inputs 3 and 4, and outputs 1–4 repeat them. Output 5 is an unused scalar.
/// Gradients of x, scale and offset by FusedBatchNormGradV3; mean and variance have none.
/// </remarks>
internal sealed class FusedBatchNormV3() : OpDefinition("FusedBatchNormV3", 5)
{
    /// <summary>Index of the input x, here and in the fused form.</summary>
    internal const int Image = 0;

    /// <summary>The attributes of the op and of its fused form.</summary>
    internal static AttributeSpec[] Schema =>
    [
        OpSchema.FloatingT, new("U", AttributeKind.Type, null,
            [AttributeValue.Of(DataType.Float), AttributeValue.Of(DataType.Double)], 1),
        new("epsilon", AttributeKind.Float, AttributeValue.Of(0.0001f)),
        new("exponential_avg_factor", AttributeKind.Float, AttributeValue.Of(1f)),
        WindowAttributes.DataFormat, OpSchema.Flag("is_training", true),
    ];

    public override IReadOnlyList<AttributeSpec> Attributes { get; } = Schema;

    public override BFloat16Rule BFloat16 => BFloat16Rule.Always;
    public override bool ReadsBFloat16(int input) => input == Image;
    public override bool AllowsStridedInput(NodeDef node, int input) => input == Image;
    public override bool AllowsStridedOutput(NodeDef node, int output) => output == 0;

    // In training the gradient reads x again.
    public override bool AllowsOverwrite(NodeDef node, int input) =>
        input == Image && !WindowAttributes.Of(node, "is_training").Bool;

    public override TensorSpec[] Infer(in ShapeContext c) => InferNormalized(c);

    /// <summary>The outputs of the op and of its fused form.</summary>
    internal static TensorSpec[] InferNormalized(in ShapeContext c)
    {
        TensorSpec x = c.Inputs[0];
        if (x.Shape.Rank != 4)
            throw c.Error($"expected an image [N,H,W,C], received {x}");
        var perChannel = new TensorSpec(c.Attribute("U").Type, new TensorShape(x.Shape[3]));
        for (int i = 1; i < 5; i++)
            if (c.Inputs[i] != perChannel)
                throw c.Error(
                    $"the image has {x.Shape[3]} channels: input {i} must be {perChannel}, received {c.Inputs[i]}");
        return [x, perChannel, perChannel, perChannel, perChannel, new(perChannel.Type, TensorShape.Scalar)];
    }

    public override NodeOutput?[] BuildGradient(in GradientContext c)
    {
        bool training = WindowAttributes.Of(c.Node, "is_training").Bool;
        NodeOutput mean = training ? c.Output(3) : c.Inputs[3], variance = training ? c.Output(4) : c.Inputs[4];
        NodeDef gradient = c.Builder.AddNode("FusedBatchNormGradV3",
            [c.OutputGradient, c.Inputs[0], c.Inputs[1], mean, variance, c.Output(5)],
            [new("epsilon", WindowAttributes.Of(c.Node, "epsilon")), new("is_training", AttributeValue.Of(training))]);
        return [gradient.Output(), gradient.Output(1), gradient.Output(2), null, null];
    }
}
