namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>SparseSoftmaxCrossEntropyWithLogits</c>: −ln softmax(logits)[label] per row.</summary>
/// <remarks>
/// (logits [N,K], labels [N], 0 ≤ label &lt; K) → (loss [N], backprop [N,K] = softmax − one-hot). dL/dlogits =
/// backprop·dL/dloss; a label outside the range gives NaN in its row.
/// </remarks>
internal sealed class SparseSoftmaxCrossEntropyWithLogits() : OpDefinition("SparseSoftmaxCrossEntropyWithLogits", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [OpSchema.FloatingT, new("Tlabels", AttributeKind.Type, AttributeValue.Of(DataType.Int64),
            [AttributeValue.Of(DataType.Int32), AttributeValue.Of(DataType.Int64)], 1)];

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        (TensorSpec logits, TensorSpec labels) = (c.Inputs[0], c.Inputs[1]);
        return logits.Shape.Rank == 2 && labels.Shape.IsCompatibleWith(new TensorShape(logits.Shape[0]))
            ? [new(logits.Type, new TensorShape(logits.Shape[0])), logits]
            : throw c.Error($"expected logits [N,K] and labels [N], received {logits} and {labels}");
    }

    public override NodeOutput?[] BuildGradient(in GradientContext c) => [CrossEntropy.LogitsGradient(c), null];
}
