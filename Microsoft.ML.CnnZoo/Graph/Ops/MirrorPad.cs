namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>MirrorPad</c>: pads a tensor with its own elements, mirrored at its borders.</summary>
/// <remarks>
/// (x, paddings [rank,2]) → y; dimension i grows by paddings[i,0] before and paddings[i,1] after. <c>mode</c> SYMMETRIC
/// repeats the border's element (b a | a b c), REFLECT does not (c b | a b c), so that it needs one element more.
/// dL/dx = MirrorPadGrad(dL/dy).
/// </remarks>
internal sealed class MirrorPad() : OpDefinition("MirrorPad", 2)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = Schema;

    /// <summary>The attributes that MirrorPad and MirrorPadGrad share.</summary>
    internal static AttributeSpec[] Schema =>
    [
        OpSchema.AnyT, OpSchema.IndexType("Tpaddings", 1),
        new("mode", AttributeKind.String, null, [AttributeValue.Of("REFLECT"), AttributeValue.Of("SYMMETRIC")]),
    ];

    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        TensorShape y = Pad.PaddedShape(c);
        CheckPaddings(c, c.Inputs[0].Shape);
        return [new(c.Inputs[0].Type, y)];
    }

    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
    [
        c.Builder.AddNode("MirrorPadGrad", [c.OutputGradient, c.Inputs[1]],
            [new("mode", WindowAttributes.Of(c.Node, "mode"))]).Output(), null,
    ];

    /// <summary>Throws if a dimension has too few elements to be mirrored.</summary>
    /// <param name="c">The node.</param>
    /// <param name="x">The shape that is padded.</param>
    internal static void CheckPaddings(in ShapeContext c, TensorShape x)
    {
        long[] paddings = c.RequireConstant(1, "paddings");
        string mode = c.Attribute("mode").String;
        for (int i = 0; i < x.Rank; i++)
        {
            (long before, long after) = (paddings[2 * i], paddings[(2 * i) + 1]);
            long most = mode == "REFLECT" ? x[i] - 1 : x[i];
            if (x[i] == TensorShape.Unknown ? before + after > 0 : before > most || after > most)
                throw c.Error($"dimension {i} of {x} cannot be padded by {before} and {after} with mode {mode}");
        }
    }

    /// <summary>
    /// For each element of a padded dimension, which element of the dimension it is.
    /// </summary>
    internal static int[] Sources(int length, int before, int after, bool reflects)
    {
        var sources = new int[before + length + after];
        int border = reflects ? 1 : 0;
        for (int i = 0; i < sources.Length; i++)
        {
            int at = i - before;
            sources[i] = at < 0 ? -at - 1 + border : at < length ? at : (2 * length) - 1 - at - border;
        }
        return sources;
    }
}
