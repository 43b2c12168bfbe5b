namespace Microsoft.ML.Data;

/// <summary>Encodes an <see cref="MLImage"/> as PNG (lossless but for colours under alpha) or as JPEG of quality 100 (alpha is lost).</summary>
internal static class ImageEncoder
{
    /// <summary>Whether files with this extension can be written, and as what.</summary>
    public static bool TryGetFormat(string extension, out string format)
    {
        format = extension?.ToUpperInvariant() switch
        {
            ".PNG" => "png",
            ".JPG" or ".JPEG" => "jpeg",
            _ => null,
        };
        return format is not null;
    }

    public static byte[] Encode(MLImage image, string format)
    {
        bool opaque = format == "jpeg" || IsOpaque(image.Pixels);
        byte[] colors = opaque ? ToRgb(image) : ToRgba(image);
        return format == "jpeg"
            ? GdkPixbufNative.Encode(colors, image.Width, image.Height, hasAlpha: false, format, "quality", "100")
            : GdkPixbufNative.Encode(colors, image.Width, image.Height, !opaque, format, null, null);
    }

    private static bool IsOpaque(ReadOnlySpan<byte> pixels)
    {
        for (int i = 3; i < pixels.Length; i += 4)
        {
            if (pixels[i] != 255)
                return false;
        }
        return true;
    }

    private static byte[] ToRgb(MLImage image)
    {
        ReadOnlySpan<byte> pixels = image.Pixels;
        int red = image.RedOffset;
        byte[] rgb = new byte[pixels.Length / 4 * 3];
        for (int from = 0, to = 0; from < pixels.Length; from += 4, to += 3)
        {
            rgb[to] = pixels[from + red];
            rgb[to + 1] = pixels[from + 1];
            rgb[to + 2] = pixels[from + 2 - red];
        }
        return rgb;
    }

    private static byte[] ToRgba(MLImage image)
    {
        ReadOnlySpan<byte> pixels = image.Pixels;
        int red = image.RedOffset;
        byte[] rgba = new byte[pixels.Length];
        for (int i = 0; i < pixels.Length; i += 4)
        {
            byte alpha = pixels[i + 3];
            rgba[i] = PremultipliedAlpha.Divide(pixels[i + red], alpha);
            rgba[i + 1] = PremultipliedAlpha.Divide(pixels[i + 1], alpha);
            rgba[i + 2] = PremultipliedAlpha.Divide(pixels[i + 2 - red], alpha);
            rgba[i + 3] = alpha;
        }
        return rgba;
    }
}
