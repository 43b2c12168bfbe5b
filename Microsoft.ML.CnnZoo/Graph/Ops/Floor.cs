namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Floor</c>: y = the greatest integer that is not above x.</summary>
/// <remarks>x → y, same shape. Its gradient is 0: none flows. NaN and ±∞ propagate.</remarks>
internal sealed class Floor() : OpDefinition("Floor", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => OpSchema.SameAsFirst(c);
    public override NodeOutput?[] BuildGradient(in GradientContext c) => [null];
}
