namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// TensorFlow op <c>Selu</c>: y = s·x, below 0 s·α·(eˣ − 1), with s = 1.0507 and α = 1.6733, which keep mean 0 and
/// variance 1. Klambauer, Unterthiner, Mayr, Hochreiter 2017, arXiv:1706.02515.
/// </summary>
/// <remarks>x → y, same shape. dL/dx = SeluGrad(dL/dy, y). NaN propagates.</remarks>
internal sealed class Selu() : OpDefinition("Selu", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => OpSchema.SameAsFirst(c);
    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [c.Op("SeluGrad", c.OutputGradient, c.Output())];

    /// <summary>s of the paper, its slope above 0.</summary>
    internal const float Scale = 1.05070098735548049f;

    /// <summary>s·α of the paper, its slope just below 0.</summary>
    internal const float ScaledAlpha = 1.75809934084737686f;
}
