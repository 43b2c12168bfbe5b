namespace Degradation;

/// <summary>An image of known size and what it shows.</summary>
internal sealed class LabeledPixels
{
    /// <summary>[height, width, channels].</summary>
    public byte[] Pixels { get; set; } = [];

    /// <summary>The class.</summary>
    public int Label { get; set; }
}
