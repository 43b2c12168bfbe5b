namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>AddN</c>: the sum of N tensors of one shape.</summary>
/// <remarks>x₁…x_N → y. dL/dxᵢ = dL/dy.</remarks>
internal sealed class AddN() : OpDefinition("AddN", 1, int.MaxValue)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [new("N", AttributeKind.Int), OpSchema.FloatingT];

    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool AllowsStridedInput(NodeDef node, int input) => true;

    // The first two inputs are read before the sum is first written.
    public override bool AllowsOverwrite(NodeDef node, int input) => input <= 1;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        for (int i = 1; i < c.Inputs.Count; i++)
            if (!c.Inputs[i].Shape.IsCompatibleWith(c.Inputs[0].Shape) || c.Inputs[i].Type != c.Inputs[0].Type)
                throw c.Error($"input {i} is {c.Inputs[i]}, input 0 is {c.Inputs[0]}; all must be alike");
        return OpSchema.SameAsFirst(c);
    }

    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [.. Enumerable.Repeat<NodeOutput?>(c.OutputGradient, c.Inputs.Count)];
}
