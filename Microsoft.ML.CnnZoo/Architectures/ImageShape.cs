namespace Microsoft.ML.CnnZoo;

/// <summary>Size of an image.</summary>
/// <param name="Height">Height in pixels.</param>
/// <param name="Width">Width in pixels.</param>
/// <param name="Channels">1 for gray, 3 for red, green, blue.</param>
public readonly record struct ImageShape(int Height, int Width, int Channels)
{
    /// <summary>Values of one image.</summary>
    internal int ValueCount => checked(Height * Width * Channels);

    /// <summary>For example <c>32x32x1</c>.</summary>
    public override string ToString() => $"{Height}x{Width}x{Channels}";
}
