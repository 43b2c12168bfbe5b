namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// TensorFlow op <c>ConcatV2</c>: concatenates tensors along one axis. Joins the branches of Inception and the layers
/// of DenseNet.
/// </summary>
/// <remarks>
/// (x₁ … x_N, axis) → y; the inputs agree in all other dimensions. dL/dxᵢ = Slice(dL/dy) of its part.
/// </remarks>
internal sealed class ConcatV2() : OpDefinition("ConcatV2", 2, int.MaxValue)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [new("N", AttributeKind.Int), OpSchema.AnyT, OpSchema.IndexType("Tidx", ^1)];

    public override BFloat16Rule BFloat16 => BFloat16Rule.FollowsInputs;
    public override bool AllowsStridedInput(NodeDef node, int input) => input < node.Inputs.Count - 1;
    public override bool AllowsStridedOutput(NodeDef node, int output) => output == 0 && JoinsChannels(node);

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        int n = c.Inputs.Count - 1;
        if (c.Attribute("N").Int != n || c.Constant(n) is not [long given])
            throw c.Error(
                $"expected {c.Attribute("N")} tensors and a constant axis, received {n} tensors and {c.Inputs[n]}");
        TensorShape result = c.Inputs[0].Shape;
        int axis = c.Axis(given, result.Rank);
        for (int i = 1; i < n; i++)
        {
            TensorShape x = c.Inputs[i].Shape;
            if (c.Inputs[i].Type != c.Inputs[0].Type || x.Rank != result.Rank
                || !x.With(axis, 0).IsCompatibleWith(result.With(axis, 0)))
                throw c.Error($"inputs must agree in all dimensions but {axis}; input 0 is {c.Inputs[0]}, input {i} " +
                    $"is {c.Inputs[i]}");
            int sum = x[axis] == TensorShape.Unknown || result[axis] == TensorShape.Unknown ? TensorShape.Unknown
                : result[axis] + x[axis];
            for (int d = 0; d < x.Rank; d++)
                if (result[d] == TensorShape.Unknown)
                    result = result.With(d, x[d]);
            result = result.With(axis, sum);
        }
        return [new(c.Inputs[0].Type, result)];
    }

    public override NodeOutput?[] BuildGradient(in GradientContext c)
    {
        int n = c.Inputs.Count - 1, rank = c.Output().Shape.Rank, offset = 0;
        long given = c.Node.ConstantInput(n)[0];
        int axis = (int)(given < 0 ? given + rank : given);
        var gradients = new NodeOutput?[n + 1];
        for (int i = 0; i < n; i++)
        {
            int length = c.Inputs[i].Shape[axis];
            if (length == TensorShape.Unknown)
                throw new GraphException($"{c.Node}: the gradient needs dimension {axis} of input {i} to be known, " +
                    $"received {c.Inputs[i].Shape}.");
            if (c.Needed[i])
            {
                var begin = new int[rank];
                var size = new int[rank];
                Array.Fill(size, -1);
                (begin[axis], size[axis]) = (offset, length);
                gradients[i] = c.Op("Slice", c.OutputGradient, c.Ints(begin), c.Ints(size));
            }
            offset += length;
        }
        return gradients;
    }

    /// <summary>Whether a node joins images [N,H,W,C] along their channels.</summary>
    internal static bool JoinsChannels(NodeDef node) => node.Definition is ConcatV2
        && node.Outputs[0].Shape.Rank == 4 && node.ConstantInput(node.Inputs.Count - 1)[0] is 3 or -1;
}
