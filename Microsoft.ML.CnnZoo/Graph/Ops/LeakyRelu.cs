namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// TensorFlow op <c>LeakyRelu</c>: y = x where x &gt; 0, else alpha·x. Maas, Hannun, Ng 2013.
/// </summary>
/// <remarks>
/// x → y, same shape; <c>alpha</c> 0.2 by default. dL/dx = LeakyReluGrad(dL/dy, x): alpha·dL/dy at 0. NaN propagates.
/// </remarks>
internal sealed class LeakyRelu() : OpDefinition("LeakyRelu", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = Schema;
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => OpSchema.SameAsFirst(c);
    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [c.Builder.AddNode("LeakyReluGrad", [c.OutputGradient, c.Inputs[0]],
            [new("alpha", WindowAttributes.Of(c.Node, "alpha"))]).Output()];

    /// <summary>The attributes that LeakyRelu and LeakyReluGrad share.</summary>
    internal static AttributeSpec[] Schema =>
        [new("alpha", AttributeKind.Float, AttributeValue.Of(0.2f)), OpSchema.FloatingT];
}
