namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Slice</c>: a box cut out of a tensor.</summary>
/// <remarks>
/// (x, begin [rank], size [rank]) → y of shape size; a size of -1 extends to the end. dL/dx = Pad(dL/dy).
/// </remarks>
internal sealed class Slice() : OpDefinition("Slice", 3)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.AnyT, OpSchema.IndexType("Index", 1)];

    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool AllowsStridedInput(NodeDef node, int input) => input == 0;
    public override bool AllowsStridedOutput(NodeDef node, int output) => output == 0;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        TensorShape x = c.Inputs[0].Shape;
        long[] begin = c.RequireConstant(1, "begin"), size = c.RequireConstant(2, "size");
        if (begin.Length != x.Rank || size.Length != x.Rank)
            throw c.Error($"begin and size must have {x.Rank} numbers, received {begin.Length} and {size.Length}");
        var dims = new long[x.Rank];
        for (int i = 0; i < x.Rank; i++)
        {
            bool unknown = x[i] == TensorShape.Unknown;
            dims[i] = size[i] != -1 ? size[i] : unknown ? -1 : x[i] - begin[i];
            if (begin[i] < 0 || dims[i] < -1 || (!unknown && (dims[i] < 0 || begin[i] + dims[i] > x[i])))
                throw c.Error(
                    $"begin [{string.Join(',', begin)}] and size [{string.Join(',', size)}] exceed the tensor {x}");
        }
        return [new(c.Inputs[0].Type, c.ToShape(dims))];
    }

    public override NodeOutput?[] BuildGradient(in GradientContext c)
    {
        TensorShape x = c.Inputs[0].Shape, y = c.Output().Shape;
        long[] begin = c.Node.ConstantInput(1), size = c.Node.ConstantInput(2);
        var paddings = new int[2 * x.Rank];
        for (int i = 0; i < x.Rank; i++)
        {
            if (x[i] == TensorShape.Unknown && size[i] != -1)
                throw new GraphException($"{c.Node}: the gradient needs dimension {i} of {x} to be known, because " +
                    "only part of it is cut out.");
            paddings[2 * i] = (int)begin[i];
            paddings[(2 * i) + 1] = x[i] == TensorShape.Unknown ? 0 : x[i] - (int)begin[i] - y[i];
        }
        NodeOutput pads = c.Builder.Constant(TensorLiteral.Of<int>(new TensorShape(x.Rank, 2), paddings));
        return [c.Op("Pad", c.OutputGradient, pads), null, null];
    }

    /// <summary>
    /// The first channel of the range that a node cuts out of images [N,H,W,C], all their pixels kept; else null.
    /// </summary>
    internal static int? FirstChannel(NodeDef node) => node.Definition is Slice
        && node.Outputs[0].Shape is { Rank: 4 } shape && shape.Equals(node.Inputs[0].Shape.With(3, shape[3]))
        ? (int)node.ConstantInput(1)[3] : null;
}
