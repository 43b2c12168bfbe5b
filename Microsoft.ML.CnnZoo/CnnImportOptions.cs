namespace Microsoft.ML.CnnZoo;

/// <summary>What a file may leave unsaid of the network in it. All of it is optional.</summary>
public sealed record CnnImportOptions
{
    /// <summary>
    /// What the network expects of pixels. Default: null, what the file states: in its metadata or by its first nodes;
    /// where it states nothing, torchvision's for networks that take channels first and [-1, 1] for others, which is
    /// logged as a warning when the network is used.
    /// </summary>
    public ImagePreprocessing? Preprocessing { get; init; }

    /// <summary>Size of the images, for files that leave it open. Default: null, the file's.</summary>
    public ImageShape? Image { get; init; }

    /// <summary>Class names, in the order of the network's outputs. Default: null, the file's, or numbers.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>
    /// Name of the layer that gives the classes: it starts fresh for another number of classes. Default: null, the last
    /// dense layer or 1x1 convolution.
    /// </summary>
    public string? Classifier { get; init; }

    /// <summary>
    /// Whether the file's last layer gives classes. Default: true; false for a network that ends with features, to
    /// which training adds a classifier: needed only where the features come from a 1x1 convolution, for other networks
    /// it is seen.
    /// </summary>
    public bool HasClassifier { get; init; } = true;

    /// <summary>
    /// The signature of a SavedModel. Default: null, <c>serving_default</c>, or the only one.
    /// </summary>
    public string? Signature { get; init; }

    /// <summary>
    /// Whether training starts from the file's weights. Default: true; false for the architecture alone.
    /// </summary>
    public bool KeepWeights { get; init; } = true;
}
