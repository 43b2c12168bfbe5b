namespace Microsoft.ML.CnnZoo.Imaging;

/// <summary>
/// How stored pixels lie, as EXIF's tag 0x0112 numbers it: where the first row and the first column of the picture are.
/// </summary>
internal enum ImageOrientation
{
    /// <summary>First row on top, first column at the left.</summary>
    Upright = 1,
    /// <summary>Mirrored left to right.</summary>
    TopRight,
    /// <summary>Turned by 180°.</summary>
    BottomRight,
    /// <summary>Mirrored top to bottom.</summary>
    BottomLeft,
    /// <summary>Rows and columns exchanged.</summary>
    LeftTop,
    /// <summary>To be turned by 90° clockwise: a phone held upright.</summary>
    RightTop,
    /// <summary>Exchanged and turned by 180°.</summary>
    RightBottom,
    /// <summary>To be turned by 90° counterclockwise.</summary>
    LeftBottom,
}

/// <summary>Turns pictures upright.</summary>
internal static class ImageOrientations
{
    /// <summary>Writes the upright picture.</summary>
    /// <param name="orientation">How the pixels lie.</param>
    /// <param name="pixels">[height, width].</param>
    /// <param name="height">Stored rows.</param>
    /// <param name="width">Stored columns.</param>
    /// <param name="target">Receives as many pixels.</param>
    /// <returns>Rows and columns of the upright picture.</returns>
    public static (int Height, int Width) Turn(
        this ImageOrientation orientation, ReadOnlySpan<uint> pixels, int height, int width, Span<uint> target)
    {
        int last = pixels.Length - 1, lastRow = pixels.Length - width;
        (int start, int across, int down) = orientation switch
        {
            ImageOrientation.TopRight => (width - 1, -1, width),
            ImageOrientation.BottomRight => (last, -1, -width),
            ImageOrientation.BottomLeft => (lastRow, 1, -width),
            ImageOrientation.LeftTop => (0, width, 1),
            ImageOrientation.RightTop => (lastRow, -width, 1),
            ImageOrientation.RightBottom => (last, -width, -1),
            ImageOrientation.LeftBottom => (width - 1, width, -1),
            _ => (0, 1, width),
        };
        (int rows, int columns) = orientation >= ImageOrientation.LeftTop ? (width, height) : (height, width);
        for (int y = 0, i = 0; y < rows; y++)
            for (int x = 0, from = start + y * down; x < columns; x++, from += across)
                target[i++] = pixels[from];
        return (rows, columns);
    }
}
