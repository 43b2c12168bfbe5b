namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// NumPy's broadcasting for two-input elementwise ops: shapes aligned at their ends, a dimension of 1 repeated.
/// </summary>
internal static class Broadcasting
{
    /// <summary>The broadcast type and shape of inputs 0 and 1.</summary>
    public static TensorSpec Infer(in ShapeContext c)
    {
        (TensorSpec a, TensorSpec b) = (c.Inputs[0], c.Inputs[1]);
        if (a.Type != b.Type)
            throw c.Error($"inputs are {a} and {b}; their types must agree");
        return new(a.Type,
            TryBroadcast(a.Shape, b.Shape) ?? throw c.Error($"shapes {a.Shape} and {b.Shape} do not broadcast"));
    }

    /// <summary>The broadcast shape, or null where a pair of dimensions differs and neither is 1.</summary>
    public static TensorShape? TryBroadcast(TensorShape a, TensorShape b)
    {
        int rank = Math.Max(a.Rank, b.Rank);
        var dims = new int[rank];
        for (int i = 1; i <= rank; i++)
        {
            int da = i <= a.Rank ? a[^i] : 1, db = i <= b.Rank ? b[^i] : 1;
            if (da == db || db == 1)
                dims[^i] = da;
            else if (da == 1)
                dims[^i] = db;
            else if (da == TensorShape.Unknown || db == TensorShape.Unknown)
                dims[^i] = Math.Max(da, db);
            else
                return null;
        }
        return new TensorShape(dims);
    }

    /// <summary>Sums a gradient of the broadcast shape over the dimensions in which an input was repeated.</summary>
    public static NodeOutput? Reduce(in GradientContext c, NodeOutput gradient, int input)
    {
        if (!c.Needed[input])
            return null;
        TensorShape target = c.Inputs[input].Shape, full = gradient.Shape;
        int extra = full.Rank - target.Rank;
        int[] axes = [.. Enumerable.Range(0, full.Rank)
            .Where(i => i < extra || (target[i - extra] == 1 && full[i] != 1))];
        if (axes.Length == 0)
            return gradient;
        NodeOutput sum = c.Builder.AddNode("Sum", [gradient, c.Builder.Constant(TensorLiteral.Vector<int>(axes))],
            [new("keep_dims", AttributeValue.Of(false))]).Output();
        return sum.Shape.Rank == target.Rank ? sum
            : c.Builder.AddNode("Reshape",
                [sum, c.Builder.Constant(TensorLiteral.Vector<int>(target.Dimensions.ToArray()))]).Output();
    }

    /// <summary>
    /// The gradients of a choice between inputs 0 and 1: dL/dy goes to input 0 where the mask is true, else to input 1.
    /// </summary>
    public static NodeOutput?[] RouteGradient(in GradientContext c, NodeOutput isFirst)
    {
        NodeOutput zero = c.Scalar(0, c.OutputGradient.Type);
        return
        [
            c.Needed[0] ? Reduce(c, c.Op("SelectV2", isFirst, c.OutputGradient, zero), 0) : null,
            c.Needed[1] ? Reduce(c, c.Op("SelectV2", isFirst, zero, c.OutputGradient), 1) : null,
        ];
    }
}
