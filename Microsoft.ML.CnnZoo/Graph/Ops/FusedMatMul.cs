namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// TensorFlow op <c>_FusedMatMul</c>: matrix product, bias, sum and activation in one step, as TensorFlow's remapper
/// writes it.
/// </summary>
/// <remarks>
/// (a [m,k], b [k,n], bias [n], then a side tensor [m,n] if <c>fused_ops</c> holds "Add") → y [m,n]; the operands may
/// be read transposed.
/// <c>fused_ops</c>: see <see cref="FusedOps"/>. Made by passes over a finished graph; never differentiated.
/// </remarks>
internal sealed class FusedMatMul() : OpDefinition("_FusedMatMul", 3, 4)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [OpSchema.Flag("transpose_a"), OpSchema.Flag("transpose_b"), OpSchema.FloatingT, .. FusedOps.Schema];
    public override bool IsDifferentiable => false;
    public override BFloat16Rule BFloat16 => BFloat16Rule.Always;
    public override bool CanReturnFloat32 => true;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        TensorSpec output = MatMul.InferProduct(c);
        FusedOps.Check(c, output);
        return [output];
    }
}
