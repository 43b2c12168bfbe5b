using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.ML.CnnZoo.Imaging;

namespace Microsoft.ML.CnnZoo.Data;

/// <summary>
/// Labeled, decoded images: as bytes where they came as bytes (a quarter of the memory of floats), cropped, augmented
/// and normalized only as they enter a batch. Where there is a budget, images beyond it lie in a memory-mapped file,
/// and beyond the file's budget they are decoded again when they are wanted.
/// </summary>
/// <typeparam name="T">byte or float.</typeparam>
internal sealed class ImageCache<T> : IBatchSource, IDisposable where T : unmanaged
{
    private const int ValuesWorthAThread = 1 << 17;
    private readonly List<Entry> _entries = [];
    private readonly List<int> _labels = [];
    private readonly ConcurrentBag<CropWriter> _cropWriters = [];
    private readonly PixelStore _store;
    private readonly RereadImages<T>? _reread;
    private readonly ChannelStatistics _statistics;
    private AugmentationSampler _sampler;
    private bool _isAugmented;

    /// <summary>Creates an empty cache, all in memory.</summary>
    /// <param name="image">Size of the images that the network takes.</param>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> is neither byte nor float.</exception>
    public ImageCache(ImageShape image) : this(image, PixelStore.Unlimited(), null)
    {
    }

    /// <summary>Creates an empty cache on a store with a budget.</summary>
    /// <param name="image">Size of the images that the network takes.</param>
    /// <param name="store">Where pixels are cached; it belongs to the caller.</param>
    /// <param name="reread">Decodes images again that cannot be cached; null when all can be.</param>
    internal ImageCache(ImageShape image, PixelStore store, RereadImages<T>? reread)
    {
        if (typeof(T) != typeof(byte) && typeof(T) != typeof(float))
            throw new ArgumentException($"Images are held as bytes or floats, not as {typeof(T).Name}.");
        Image = image;
        _store = store;
        _reread = reread;
        _statistics = new ChannelStatistics(image.Channels);
        _sampler = new AugmentationSampler(ImageAugmentation.None, image, 0, null);
        Normalization = PixelNormalization.Identity(image.Channels);
    }

    /// <summary>Where an image is: in memory; at an offset of the file; or only in its row.</summary>
    private readonly record struct Entry(T[]? Pixels, long Offset, int Height, int Width, long Row);

    /// <inheritdoc/>
    public int Count => _entries.Count;

    /// <inheritdoc/>
    public ImageShape Image { get; }

    /// <inheritdoc/>
    public BatchMixer? Mixer { get; private set; }

    /// <summary>Class numbers, from 0, in the order in which the images were added.</summary>
    public IReadOnlyList<int> Labels => _labels;

    /// <summary>The row of each image.</summary>
    public IReadOnlyList<long> Rows => [.. _entries.Select(e => e.Row)];

    /// <summary>
    /// Numbers of the images, which decide how each is augmented; null for their places here. Ranks of a distributed
    /// training number all their images together.
    /// </summary>
    public IReadOnlyList<int>? Numbers { get; set; }

    /// <summary>What is done to the values as they enter a batch.</summary>
    public PixelNormalization Normalization { get; set; }

    /// <summary>Threads that fill a batch, ≥ 1; what they write does not depend on it.</summary>
    internal int Threads { get; set; } = Environment.ProcessorCount;

    /// <summary>Adds an image of the network's size; the array is not copied.</summary>
    /// <param name="pixels">[height, width, channels].</param>
    /// <param name="label">Class number, from 0.</param>
    public void Add(T[] pixels, int label) => Add(pixels, Image.Height, Image.Width, label);

    /// <summary>
    /// Adds an image of any size; the array is not copied. The network is given its center, or the crop that the
    /// augmentation draws.
    /// </summary>
    /// <param name="pixels">[height, width, channels].</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="label">Class number, from 0.</param>
    public void Add(T[] pixels, int height, int width, int label)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        Add(new CachedImage<T>(pixels, height, width), label, Count);
    }

    /// <summary>Adds the image of a row.</summary>
    internal void Add(in CachedImage<T> image, int label, long row)
    {
        if (!TryAdd(image, label, row))
            throw new InvalidOperationException("The image can neither be cached nor be read again.");
    }

    /// <summary>Adds the image of a row; false where it can neither be cached nor be read again.</summary>
    internal bool TryAdd(in CachedImage<T> image, int label, long row)
    {
        long count = (long)image.Height * image.Width * Image.Channels;
        if (image.Height < 1 || image.Width < 1 || image.Pixels.Length != count)
            throw new ArgumentException(
                $"An image of {image.Height}x{image.Width}x{Image.Channels} has {count} values; "
                + $"{image.Pixels.Length} were given.", nameof(image));
        ArgumentOutOfRangeException.ThrowIfNegative(label);
        if (image.Pixels is byte[] bytes)
            _statistics.Add(bytes);
        else
            _statistics.Add((float[])(object)image.Pixels);
        ReadOnlySpan<byte> raw = MemoryMarshal.AsBytes<T>(image.Pixels);
        long offset = -1;
        bool inMemory = _store.TryTakeMemory(raw.Length);
        if (!inMemory && !_store.TryWrite(raw, out offset) && _reread is null)
            return false;
        _entries.Add(new Entry(inMemory ? image.Pixels : null, offset, image.Height, image.Width, row));
        _labels.Add(label);
        return true;
    }

    /// <summary>
    /// Mean, standard deviation and covariance of the channels over all images added so far, before normalization.
    /// </summary>
    public ChannelStatistics MeasureChannels() => _statistics;

    /// <summary>Augments the images as they are trained on.</summary>
    /// <param name="augmentation">How.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="fit">What becomes of images of another shape.</param>
    /// <param name="rank">The rank of a distributed training: each mixes its images in its own way.</param>
    /// <remarks>Color components are measured on the images added so far.</remarks>
    /// <exception cref="ArgumentException">A value of the augmentation is out of its range.</exception>
    public void Augment(ImageAugmentation augmentation, long seed, ImageFit fit = ImageFit.CenterCrop, int rank = 0)
    {
        ArgumentNullException.ThrowIfNull(augmentation);
        augmentation.Check(Image.Height, Image.Width);
        _isAugmented = !augmentation.IsNone;
        PrincipalColors? colors = augmentation.ColorStandardDeviation > 0 ? new PrincipalColors(_statistics) : null;
        _sampler = new AugmentationSampler(augmentation, Image, seed, colors, fit);
        Mixer = augmentation.Mixes ? new BatchMixer(augmentation, Image, seed + ((long)rank << 32)) : null;
    }

    /// <inheritdoc/>
    public void Fill(ReadOnlySpan<int> indices, Span<float> images, Span<int> labels) =>
        Fill(indices, null, images, labels);

    /// <inheritdoc/>
    public void FillForTraining(ReadOnlySpan<int> indices, int epoch, Span<float> images, Span<int> labels) =>
        Fill(indices, _isAugmented ? epoch : null, images, labels);

    /// <summary>Frees the pixels in memory.</summary>
    public void Dispose()
    {
        _entries.Clear();
        _labels.Clear();
    }

    private unsafe void Fill(ReadOnlySpan<int> indices, int? epoch, Span<float> images, Span<int> labels)
    {
        int size = Image.ValueCount, count = indices.Length;
        for (int i = 0; i < count; i++)
            labels[i] = _labels[indices[i]];
        int[] wanted = indices.ToArray();
        Dictionary<int, CachedImage<T>>? again = ReadAgain(wanted);
        if (images.Length < (long)count * size)
            throw new ArgumentException(
                $"{count} images of {Image} have {(long)count * size} values; there is room for {images.Length}.",
                nameof(images));
        int threads = (int)Math.Clamp(
            (long)count * size / ValuesWorthAThread, 1, Math.Min(Threads, Math.Max(1, count)));
        fixed (float* start = images)
        {
            float* target = start; // a fixed variable cannot be captured; the lambda is done before the pinning ends
            void Write(int part)
            {
                CropWriter writer = _cropWriters.TryTake(out CropWriter? idle) ? idle
                    : new CropWriter(Image.Height, Image.Width, Image.Channels);
                for (int i = part; i < count; i += threads)
                    WriteCrop(writer, wanted[i], epoch, again, new Span<float>(target + (long)i * size, size));
                _cropWriters.Add(writer);
            }
            if (threads == 1)
                Write(0);
            else
                Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, Write);
        }
    }

    private unsafe void WriteCrop(
        CropWriter writer, int index, int? epoch, Dictionary<int, CachedImage<T>>? again, Span<float> target)
    {
        Entry entry = _entries[index];
        ReadOnlySpan<T> pixels = entry.Pixels;
        if (entry.Pixels is null)
            pixels = entry.Offset < 0 ? again![index].Pixels
                : MemoryMarshal.Cast<byte, T>(
                    _store.Read(entry.Offset, entry.Height * entry.Width * Image.Channels * sizeof(T)));
        ImageCrop crop = epoch is { } number ? _sampler.Draw(number, Numbers?[index] ?? index, entry.Height,
            entry.Width)
            : _sampler.Center(entry.Height, entry.Width);
        writer.Write(pixels, entry.Height, entry.Width, crop, Normalization, target);
    }

    /// <summary>The images of a batch that are cached nowhere; null when there are none.</summary>
    private Dictionary<int, CachedImage<T>>? ReadAgain(int[] indices)
    {
        int[] gone = [.. indices.Where(i => _entries[i] is { Pixels: null, Offset: < 0 }).Distinct()
            .OrderBy(i => _entries[i].Row)];
        if (gone.Length == 0)
            return null;
        IReadOnlyList<CachedImage<T>> images =
            _reread!([.. gone.Select(i => _entries[i].Row)], [.. gone.Select(i => _labels[i])]);
        var again = new Dictionary<int, CachedImage<T>>();
        for (int k = 0; k < gone.Length; k++)
        {
            Entry entry = _entries[gone[k]];
            if ((images[k].Height, images[k].Width) != (entry.Height, entry.Width))
                throw new InvalidOperationException(
                    $"The image of row {entry.Row} had {entry.Height}x{entry.Width} pixels when it was first read, "
                    + $"and has {images[k].Height}x{images[k].Width} now.");
            again.Add(gone[k], images[k]);
        }
        return again;
    }
}
