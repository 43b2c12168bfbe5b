namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>Shared by <c>Sum</c>, <c>Mean</c>, <c>Max</c> and <c>Min</c>: schema, shape rule and gradient.</summary>
internal static class Reduction
{
    public static IReadOnlyList<AttributeSpec> Schema { get; } =
        [OpSchema.Flag("keep_dims"), OpSchema.FloatingT, OpSchema.IndexType("Tidx", 1)];

    /// <summary>
    /// The reduced shape; axes are input 1. In bfloat16 plans <see cref="OpSchema.OutputType"/> keeps the sum in
    /// float32.
    /// </summary>
    public static TensorSpec Infer(in ShapeContext c)
    {
        TensorShape x = c.Inputs[0].Shape;
        bool keep = c.Attribute("keep_dims").Bool;
        var reduced = new bool[x.Rank];
        foreach (long axis in c.RequireConstant(1, "reduction_indices"))
            reduced[c.Axis(axis, x.Rank)] = true;
        var dims = new List<int>();
        for (int i = 0; i < x.Rank; i++)
            if (!reduced[i])
                dims.Add(x[i]);
            else if (keep)
                dims.Add(1);
        return new(c.OutputTypeOr(c.Inputs[0].Type), new TensorShape([.. dims]));
    }

    /// <summary>Which dimensions a node reduces.</summary>
    public static bool[] Reduced(NodeDef node)
    {
        var reduced = new bool[node.Inputs[0].Shape.Rank];
        foreach (long axis in node.ConstantInput(1))
            reduced[axis < 0 ? axis + reduced.Length : axis] = true;
        return reduced;
    }

    /// <summary>A gradient of the reduced shape, repeated over the reduced dimensions.</summary>
    public static NodeOutput Spread(in GradientContext c, NodeOutput gradient)
    {
        TensorShape x = c.Inputs[0].Shape;
        gradient = Kept(c, gradient);
        return gradient.Shape.Equals(x) && x.IsFullyDefined ? gradient
            : c.Op("BroadcastTo", gradient, c.Op("Shape", c.Inputs[0]));
    }

    /// <summary>A tensor of the reduced shape with 1 in place of the reduced dimensions.</summary>
    public static NodeOutput Kept(in GradientContext c, NodeOutput tensor)
    {
        TensorShape x = c.Inputs[0].Shape;
        bool[] reduced = Reduced(c.Node);
        return tensor.Shape.Rank == x.Rank ? tensor : c.Reshape(tensor,
            new TensorShape([.. Enumerable.Range(0, x.Rank).Select(i => reduced[i] ? 1 : x[i])]));
    }

    /// <summary>dL/dy, divided equally among the elements of the input that a mask selects.</summary>
    public static NodeOutput SpreadAmong(in GradientContext c, NodeOutput isSelected)
    {
        NodeOutput mask = c.Builder.AddNode("Cast", [isSelected],
            [new("DstT", AttributeValue.Of(c.Inputs[0].Type))]).Output();
        bool[] reduced = Reduced(c.Node);
        NodeOutput count = c.Sum(mask, [.. Enumerable.Range(0, reduced.Length).Where(i => reduced[i])],
            keepDimensions: true);
        return c.Op("Mul", mask, c.Op("RealDiv", Kept(c, c.OutputGradient), count));
    }

    /// <summary>
    /// A gradient divided by the number of averaged elements; an unknown batch size is read from the tensor's shape at
    /// run time.
    /// </summary>
    public static NodeOutput DivideByCount(in GradientContext c, NodeOutput gradient)
    {
        TensorShape x = c.Inputs[0].Shape;
        bool[] reduced = Reduced(c.Node);
        double known = 1;
        NodeOutput? count = null;
        for (int i = 0; i < x.Rank; i++)
        {
            if (!reduced[i])
                continue;
            if (x[i] != TensorShape.Unknown)
                known *= x[i];
            else
                count = count is NodeOutput other ? c.Op("Mul", other, DimensionAt(c, i)) : DimensionAt(c, i);
        }
        NodeOutput scaled = known == 1 ? gradient : c.Op("Mul", gradient, c.Scalar(1 / known, gradient.Type));
        return count is NodeOutput n ? c.Op("RealDiv", scaled, n) : scaled;
    }

    /// <summary>One dimension of the input as a floating scalar.</summary>
    private static NodeOutput DimensionAt(in GradientContext c, int axis)
    {
        NodeOutput shape = c.Builder.AddNode("Cast", [c.Op("Shape", c.Inputs[0])],
            [new("DstT", AttributeValue.Of(c.Inputs[0].Type))]).Output();
        if (c.Inputs[0].Shape.Rank > 1)
            shape = c.Op("Slice", shape, c.Ints(axis), c.Ints(1));
        return c.Reshape(shape, TensorShape.Scalar);
    }
}
