namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>ReluGrad</c>: dx = dy where features &gt; 0, else 0.</summary>
/// <remarks>(dy, features) → dx; features may be Relu's input or its output. Not differentiable here.</remarks>
internal sealed class ReluGrad() : OpDefinition("ReluGrad", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override bool IsDifferentiable => false;
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;

    // Only y: dy is dense, so that the gradient can be computed in place.
    public override bool AllowsStridedInput(NodeDef node, int input) => input == 1;

    public override bool AllowsOverwrite(NodeDef node, int input) => input == 0;

    public override TensorSpec[] Infer(in ShapeContext c) => c.Inputs[0] == c.Inputs[1]
        || c.Inputs[0].Shape.IsCompatibleWith(c.Inputs[1].Shape)
        ? OpSchema.SameAsFirst(c)
        : throw c.Error($"gradient {c.Inputs[0]} and features {c.Inputs[1]} differ");
}
