namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>The arithmetic of a sliding window along one axis: TensorFlow's SAME, VALID and EXPLICIT.</summary>
/// <param name="Output">Number of positions, or -1 while the input's size is unknown; ≤ 0 where the window does not
/// fit.</param>
/// <param name="Before">Padding before the first pixel.</param>
/// <param name="After">Padding after the last pixel.</param>
internal readonly record struct WindowAxis(int Output, int Before, int After)
{
    /// <summary>Places a window.</summary>
    /// <param name="input">Pixels, or -1.</param>
    /// <param name="window">Pixels of the window.</param>
    /// <param name="stride">Step between positions.</param>
    /// <param name="dilation">Step between the window's pixels.</param>
    /// <param name="padding">How to pad.</param>
    /// <param name="before">Explicit padding before.</param>
    /// <param name="after">Explicit padding after.</param>
    public static WindowAxis Place(int input, int window, int stride, int dilation, PaddingKind padding,
        int before, int after)
    {
        int extent = ((window - 1) * dilation) + 1;
        if (input == TensorShape.Unknown)
            return new(TensorShape.Unknown, before, after);
        if (padding == PaddingKind.Same)
        {
            int output = (input + stride - 1) / stride;
            int total = Math.Max(((output - 1) * stride) + extent - input, 0);
            return new(output, total / 2, total - (total / 2));
        }
        int room = input + before + after - extent;
        return new(room < 0 ? 0 : (room / stride) + 1, before, after);
    }
}
