namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>The attributes of <c>MaxPool</c>, <c>AvgPool</c> and their gradients; NHWC.</summary>
/// <param name="WindowHeight">Rows of the window, ≥ 1.</param>
/// <param name="WindowWidth">Columns of the window, ≥ 1.</param>
/// <param name="StrideHeight">Rows between outputs, ≥ 1.</param>
/// <param name="StrideWidth">Columns between outputs, ≥ 1.</param>
/// <param name="Padding">How the image is padded; padded pixels are ignored by maximum and average.</param>
internal readonly record struct Pool2DAttributes(int WindowHeight, int WindowWidth, int StrideHeight, int StrideWidth,
    Padding Padding)
{
    /// <summary>Reads them from a node.</summary>
    /// <exception cref="GraphException">An attribute is missing or ill-formed.</exception>
    public static Pool2DAttributes From(NodeDef node)
    {
        try
        {
            return From(name => WindowAttributes.Of(node, name),
                node.Op.StartsWith("MaxPool", StringComparison.Ordinal));
        }
        catch (GraphException e)
        {
            throw new GraphException($"{node}: {e.Message}.", e);
        }
    }

    /// <summary>As TensorFlow's attributes.</summary>
    public IEnumerable<KeyValuePair<string, AttributeValue>> ToAttributes()
    {
        yield return new("ksize", AttributeValue.OfInts(1, WindowHeight, WindowWidth, 1));
        yield return new("strides", AttributeValue.OfInts(1, StrideHeight, StrideWidth, 1));
        foreach (KeyValuePair<string, AttributeValue> pair in WindowAttributes.WritePadding(Padding,
            withExplicit: true))
            yield return pair;
    }

    /// <summary>All sizes of pooling x [N,H,W,C].</summary>
    /// <exception cref="GraphException">The window does not fit.</exception>
    public Pool2DGeometry Geometry(TensorShape input) =>
        TryGeometry(input, out Pool2DGeometry geometry) is string problem
        ? throw new GraphException(problem) : geometry;

    internal static Pool2DAttributes From(in ShapeContext c)
    {
        ShapeContext context = c;
        try
        {
            return From(context.Attribute, c.Op.Attributes.Contains(WindowAttributes.ExplicitPaddings));
        }
        catch (GraphException e) when (!e.Message.StartsWith(context.Op.Name, StringComparison.Ordinal))
        {
            throw c.Error(e.Message);
        }
    }

    /// <summary>The geometry, or what does not fit.</summary>
    internal string? TryGeometry(TensorShape input, out Pool2DGeometry geometry)
    {
        geometry = default;
        if (input.Rank != 4)
            return $"expected an image [N,H,W,C], received {input}";
        if (Padding.Kind == PaddingKind.Explicit && (Math.Max(Padding.Top, Padding.Bottom) >= WindowHeight
            || Math.Max(Padding.Left, Padding.Right) >= WindowWidth))
            return $"padding {Padding} must be smaller than the {WindowHeight}x{WindowWidth} window";
        WindowAxis rows = WindowAxis.Place(input[1], WindowHeight, StrideHeight, 1, Padding.Kind, Padding.Top,
            Padding.Bottom);
        WindowAxis columns = WindowAxis.Place(input[2], WindowWidth, StrideWidth, 1, Padding.Kind, Padding.Left,
            Padding.Right);
        if (rows.Output == 0 || columns.Output == 0)
            return $"a {WindowHeight}x{WindowWidth} window (padding {Padding}) does not fit an image of " +
                $"{input[1]}x{input[2]}";
        geometry = new Pool2DGeometry
        {
            Batch = input[0], Height = input[1], Width = input[2], Channels = input[3],
            WindowHeight = WindowHeight, WindowWidth = WindowWidth, StrideHeight = StrideHeight,
            StrideWidth = StrideWidth,
            OutputHeight = rows.Output, OutputWidth = columns.Output,
            PadTop = rows.Before, PadBottom = rows.After, PadLeft = columns.Before, PadRight = columns.After,
        };
        return null;
    }

    private static Pool2DAttributes From(Func<string, AttributeValue> attribute, bool hasExplicit)
    {
        (int kh, int kw) = WindowAttributes.Pair(attribute("ksize"), "ksize");
        (int sh, int sw) = WindowAttributes.Pair(attribute("strides"), "strides");
        return new(kh, kw, sh, sw,
            WindowAttributes.ReadPadding(attribute("padding"), hasExplicit ? attribute("explicit_paddings") : null));
    }
}

/// <summary>
/// All sizes of one pooling, paddings resolved. Output (y,x) reads the input rows y·StrideHeight − PadTop … +
/// WindowHeight − 1 that exist.
/// </summary>
internal readonly record struct Pool2DGeometry
{
    /// <summary>Images, -1 while unknown.</summary>
    public int Batch { get; init; }
    /// <summary>Input rows.</summary>
    public int Height { get; init; }
    /// <summary>Input columns.</summary>
    public int Width { get; init; }
    /// <summary>Channels.</summary>
    public int Channels { get; init; }
    /// <summary>Rows of the window.</summary>
    public int WindowHeight { get; init; }
    /// <summary>Columns of the window.</summary>
    public int WindowWidth { get; init; }
    /// <summary>Rows between outputs.</summary>
    public int StrideHeight { get; init; }
    /// <summary>Columns between outputs.</summary>
    public int StrideWidth { get; init; }
    /// <summary>Output rows.</summary>
    public int OutputHeight { get; init; }
    /// <summary>Output columns.</summary>
    public int OutputWidth { get; init; }
    /// <summary>Padded rows above.</summary>
    public int PadTop { get; init; }
    /// <summary>Padded rows below.</summary>
    public int PadBottom { get; init; }
    /// <summary>Padded columns to the left.</summary>
    public int PadLeft { get; init; }
    /// <summary>Padded columns to the right.</summary>
    public int PadRight { get; init; }
    /// <summary>[N, OutputHeight, OutputWidth, Channels].</summary>
    public TensorShape OutputShape => new(Batch, OutputHeight, OutputWidth, Channels);
    /// <summary>Whether every pixel belongs to exactly one window, and no window is clipped.</summary>
    public bool TilesImage => (WindowHeight, WindowWidth) == (StrideHeight, StrideWidth)
        && (OutputHeight * StrideHeight, OutputWidth * StrideWidth) == (Height, Width)
        && PadTop + PadBottom + PadLeft + PadRight == 0;
}
