namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>Pieces that op schemas share.</summary>
internal static class OpSchema
{
    /// <summary>The element type attribute <c>T</c>: a floating type.</summary>
    public static AttributeSpec FloatingT { get; } = new("T", AttributeKind.Type, null,
        [AttributeValue.Of(DataType.Float), AttributeValue.Of(DataType.Double), AttributeValue.Of(DataType.BFloat16), AttributeValue.Of(DataType.Half)]);

    /// <summary>The element type attribute <c>T</c>: any type.</summary>
    public static AttributeSpec AnyT { get; } = new("T", AttributeKind.Type);

    /// <summary>The result of an op whose only output is like its first input.</summary>
    public static TensorSpec[] SameAsFirst(in ShapeContext c) => [c.Inputs[0]];
}
