namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Mul</c>: y = a·b elementwise, with NumPy's broadcasting.</summary>
/// <remarks>
/// a, b → y of the broadcast shape. dL/da = dL/dy·b, dL/db = dL/dy·a, each summed over its broadcast dimensions.
/// </remarks>
internal sealed class Mul() : OpDefinition("Mul", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => [Broadcasting.Infer(c)];
    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
    [
        c.Needed[0] ? Broadcasting.Reduce(c, c.Op("Mul", c.OutputGradient, c.Inputs[1]), 0) : null,
        c.Needed[1] ? Broadcasting.Reduce(c, c.Op("Mul", c.OutputGradient, c.Inputs[0]), 1) : null,
    ];
}
