namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>Shared by the convolution ops: schema, shape check, gradient.</summary>
internal static class Convolution
{
    /// <summary>TensorFlow's attributes; only <c>Conv2D</c> and its gradients have <c>use_cudnn_on_gpu</c>.</summary>
    public static IReadOnlyList<AttributeSpec> Schema(int typeInput, bool withCudnn)
    {
        AttributeSpec[] common =
        [
            OpSchema.FloatingTOf(typeInput), WindowAttributes.Strides, WindowAttributes.AnyPadding,
            WindowAttributes.ExplicitPaddings,
            WindowAttributes.DataFormat, WindowAttributes.Dilations,
        ];
        return withCudnn ? [.. common, OpSchema.Flag("use_cudnn_on_gpu", true)] : common;
    }

    public static void RequireOneType(in ShapeContext c, int a, int b)
    {
        if (c.Inputs[a].Type != c.Inputs[b].Type)
            throw c.Error($"inputs {a} and {b} must have one type, received {c.Inputs[a].Type} and {c.Inputs[b].Type}");
    }

    public static Conv2DGeometry Infer(in ShapeContext c, TensorShape input, TensorShape filter, bool depthwise) =>
        Conv2DAttributes.From(c).TryGeometry(input, filter, depthwise, out Conv2DGeometry geometry) is string problem
        ? throw c.Error(problem) : geometry;

    /// <summary>
    /// The gradients of image and filter, each only where needed: the first layer's image gradient is costly and not
    /// needed.
    /// </summary>
    public static NodeOutput?[] BuildGradient(in GradientContext c, string toInput, string toFilter)
    {
        IEnumerable<KeyValuePair<string, AttributeValue>> attributes = Conv2DAttributes.From(c.Node).ToAttributes();
        (NodeOutput x, NodeOutput w, NodeOutput dy) = (c.Inputs[0], c.Inputs[1], c.OutputGradient);
        return
        [
            c.Needed[0] ? c.Builder.AddNode(toInput, [c.Op("Shape", x), w, dy], attributes).Output() : null,
            c.Needed[1] ? c.Builder.AddNode(toFilter, [x, c.Ints(w.Shape.Dimensions), dy], attributes).Output() : null,
        ];
    }
}
