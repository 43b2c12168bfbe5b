namespace Microsoft.ML.CnnZoo.Data;

/// <summary>Labeled images that can be had in any order. Read by one thread at a time, not always the same.</summary>
internal interface IBatchSource
{
    /// <summary>Number of images.</summary>
    int Count { get; }

    /// <summary>Size of each image.</summary>
    ImageShape Image { get; }

    /// <summary>The class number of each image.</summary>
    IReadOnlyList<int> Labels { get; }

    /// <summary>Mixes the images of a batch that is trained on; null for none.</summary>
    BatchMixer? Mixer => null;

    /// <summary>Writes chosen images, normalized, and their labels.</summary>
    /// <param name="indices">Which images, each in [0, <see cref="Count"/>).</param>
    /// <param name="images">Receives [n, height, width, channels].</param>
    /// <param name="labels">Receives n class numbers, from 0.</param>
    void Fill(ReadOnlySpan<int> indices, Span<float> images, Span<int> labels);

    /// <summary>
    /// Writes chosen images as they are trained on: augmented, where the source does so. A function of image and epoch.
    /// </summary>
    /// <param name="indices">Which images, each in [0, <see cref="Count"/>).</param>
    /// <param name="epoch">The epoch, from 1.</param>
    /// <param name="images">Receives [n, height, width, channels].</param>
    /// <param name="labels">Receives n class numbers, from 0.</param>
    void FillForTraining(ReadOnlySpan<int> indices, int epoch, Span<float> images, Span<int> labels) =>
        Fill(indices, images, labels);
}
