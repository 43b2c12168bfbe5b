namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>Shared by the two softmax cross-entropy ops.</summary>
internal static class CrossEntropy
{
    /// <summary>dL/dlogits: output 1 (softmax − labels) times dL/dloss of its row.</summary>
    public static NodeOutput LogitsGradient(in GradientContext c)
    {
        if (c.OutputGradientOrNull(1) is not null)
            throw new GraphException($"{c.Node}: its output 1 is a gradient and has no gradient of its own.");
        return c.Op("Mul", c.Output(1), PerRow(c));
    }

    /// <summary>dL/dloss as a column [N,1].</summary>
    public static NodeOutput PerRow(in GradientContext c) =>
        c.Op("ExpandDims", c.OutputGradient, c.Builder.Constant(TensorLiteral.Scalar(-1)));
}
