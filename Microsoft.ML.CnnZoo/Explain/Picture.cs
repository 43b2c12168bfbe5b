using System.Runtime.InteropServices;
using SkiaSharp;

namespace Microsoft.ML.CnnZoo.Explain;

/// <summary>An opaque picture.</summary>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
/// <param name="Pixels">Red, green, blue and 255, row by row.</param>
internal sealed record Picture(int Height, int Width, byte[] Pixels)
{
    /// <summary>How SkiaSharp is told about a picture.</summary>
    public static SKImageInfo Info(int height, int width) =>
        new(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque);

    /// <summary>A copy for SkiaSharp, to be disposed.</summary>
    public SKBitmap ToBitmap()
    {
        var bitmap = new SKBitmap(Info(Height, Width));
        Marshal.Copy(Pixels, 0, bitmap.GetPixels(), Pixels.Length);
        return bitmap;
    }

    /// <summary>The picture as PNG.</summary>
    public byte[] ToPng()
    {
        using SKBitmap bitmap = ToBitmap();
        using SKData png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }
}
