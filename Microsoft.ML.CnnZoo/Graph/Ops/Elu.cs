namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// TensorFlow op <c>Elu</c>: y = x, below 0 eˣ − 1. Clevert, Unterthiner, Hochreiter 2015, arXiv:1511.07289.
/// </summary>
/// <remarks>x → y, same shape. dL/dx = EluGrad(dL/dy, y). NaN propagates.</remarks>
internal sealed class Elu() : OpDefinition("Elu", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => OpSchema.SameAsFirst(c);
    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [c.Op("EluGrad", c.OutputGradient, c.Output())];
}
