namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Sub</c>: y = a − b, with NumPy's broadcasting.</summary>
/// <remarks>
/// a, b → y of the broadcast shape. dL/da = dL/dy, dL/db = −dL/dy, each summed over its broadcast dimensions.
/// </remarks>
internal sealed class Sub() : OpDefinition("Sub", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => [Broadcasting.Infer(c)];
    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
    [
        Broadcasting.Reduce(c, c.OutputGradient, 0),
        c.Needed[1] ? Broadcasting.Reduce(c, c.Op("Neg", c.OutputGradient), 1) : null,
    ];
}
