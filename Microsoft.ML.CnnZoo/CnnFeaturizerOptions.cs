namespace Microsoft.ML.CnnZoo;

/// <summary>What becomes of a layer's feature maps in a vector.</summary>
public enum FeaturePooling
{
    /// <summary>The mean over the pixels of each map: one number for each channel.</summary>
    Average,
    /// <summary>All numbers, in the order height, width, channels.</summary>
    None,
}

/// <summary>Options of <c>mlContext.Transforms.FeaturizeCnn</c>.</summary>
public sealed record CnnFeaturizerOptions
{
    /// <summary>
    /// The layer whose output becomes the vector: a layer or stage as <c>cnnzoo summary</c> lists them (<c>conv4_2</c>),
    /// of which the last node counts, or a node of the graph (<c>conv4_2/a/Relu</c>). Default: null, the input of the
    /// layer that gives the classes.
    /// </summary>
    public string? Layer { get; init; }

    /// <summary>What becomes of feature maps; without effect on layers that give one pixel. Default: Average.</summary>
    public FeaturePooling Pooling { get; init; }

    /// <summary>How images of another shape are brought to the network's size. Default: null, as the model does it, else
    /// CenterCrop.</summary>
    public ImageFit? ImageFit { get; init; }

    /// <summary>
    /// value · scale + offset per channel, before the network. Default: null, what the model or the weights ask for.
    /// </summary>
    public PixelNormalization? ImageNormalization { get; init; }

    /// <summary>
    /// What is done about images that are missing or cannot be decoded. Default:
    /// <see cref="BadImageScoring.ScoreAsMissing"/>: NaN in all slots, and a warning.
    /// </summary>
    public BadImageScoring BadImages { get; init; }
}
