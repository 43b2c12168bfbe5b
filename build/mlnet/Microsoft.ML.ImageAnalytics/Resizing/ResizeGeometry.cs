using static Microsoft.ML.Transforms.Image.ImageResizingEstimator;

namespace Microsoft.ML.Transforms.Image;

/// <summary>Where the whole source picture is drawn on the target: ML.NET's arithmetic, in float, truncating.</summary>
internal readonly record struct ResizeGeometry(int X, int Y, int Width, int Height)
{
    /// <summary>The picture inside the target, centred, its proportions kept.</summary>
    public static ResizeGeometry Pad(int sourceWidth, int sourceHeight, int width, int height)
    {
        float scaleX = (float)width / sourceWidth;
        float scaleY = (float)height / sourceHeight;
        float scale = Math.Min(scaleX, scaleY);
        int x = scaleY < scaleX ? (int)((width - (sourceWidth * scale)) / 2) : 0;
        int y = scaleY < scaleX ? 0 : (int)((height - (sourceHeight * scale)) / 2);
        return new ResizeGeometry(x, y, (int)(sourceWidth * scale), (int)(sourceHeight * scale));
    }

    /// <summary>The picture over all of the target, its proportions kept; what juts out is cut off at the side away from the anchor.</summary>
    /// <remarks>An anchor of the other axis (Left when height is cut) means Center.</remarks>
    public static ResizeGeometry Crop(int sourceWidth, int sourceHeight, int width, int height, Anchor anchor)
    {
        float scaleX = (float)width / sourceWidth;
        float scaleY = (float)height / sourceHeight;
        float scale = Math.Max(scaleX, scaleY);
        if (scaleY < scaleX)
        {
            float overhang = height - (sourceHeight * scale);
            int y = anchor switch { Anchor.Top => 0, Anchor.Bottom => (int)overhang, _ => (int)(overhang / 2) };
            return new ResizeGeometry(0, y, width, Math.Max(height - y, (int)(sourceHeight * scale)));
        }
        else
        {
            float overhang = width - (sourceWidth * scale);
            int x = anchor switch { Anchor.Left => 0, Anchor.Right => (int)overhang, _ => (int)(overhang / 2) };
            return new ResizeGeometry(x, 0, Math.Max(width - x, (int)(sourceWidth * scale)), height);
        }
    }
}
