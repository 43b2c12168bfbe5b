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
    /// <summary>
    /// The whole image is scaled with its shape kept, and centered; the rest gets the mean color of the edges that it
    /// adjoins. Augmentation that takes crops of any size takes them from the image itself, without that rest.
    /// </summary>
    Letterbox,
}
