namespace Microsoft.ML.CnnZoo.Imaging;

/// <summary>Pixels of four bytes, the last of them alpha.</summary>
internal static class AlphaPixels
{
    private const int BytesPerPixel = 4;

    /// <summary>Whether alpha is 255 everywhere.</summary>
    public static bool IsOpaque(ReadOnlySpan<byte> pixels)
    {
        byte least = 255;
        for (int i = BytesPerPixel - 1; i < pixels.Length; i += BytesPerPixel)
            least &= pixels[i];
        return least == 255;
    }

    /// <summary>
    /// Divides colors by alpha, rounded. Of alpha a, about a values of 256 can be told apart: the color of a nearly
    /// transparent pixel is coarse, that of a fully transparent one is lost and stays black. Pixels that cannot be
    /// products (a color above its alpha) are left as they are, all of them.
    /// </summary>
    public static void Unpremultiply(Span<byte> pixels)
    {
        for (int i = 0; i < pixels.Length; i += BytesPerPixel)
            if (Math.Max(pixels[i], Math.Max(pixels[i + 1], pixels[i + 2])) > pixels[i + 3])
                return;
        for (int i = 0; i < pixels.Length; i += BytesPerPixel)
        {
            int alpha = pixels[i + 3];
            if (alpha is 0 or 255)
                continue;
            for (int c = i; c < i + 3; c++)
                pixels[c] = (byte)((pixels[c] * 255 + alpha / 2) / alpha);
        }
    }
}
