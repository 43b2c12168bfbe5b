namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Minimum</c>: y = min(a, b) elementwise, with NumPy's broadcasting.</summary>
/// <remarks>
/// a, b → y of the broadcast shape. The gradient goes to the smaller input, on a tie to a. NaN propagates.
/// </remarks>
internal sealed class Minimum() : OpDefinition("Minimum", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => [Broadcasting.Infer(c)];
    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        Broadcasting.RouteGradient(c, c.Op("GreaterEqual", c.Inputs[1], c.Inputs[0]));
}
