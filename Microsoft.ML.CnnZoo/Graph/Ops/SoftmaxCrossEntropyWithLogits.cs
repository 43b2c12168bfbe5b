namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>SoftmaxCrossEntropyWithLogits</c>: −Σ labels·ln softmax(logits) per row.</summary>
/// <remarks>
/// (logits [N,K], labels [N,K], rows summing to 1) → (loss [N], backprop [N,K] = softmax − labels). dL/dlogits =
/// backprop·dL/dloss; dL/dlabels = −ln softmax(logits)·dL/dloss.
/// </remarks>
internal sealed class SoftmaxCrossEntropyWithLogits() : OpDefinition("SoftmaxCrossEntropyWithLogits", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        c.RequireAlike(0, 1);
        return c.Inputs[0].Shape.Rank == 2 ? [new(c.Inputs[0].Type, new TensorShape(c.Inputs[0].Shape[0])), c.Inputs[0]]
            : throw c.Error($"expected logits [N,K], received {c.Inputs[0]}");
    }

    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
    [
        c.Needed[0] ? CrossEntropy.LogitsGradient(c) : null,
        c.Needed[1] ? c.Op("Mul", c.Op("Neg", c.Op("LogSoftmax", c.Inputs[0])), CrossEntropy.PerRow(c)) : null,
    ];
}
