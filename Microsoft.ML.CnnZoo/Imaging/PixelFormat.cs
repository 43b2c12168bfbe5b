namespace Microsoft.ML.CnnZoo.Imaging;

/// <summary>
/// How the pixels of an image lie in memory: rows from top to bottom without gaps, colors side by side or plane after
/// plane.
/// </summary>
/// <param name="Height">Rows.</param>
/// <param name="Width">Pixels in a row.</param>
/// <param name="Channels">Values per pixel, alpha included.</param>
/// <param name="Red">Position of red (of gray, for one channel) among a pixel's values.</param>
/// <param name="Green">Position of green.</param>
/// <param name="Blue">Position of blue.</param>
/// <param name="IsPlanar">Whether all values of one channel come before those of the next: [channels, height, width]
/// instead of [height, width, channels].</param>
internal readonly record struct PixelFormat(
    int Height, int Width, int Channels, int Red, int Green, int Blue, bool IsPlanar)
{
    /// <summary>Number of values in an image.</summary>
    public long ValueCount => (long)Height * Width * Channels;

    /// <summary>Blue, green, red, alpha: four bytes per pixel.</summary>
    public static PixelFormat Bgra32(int height, int width) => new(height, width, 4, 2, 1, 0, false);

    /// <summary>Red, green, blue, alpha: four bytes per pixel.</summary>
    public static PixelFormat Rgba32(int height, int width) => new(height, width, 4, 0, 1, 2, false);

    /// <summary>
    /// Values in the order red, green, blue; one channel is gray, a second one is ignored, four channels begin with
    /// alpha (as ML.NET's ExtractPixels lays them out).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive, or there are more than four
    /// channels.</exception>
    public static PixelFormat FromChannels(int height, int width, int channels, bool isPlanar)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(channels, 4);
        return channels switch
        {
            1 or 2 => new(height, width, channels, 0, 0, 0, isPlanar),
            3 => new(height, width, channels, 0, 1, 2, isPlanar),
            _ => new(height, width, channels, 1, 2, 3, isPlanar),
        };
    }
}
