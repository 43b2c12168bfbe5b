namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// Reads and writes the attributes that convolutions and pools share: <c>strides</c>, <c>padding</c>,
/// <c>explicit_paddings</c>, <c>dilations</c>, <c>data_format</c>.
/// </summary>
internal static class WindowAttributes
{
    public static AttributeSpec DataFormat { get; } =
        new("data_format", AttributeKind.String, AttributeValue.Of("NHWC"), [AttributeValue.Of("NHWC")]);
    public static AttributeSpec Strides { get; } = new("strides", AttributeKind.IntList);
    public static AttributeSpec WindowSize { get; } = new("ksize", AttributeKind.IntList);
    public static AttributeSpec Dilations { get; } =
        new("dilations", AttributeKind.IntList, AttributeValue.OfInts(1, 1, 1, 1));
    public static AttributeSpec ExplicitPaddings { get; } =
        new("explicit_paddings", AttributeKind.IntList, AttributeValue.OfInts(Array.Empty<int>()));
    public static AttributeSpec AnyPadding { get; } = new("padding", AttributeKind.String, null,
        [AttributeValue.Of("SAME"), AttributeValue.Of("VALID"), AttributeValue.Of("EXPLICIT")]);
    public static AttributeSpec SameOrValid { get; } =
        new("padding", AttributeKind.String, null, [AttributeValue.Of("SAME"), AttributeValue.Of("VALID")]);

    /// <summary>An attribute of a node, or its schema's default.</summary>
    public static AttributeValue Of(NodeDef node, string name) =>
        node.Attributes.TryGetValue(name, out AttributeValue? value) ? value
        : node.Definition.Attributes.FirstOrDefault(a => a.Name == name)?.Default
        ?? throw new GraphException($"{node}: the attribute '{name}' is missing.");

    /// <summary>The two middle numbers of a four-number NHWC list whose outer numbers must be 1.</summary>
    public static (int Height, int Width) Pair(AttributeValue value, string name)
    {
        if (value.Ints is not [1, >= 1 and <= int.MaxValue, >= 1 and <= int.MaxValue, 1])
            throw new GraphException($"'{name}' must be [1, height, width, 1] with positive numbers, received {value}");
        return ((int)value.Ints[1], (int)value.Ints[2]);
    }

    /// <summary>The padding that <c>padding</c> and <c>explicit_paddings</c> describe.</summary>
    public static Padding ReadPadding(AttributeValue kind, AttributeValue? pads)
    {
        bool hasPads = pads is not null && pads.Ints.Length > 0;
        if (kind.String != "EXPLICIT")
            return hasPads
                ? throw new GraphException($"'explicit_paddings' must be empty with padding {kind}, received {pads}")
                : kind.String == "SAME" ? Padding.Same : Padding.Valid;
        if (!hasPads
            || pads!.Ints is not [0, 0, >= 0 and <= int.MaxValue, >= 0 and <= int.MaxValue, >= 0 and <= int.MaxValue,
            >= 0 and <= int.MaxValue, 0, 0])
            throw new GraphException(
                $"'explicit_paddings' must be [0,0,top,bottom,left,right,0,0] with padding EXPLICIT, received {pads}");
        return Padding.Explicit((int)pads.Ints[2], (int)pads.Ints[3], (int)pads.Ints[4], (int)pads.Ints[5]);
    }

    /// <summary>The inverse of <see cref="ReadPadding"/>.</summary>
    public static IEnumerable<KeyValuePair<string, AttributeValue>> WritePadding(Padding padding, bool withExplicit)
    {
        yield return new("padding", AttributeValue.Of(padding.ToAttribute()));
        if (withExplicit && padding.Kind == PaddingKind.Explicit)
            yield return new("explicit_paddings",
                AttributeValue.OfInts(0, 0, padding.Top, padding.Bottom, padding.Left, padding.Right, 0, 0));
    }
}
