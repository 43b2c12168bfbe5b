namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>LRNGrad</c>: the gradient of <c>LRN</c>.</summary>
/// <remarks>
/// (dy, x, y), all [N,H,W,C] → dx; dx_c = dy_c·s_c^−beta − 2·alpha·beta·x_c·Σ dy_k·y_k/s_k over the channels k whose
/// window holds c, s = bias + alpha·Σx². Not differentiable here.
/// </remarks>
internal sealed class LRNGrad() : OpDefinition("LRNGrad", 3)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = LRN.Schema;
    public override bool IsDifferentiable => false;
    public override BFloat16Rule BFloat16 => BFloat16Rule.Always;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        c.RequireAlike(0, 1);
        c.RequireAlike(1, 2);
        return [c.Inputs[1]];
    }
}
