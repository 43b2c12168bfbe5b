namespace Microsoft.ML.CnnZoo.Imaging;

/// <summary>
/// An affine change of a crop about its center: where each point of the result comes from, in pixels of the target,
/// x to the right and y down. The default changes nothing.
/// </summary>
/// <remarks>(x, y) - center = M·((x', y') - center) + (X, Y), x' and y' of the result, M = 1 + (XX XY; YX YY).</remarks>
internal readonly record struct ImageWarp(double XX, double XY, double YX, double YY, double X, double Y)
{
    /// <summary>Whether nothing is changed.</summary>
    public bool IsNone => this == default;

    /// <summary>Shears, then enlarges, turns and moves.</summary>
    /// <param name="degrees">Angle, counterclockwise.</param>
    /// <param name="scale">Factor, > 0.</param>
    /// <param name="shearX">How far x moves with each pixel down.</param>
    /// <param name="shearY">How far y moves with each pixel to the right; not together with shearX.</param>
    /// <param name="right">Shift to the right, pixels.</param>
    /// <param name="down">Shift downwards, pixels.</param>
    public static ImageWarp Create(double degrees, double scale, double shearX, double shearY, double right,
        double down)
    {
        (double sin, double cos) = Math.SinCos(double.DegreesToRadians(degrees));
        // The inverse of each step, the last step first: x = cos·x' - sin·y', y = sin·x' + cos·y', y pointing down.
        double xx = cos / scale, xy = -sin / scale, yx = sin / scale, yy = cos / scale;
        (xx, xy, yx, yy) = (xx - shearX * yx, xy - shearX * yy, yx - shearY * xx, yy - shearY * xy);
        return new(xx - 1, xy, yx, yy - 1, -(xx * right + xy * down), -(yx * right + yy * down));
    }
}
