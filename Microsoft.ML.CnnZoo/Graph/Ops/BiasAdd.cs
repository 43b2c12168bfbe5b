namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>BiasAdd</c>: y = x + b, one bias per channel.</summary>
/// <remarks>x [..,C], b [C] → y [..,C]. dL/dx = dL/dy, dL/db = BiasAddGrad(dL/dy).</remarks>
internal sealed class BiasAdd() : OpDefinition("BiasAdd", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [OpSchema.FloatingT, WindowAttributes.DataFormat];

    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool AllowsOverwrite(NodeDef node, int input) => input == 0;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        (TensorSpec x, TensorSpec bias) = (c.Inputs[0], c.Inputs[1]);
        if (x.Type != bias.Type || x.Shape.Rank < 2 || bias.Shape.Rank != 1 || x.Shape[^1] != bias.Shape[0])
            throw c.Error(
                $"expected a tensor of rank 2 or more and a bias of its last dimension, received {x} and {bias}");
        return OpSchema.SameAsFirst(c);
    }

    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [c.OutputGradient, c.Needed[1] ? c.Op("BiasAddGrad", c.OutputGradient) : null];
}
