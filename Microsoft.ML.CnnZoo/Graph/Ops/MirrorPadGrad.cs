namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>MirrorPadGrad</c>: the gradient of <c>MirrorPad</c>.</summary>
/// <remarks>
/// (dy, paddings [rank,2]) → dx, dy without its padding; each element of dx is the sum of dy at all its copies. Not
/// differentiable here.
/// </remarks>
internal sealed class MirrorPadGrad() : OpDefinition("MirrorPadGrad", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = MirrorPad.Schema;
    public override bool IsDifferentiable => false;
    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        TensorShape y = c.Inputs[0].Shape;
        long[] paddings = c.RequireConstant(1, "paddings");
        if (paddings.Length != 2 * y.Rank || paddings.Any(p => p is < 0 or > int.MaxValue))
            throw c.Error($"paddings must be [{y.Rank},2] and not negative, received [{string.Join(',', paddings)}] " +
                $"of shape {c.Inputs[1].Shape}");
        var dims = new long[y.Rank];
        for (int i = 0; i < dims.Length; i++)
            dims[i] = y[i] == TensorShape.Unknown ? TensorShape.Unknown
                : Math.Max(0, y[i] - paddings[2 * i] - paddings[(2 * i) + 1]);
        TensorShape x = c.ToShape(dims);
        MirrorPad.CheckPaddings(c, x);
        return [new(c.Inputs[0].Type, x)];
    }
}
