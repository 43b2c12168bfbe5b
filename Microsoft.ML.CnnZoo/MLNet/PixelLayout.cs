namespace Microsoft.ML.CnnZoo;

/// <summary>How the values of a pixel vector are ordered.</summary>
public enum PixelLayout
{
    /// <summary>
    /// By the column's dimensions, [channels, height, width] or [height, width, channels]; planar where they are
    /// ambiguous (ExtractPixels' default).
    /// </summary>
    Auto,
    /// <summary>Plane after plane: [channels, height, width].</summary>
    Planar,
    /// <summary>Colors side by side: [height, width, channels].</summary>
    Interleaved,
}
