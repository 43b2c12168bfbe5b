namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>Short forms for gradient rules.</summary>
internal static class GradientNodes
{
    /// <summary>Adds a one-output node without attributes of its own.</summary>
    public static NodeOutput Op(this in GradientContext c, string op, params ReadOnlySpan<NodeOutput> inputs) =>
        c.Builder.AddNode(op, inputs).Output();

    /// <summary>A scalar of a floating type.</summary>
    public static NodeOutput Scalar(this in GradientContext c, double value, DataType type) => type switch
    {
        DataType.Float => c.Builder.Constant(TensorLiteral.Scalar((float)value)),
        DataType.Double => c.Builder.Constant(TensorLiteral.Scalar(value)),
        DataType.Half => c.Builder.Constant(TensorLiteral.Scalar((Half)value)),
        _ => c.Builder.AddNode("Cast", [c.Builder.Constant(TensorLiteral.Scalar((float)value))],
            [new("DstT", AttributeValue.Of(type))]).Output(),
    };

    /// <summary>An integer vector: axes, a shape.</summary>
    public static NodeOutput Ints(this in GradientContext c, params ReadOnlySpan<int> values) =>
        c.Builder.Constant(TensorLiteral.Vector(values));

    /// <summary>The sum over axes.</summary>
    public static NodeOutput Sum(this in GradientContext c, NodeOutput x, ReadOnlySpan<int> axes,
        bool keepDimensions) =>
        c.Builder.AddNode("Sum", [x, c.Ints(axes)], [new("keep_dims", AttributeValue.Of(keepDimensions))]).Output();

    /// <summary>The same elements in another shape; at most one dimension unknown.</summary>
    public static NodeOutput Reshape(this in GradientContext c, NodeOutput x, TensorShape shape) =>
        c.Op("Reshape", x, c.Ints(shape.Dimensions));
}
