namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Const</c>: a constant stored in the graph.</summary>
/// <remarks>→ y, of the shape and type of the attribute <c>value</c>. No inputs, hence no gradient.</remarks>
internal sealed class Const() : OpDefinition("Const", 0)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [new("value", AttributeKind.Tensor), new("dtype", AttributeKind.Type)];
    public override bool IsDifferentiable => false;
    public override bool IsSource => true;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        TensorSpec spec = c.Attribute("value").Tensor.Spec;
        return spec.Type == c.Attribute("dtype").Type ? [spec]
            : throw c.Error($"'dtype' is {c.Attribute("dtype").Type}, the value holds {spec.Type}");
    }
}
