namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Maximum</c>: y = max(a, b) elementwise, with NumPy's broadcasting.</summary>
/// <remarks>
/// a, b → y of the broadcast shape. The gradient goes to the greater input, on a tie to a. NaN propagates.
/// </remarks>
internal sealed class Maximum() : OpDefinition("Maximum", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => [Broadcasting.Infer(c)];
    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        Broadcasting.RouteGradient(c, c.Op("GreaterEqual", c.Inputs[0], c.Inputs[1]));
}
