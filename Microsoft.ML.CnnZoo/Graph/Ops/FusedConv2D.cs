namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// TensorFlow op <c>_FusedConv2D</c>: convolution, bias, sum and activation in one step, as TensorFlow's remapper
/// writes it.
/// </summary>
/// <remarks>
/// (x [N,H,W,C], w [kh,kw,C/groups,F], bias [F], then a side tensor of the output's shape if <c>fused_ops</c> holds
/// "Add") → y [N,H',W',F].
/// <c>fused_ops</c>: see <see cref="FusedOps"/>. Made by passes over a finished graph; never differentiated.
/// </remarks>
internal sealed class FusedConv2D() : OpDefinition("_FusedConv2D", 3, 4)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [.. Convolution.Schema(typeInput: 0, withCudnn: true), .. FusedOps.Schema];
    public override bool IsDifferentiable => false;
    public override BFloat16Rule BFloat16 => BFloat16Rule.Always;

    // The side tensor, which is dense, is read at the result's pitch.
    public override bool AllowsStridedOutput(NodeDef node, int output) => output == 0 && !FusedOps.AddsSideTensor(node);

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        Convolution.RequireOneType(c, 0, 1);
        var output = new TensorSpec(c.Inputs[0].Type,
            Convolution.Infer(c, c.Inputs[0].Shape, c.Inputs[1].Shape, depthwise: false).OutputShape);
        FusedOps.Check(c, output);
        return [output];
    }
}
