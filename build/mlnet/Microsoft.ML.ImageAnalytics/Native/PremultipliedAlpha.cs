namespace Microsoft.ML.Data;

/// <summary>Colours of an <see cref="MLImage"/> are premultiplied: stored is colour x alpha / 255, rounded to nearest.</summary>
internal static class PremultipliedAlpha
{
    public static byte Multiply(byte color, byte alpha) => (byte)(((color * alpha) + 127) / 255);

    /// <summary>The colour that <see cref="Multiply"/> made <paramref name="stored"/> from; 0 where nothing is to be seen.</summary>
    public static byte Divide(byte stored, byte alpha) =>
        alpha == 0 ? (byte)0 : (byte)Math.Min(255, ((stored * 255) + (alpha / 2)) / alpha);
}
