namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>MatMul</c>: the product of two matrices.</summary>
/// <remarks>
/// a [m,k], b [k,n] → y [m,n]; <c>transpose_a</c>, <c>transpose_b</c> read the operand transposed. dL/da = dL/dy·bᵀ,
/// dL/db = aᵀ·dL/dy (transposed with the operand). In bfloat16 plans <see cref="OpSchema.OutputType"/> keeps the sum in
/// float32.
/// </remarks>
internal sealed class MatMul() : OpDefinition("MatMul", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [OpSchema.Flag("transpose_a"), OpSchema.Flag("transpose_b"), OpSchema.FloatingT];

    public override BFloat16Rule BFloat16 => BFloat16Rule.Always;
    public override bool CanReturnFloat32 => true;

    public override TensorSpec[] Infer(in ShapeContext c) => [InferProduct(c)];

    /// <summary>The product's type and shape from inputs 0 and 1.</summary>
    internal static TensorSpec InferProduct(in ShapeContext c)
    {
        (TensorSpec a, TensorSpec b) = (c.Inputs[0], c.Inputs[1]);
        if (a.Type != b.Type || a.Shape.Rank != 2 || b.Shape.Rank != 2)
            throw c.Error($"expected two matrices of one type, received {a} and {b}");
        bool ta = c.Attribute("transpose_a").Bool, tb = c.Attribute("transpose_b").Bool;
        (int m, int ka) = ta ? (a.Shape[1], a.Shape[0]) : (a.Shape[0], a.Shape[1]);
        (int kb, int n) = tb ? (b.Shape[1], b.Shape[0]) : (b.Shape[0], b.Shape[1]);
        if (ka != kb && ka != TensorShape.Unknown && kb != TensorShape.Unknown)
            throw c.Error($"input has {ka} features, kernel expects {kb} ({a.Shape}{(ta ? " transposed" : "")} by " +
                $"{b.Shape}{(tb ? " transposed" : "")})");
        return new(c.OutputTypeOr(a.Type), new TensorShape(m, n));
    }

    public override NodeOutput?[] BuildGradient(in GradientContext c)
    {
        bool ta = WindowAttributes.Of(c.Node, "transpose_a").Bool, tb = WindowAttributes.Of(c.Node, "transpose_b").Bool;
        (NodeOutput a, NodeOutput b, NodeOutput dy) = (c.Inputs[0], c.Inputs[1], c.OutputGradient);
        return
        [
            !c.Needed[0] ? null : ta ? Product(c, b, dy, tb, true) : Product(c, dy, b, false, !tb),
            !c.Needed[1] ? null : tb ? Product(c, dy, a, true, ta) : Product(c, a, dy, !ta, false),
        ];
    }

    private static NodeOutput Product(in GradientContext c, NodeOutput left, NodeOutput right, bool transposeLeft,
        bool transposeRight) =>
        c.Builder.AddNode("MatMul", [left, right],
            [new("transpose_a", AttributeValue.Of(transposeLeft)),
            new("transpose_b", AttributeValue.Of(transposeRight))]).Output();
}
