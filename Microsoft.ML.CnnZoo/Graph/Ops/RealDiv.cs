namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>RealDiv</c>: y = a/b elementwise, with NumPy's broadcasting.</summary>
/// <remarks>
/// a, b → y of the broadcast shape. dL/da = dL/dy/b, dL/db = −dL/dy·y/b, each summed over its broadcast dimensions.
/// </remarks>
internal sealed class RealDiv() : OpDefinition("RealDiv", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => [Broadcasting.Infer(c)];
    public override NodeOutput?[] BuildGradient(in GradientContext c)
    {
        NodeOutput scaled = c.Op("RealDiv", c.OutputGradient, c.Inputs[1]);
        return
        [
            Broadcasting.Reduce(c, scaled, 0),
            c.Needed[1] ? Broadcasting.Reduce(c, c.Op("Neg", c.Op("Mul", scaled, c.Output())), 1) : null,
        ];
    }
}
