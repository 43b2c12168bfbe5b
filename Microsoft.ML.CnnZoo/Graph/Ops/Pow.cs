namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Pow</c>: y = a^b elementwise, with NumPy's broadcasting.</summary>
/// <remarks>
/// a, b → y of the broadcast shape; NaN for a negative a and a b that is not an integer. dL/da = dL/dy·b·a^(b − 1),
/// dL/db = dL/dy·y·ln a, 0 where a ≤ 0; each summed over its broadcast dimensions.
/// </remarks>
internal sealed class Pow() : OpDefinition("Pow", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => [Broadcasting.Infer(c)];
    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
    [
        c.Needed[0] ? Broadcasting.Reduce(c, OfBase(c), 0) : null,
        c.Needed[1] ? Broadcasting.Reduce(c, OfExponent(c), 1) : null,
    ];

    private static NodeOutput OfBase(in GradientContext c)
    {
        (NodeOutput a, NodeOutput b) = (c.Inputs[0], c.Inputs[1]);
        NodeOutput power = c.Op("Pow", a, c.Op("Sub", b, c.Scalar(1, b.Type)));
        return c.Op("Mul", c.Op("Mul", c.OutputGradient, b), power);
    }

    private static NodeOutput OfExponent(in GradientContext c)
    {
        NodeOutput a = c.Inputs[0], zero = c.Scalar(0, a.Type);
        NodeOutput logarithm = c.Op("SelectV2", c.Op("GreaterEqual", zero, a), zero, c.Op("Log", a));
        return c.Op("Mul", c.Op("Mul", c.OutputGradient, c.Output()), logarithm);
    }
}
