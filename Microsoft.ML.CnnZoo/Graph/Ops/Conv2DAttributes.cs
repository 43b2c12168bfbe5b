namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// The attributes of <c>Conv2D</c>, <c>DepthwiseConv2dNative</c>, their gradients and <c>_FusedConv2D</c>; NHWC.
/// </summary>
/// <param name="StrideHeight">Rows between outputs, ≥ 1.</param>
/// <param name="StrideWidth">Columns between outputs, ≥ 1.</param>
/// <param name="Padding">How the image is padded (with zeros).</param>
/// <param name="DilationHeight">Rows between the filter's taps, ≥ 1.</param>
/// <param name="DilationWidth">Columns between the filter's taps, ≥ 1.</param>
internal readonly record struct Conv2DAttributes(int StrideHeight, int StrideWidth, Padding Padding,
    int DilationHeight = 1, int DilationWidth = 1)
{
    /// <summary>Reads them from a node.</summary>
    /// <exception cref="GraphException">An attribute is missing or ill-formed.</exception>
    public static Conv2DAttributes From(NodeDef node)
    {
        try
        {
            return From(name => WindowAttributes.Of(node, name));
        }
        catch (GraphException e)
        {
            throw new GraphException($"{node}: {e.Message}.", e);
        }
    }

    /// <summary>As TensorFlow's attributes.</summary>
    public IEnumerable<KeyValuePair<string, AttributeValue>> ToAttributes()
    {
        yield return new("strides", AttributeValue.OfInts(1, StrideHeight, StrideWidth, 1));
        yield return new("dilations", AttributeValue.OfInts(1, DilationHeight, DilationWidth, 1));
        foreach (KeyValuePair<string, AttributeValue> pair in WindowAttributes.WritePadding(Padding,
            withExplicit: true))
            yield return pair;
    }

    /// <summary>All sizes of a convolution of x [N,H,W,C] with w [kh,kw,C/groups,F].</summary>
    /// <exception cref="GraphException">The shapes do not fit.</exception>
    public Conv2DGeometry Geometry(TensorShape input, TensorShape filter) =>
        TryGeometry(input, filter, depthwise: false, out Conv2DGeometry geometry) is string problem
        ? throw new GraphException(problem) : geometry;

    /// <summary>
    /// All sizes of a depthwise convolution of x [N,H,W,C] with w [kh,kw,C,m]: C groups, C·m filters, output channel
    /// c·m+j.
    /// </summary>
    /// <exception cref="GraphException">The shapes do not fit.</exception>
    public Conv2DGeometry DepthwiseGeometry(TensorShape input, TensorShape filter) =>
        TryGeometry(input, filter, depthwise: true, out Conv2DGeometry geometry) is string problem
        ? throw new GraphException(problem) : geometry;

    internal static Conv2DAttributes From(in ShapeContext c)
    {
        ShapeContext context = c;
        try
        {
            return From(context.Attribute);
        }
        catch (GraphException e) when (!e.Message.StartsWith(context.Op.Name, StringComparison.Ordinal))
        {
            throw c.Error(e.Message);
        }
    }

    /// <summary>The geometry, or what does not fit.</summary>
    internal string? TryGeometry(TensorShape input, TensorShape filter, bool depthwise, out Conv2DGeometry geometry)
    {
        geometry = default;
        if (input.Rank != 4 || filter.Rank != 4)
            return $"expected an image [N,H,W,C] and a filter of rank 4, received {input} and {filter}";
        int channels = input[3], perGroup = filter[2];
        if (channels < 1 || perGroup < 1 || channels % perGroup != 0 || (depthwise && channels != perGroup))
            return $"input has {channels} channels, filter expects {perGroup}";
        int groups = depthwise ? channels : channels / perGroup, filters = depthwise ? channels * filter[3] : filter[3];
        if (filters % groups != 0)
            return $"{filters} filters do not divide into {groups} groups";
        WindowAxis rows = WindowAxis.Place(input[1], filter[0], StrideHeight, DilationHeight, Padding.Kind, Padding.Top,
            Padding.Bottom);
        WindowAxis columns = WindowAxis.Place(input[2], filter[1], StrideWidth, DilationWidth, Padding.Kind,
            Padding.Left, Padding.Right);
        if (rows.Output == 0 || columns.Output == 0)
            return $"a {filter[0]}x{filter[1]} filter (dilation {DilationHeight}x{DilationWidth}, padding {Padding}) " +
                $"does not fit an image of {input[1]}x{input[2]}";
        geometry = new Conv2DGeometry
        {
            Batch = input[0], Height = input[1], Width = input[2], Channels = channels,
            KernelHeight = filter[0], KernelWidth = filter[1], Filters = filters, Groups = groups,
            OutputHeight = rows.Output, OutputWidth = columns.Output,
            StrideHeight = StrideHeight, StrideWidth = StrideWidth, DilationHeight = DilationHeight,
            DilationWidth = DilationWidth,
            PadTop = rows.Before, PadBottom = rows.After, PadLeft = columns.Before, PadRight = columns.After,
        };
        return null;
    }

    private static Conv2DAttributes From(Func<string, AttributeValue> attribute)
    {
        (int sh, int sw) = WindowAttributes.Pair(attribute("strides"), "strides");
        (int dh, int dw) = WindowAttributes.Pair(attribute("dilations"), "dilations");
        return new(sh, sw, WindowAttributes.ReadPadding(attribute("padding"), attribute("explicit_paddings")), dh, dw);
    }
}

/// <summary>
/// All sizes of one convolution, paddings resolved. Tap (i,j) of output (y,x) reads input row y·StrideHeight − PadTop +
/// i·DilationHeight.
/// </summary>
internal readonly record struct Conv2DGeometry
{
    /// <summary>Images, -1 while unknown.</summary>
    public int Batch { get; init; }
    /// <summary>Input rows.</summary>
    public int Height { get; init; }
    /// <summary>Input columns.</summary>
    public int Width { get; init; }
    /// <summary>Input channels, of all groups.</summary>
    public int Channels { get; init; }
    /// <summary>Filter rows.</summary>
    public int KernelHeight { get; init; }
    /// <summary>Filter columns.</summary>
    public int KernelWidth { get; init; }
    /// <summary>Output channels, of all groups.</summary>
    public int Filters { get; init; }
    /// <summary>
    /// Groups: group g reads channels [g·Channels/Groups, …) and writes filters [g·Filters/Groups, …).
    /// </summary>
    public int Groups { get; init; }
    /// <summary>Output rows.</summary>
    public int OutputHeight { get; init; }
    /// <summary>Output columns.</summary>
    public int OutputWidth { get; init; }
    /// <summary>Rows between outputs.</summary>
    public int StrideHeight { get; init; }
    /// <summary>Columns between outputs.</summary>
    public int StrideWidth { get; init; }
    /// <summary>Rows between taps.</summary>
    public int DilationHeight { get; init; }
    /// <summary>Columns between taps.</summary>
    public int DilationWidth { get; init; }
    /// <summary>Zero rows above.</summary>
    public int PadTop { get; init; }
    /// <summary>Zero rows below.</summary>
    public int PadBottom { get; init; }
    /// <summary>Zero columns to the left.</summary>
    public int PadLeft { get; init; }
    /// <summary>Zero columns to the right.</summary>
    public int PadRight { get; init; }

    /// <summary>Channels that one filter sees.</summary>
    public int ChannelsPerGroup => Channels / Groups;
    /// <summary>Filters of one group.</summary>
    public int FiltersPerGroup => Filters / Groups;
    /// <summary>[N, OutputHeight, OutputWidth, Filters].</summary>
    public TensorShape OutputShape => new(Batch, OutputHeight, OutputWidth, Filters);
    /// <summary>Multiply-adds of one image: every tap counts, padded or not.</summary>
    public long MultiplyAddsPerImage =>
        (long)OutputHeight * OutputWidth * Filters * KernelHeight * KernelWidth * ChannelsPerGroup;
}
