using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Imaging;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>
/// Labelled images in memory, at the network's size: as bytes where they came as bytes (a quarter of the memory of floats), normalised only as they enter a batch.
/// </summary>
/// <typeparam name="T">byte or float.</typeparam>
public sealed class ImageCache<T> : IBatchSource where T : unmanaged
{
    private readonly List<T[]> _images = [];
    private readonly List<int> _labels = [];

    /// <summary>Creates an empty cache.</summary>
    /// <param name="image">Size of each image.</param>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> is neither byte nor float.</exception>
    public ImageCache(ImageShape image)
    {
        if (typeof(T) != typeof(byte) && typeof(T) != typeof(float))
            throw new ArgumentException($"Images are held as bytes or floats, not as {typeof(T).Name}.");
        Image = image;
        Normalization = PixelNormalization.Identity(image.Channels);
    }

    /// <inheritdoc/>
    public int Count => _images.Count;

    /// <inheritdoc/>
    public ImageShape Image { get; }

    /// <summary>Class numbers, from 0, in the order in which the images were added.</summary>
    public IReadOnlyList<int> Labels => _labels;

    /// <summary>What is done to the values as they enter a batch.</summary>
    public PixelNormalization Normalization { get; set; }

    /// <summary>Adds an image; the array is kept.</summary>
    /// <param name="pixels">[height, width, channels].</param>
    /// <param name="label">Class number, from 0.</param>
    public void Add(T[] pixels, int label)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        if (pixels.Length != Image.ValueCount())
            throw new ArgumentException($"An image of {Image} has {Image.ValueCount()} values; {pixels.Length} were given.", nameof(pixels));
        ArgumentOutOfRangeException.ThrowIfNegative(label);
        _images.Add(pixels);
        _labels.Add(label);
    }

    /// <summary>Mean and deviation of each channel over all images, before normalisation.</summary>
    public ChannelStatistics MeasureChannels()
    {
        var statistics = new ChannelStatistics(Image.Channels);
        foreach (T[] image in _images)
        {
            if (image is byte[] bytes)
                statistics.Add(bytes);
            else
                statistics.Add((float[])(object)image);
        }
        return statistics;
    }

    /// <inheritdoc/>
    public void Fill(ReadOnlySpan<int> indices, Span<float> images, Span<int> labels)
    {
        int size = Image.ValueCount();
        for (int i = 0; i < indices.Length; i++)
        {
            Span<float> target = images.Slice(i * size, size);
            if (_images[indices[i]] is byte[] bytes)
                Normalization.Apply(bytes, target);
            else
                Normalization.Apply((float[])(object)_images[indices[i]], target);
            labels[i] = _labels[indices[i]];
        }
    }
}

/// <summary>Some of the images of another source.</summary>
/// <param name="source">The source.</param>
/// <param name="indices">Which of its images, in order.</param>
public sealed class BatchSubset(IBatchSource source, IReadOnlyList<int> indices) : IBatchSource
{
    private readonly int[] _indices = [.. indices];

    /// <inheritdoc/>
    public int Count => _indices.Length;

    /// <inheritdoc/>
    public ImageShape Image => source.Image;

    /// <inheritdoc/>
    public void Fill(ReadOnlySpan<int> indices, Span<float> images, Span<int> labels)
    {
        Span<int> inner = indices.Length <= 256 ? stackalloc int[indices.Length] : new int[indices.Length];
        for (int i = 0; i < indices.Length; i++)
            inner[i] = _indices[indices[i]];
        source.Fill(inner, images, labels);
    }
}
