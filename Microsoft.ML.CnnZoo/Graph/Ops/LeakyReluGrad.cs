namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>LeakyReluGrad</c>: dx = dy where features &gt; 0, else alpha·dy.</summary>
/// <remarks>
/// (dy, features) → dx; features are LeakyRelu's input (or, if alpha is positive, its output). Not differentiable here.
/// </remarks>
internal sealed class LeakyReluGrad() : OpDefinition("LeakyReluGrad", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = LeakyRelu.Schema;
    public override bool IsDifferentiable => false;
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool AllowsOverwrite(NodeDef node, int input) => input == 0;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        c.RequireAlike(0, 1);
        return OpSchema.SameAsFirst(c);
    }
}
