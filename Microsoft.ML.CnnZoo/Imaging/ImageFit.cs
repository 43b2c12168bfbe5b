namespace Microsoft.ML.CnnZoo;

/// <summary>How an image of another shape is brought to a network's size.</summary>
public enum ImageFit
{
    /// <summary>
    /// The largest centered crop of the network's shape is scaled: nothing is distorted, edges may be lost.
    /// </summary>
    CenterCrop,
    /// <summary>The whole image is scaled, each direction by its own factor.</summary>
    Stretch,
}
