namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>AddV2</c>: y = a + b, with NumPy's broadcasting.</summary>
/// <remarks>
/// a, b → y of the broadcast shape. dL/da = dL/dy summed over the broadcast dimensions; dL/db likewise.
/// </remarks>
internal sealed class AddV2() : OpDefinition("AddV2", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool AllowsStridedInput(NodeDef node, int input) => true;
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => [Broadcasting.Infer(c)];
    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [Broadcasting.Reduce(c, c.OutputGradient, 0), Broadcasting.Reduce(c, c.OutputGradient, 1)];
}
