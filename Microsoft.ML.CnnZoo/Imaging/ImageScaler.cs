namespace Microsoft.ML.CnnZoo.Imaging;

/// <summary>
/// Brings decoded images to a network's height, width and channels: color order, gray, crop and scale in one pass over
/// the source rows.
/// </summary>
/// <remarks>
/// Source: bytes or floats in a <see cref="PixelFormat"/> → target [height, width, channels], red first. Values keep
/// their range; bytes are rounded to the nearest. One channel from three: gray = 0.299·red + 0.587·green + 0.114·blue
/// (ITU-R BT.601); three from one: repeated. An image that already has the network's size keeps its pixels. Alpha is
/// ignored. Not thread-safe: it keeps row buffers and the filter of the last image size.
/// </remarks>
internal sealed class ImageScaler
{
    private readonly RegionScaler _regions;
    private readonly int _shorterSide;
    private float[] _image = [];

    /// <summary>Creates a scaler.</summary>
    /// <param name="height">Rows of the network's images.</param>
    /// <param name="width">Columns.</param>
    /// <param name="channels">1 for gray, 3 for color.</param>
    /// <param name="fit">What becomes of images of another shape.</param>
    public ImageScaler(int height, int width, int channels, ImageFit fit = ImageFit.CenterCrop)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        if (channels is not (1 or 3))
            throw new ArgumentOutOfRangeException(
                nameof(channels), channels, "Networks take images of 1 or 3 channels.");
        (Height, Width, Channels, Fit) = (height, width, channels, fit);
        _regions = new RegionScaler(channels);
    }

    private ImageScaler(int shorterSide, int channels) : this(shorterSide, shorterSide, channels, ImageFit.Stretch) =>
        _shorterSide = shorterSide;

    /// <summary>Rows of the target.</summary>
    public int Height { get; }
    /// <summary>Columns of the target.</summary>
    public int Width { get; }
    /// <summary>Channels of the target.</summary>
    public int Channels { get; }
    /// <summary>What becomes of images of another shape.</summary>
    public ImageFit Fit { get; }
    /// <summary>Values in a target image.</summary>
    public int ValueCount => Height * Width * Channels;

    /// <summary>
    /// A scaler that keeps each image's shape: its shorter side becomes <paramref name="shorterSide"/> where it is
    /// longer; smaller images keep their size.
    /// </summary>
    internal static ImageScaler KeepingShape(int shorterSide, int channels) => new(shorterSide, channels);

    /// <summary>Rows and columns that an image will have.</summary>
    internal (int Height, int Width) SizeOf(in PixelFormat format)
    {
        if (_shorterSide == 0)
            return (Height, Width);
        double factor = Math.Min(1, (double)_shorterSide / Math.Min(format.Height, format.Width));
        return ((int)Math.Round(format.Height * factor), (int)Math.Round(format.Width * factor));
    }

    /// <summary>Scales an image of bytes.</summary>
    /// <param name="pixels">Values as <paramref name="format"/> says.</param>
    /// <param name="format">Size and order of the source.</param>
    /// <param name="target">Receives <see cref="ValueCount"/> bytes.</param>
    /// <exception cref="ArgumentException">The number of values does not fit.</exception>
    public void Scale(ReadOnlySpan<byte> pixels, in PixelFormat format, Span<byte> target)
    {
        (int height, int width) = Check(pixels.Length, format, target.Length);
        int count = height * width * Channels;
        if (IsTargetLayout(format, height, width))
        {
            pixels[..count].CopyTo(target);
            return;
        }
        if (_image.Length < count)
            _image = new float[count];
        Span<float> image = _image.AsSpan(0, count);
        ScaleTo(pixels, format, height, width, image);
        for (int i = 0; i < image.Length; i++)
            target[i] = (byte)Math.Clamp(image[i] + 0.5f, 0f, 255f);
    }

    /// <summary>Scales an image of floats.</summary>
    /// <inheritdoc cref="Scale(ReadOnlySpan{byte}, in PixelFormat, Span{byte})"/>
    public void Scale(ReadOnlySpan<float> pixels, in PixelFormat format, Span<float> target)
    {
        (int height, int width) = Check(pixels.Length, format, target.Length);
        int count = height * width * Channels;
        if (IsTargetLayout(format, height, width))
            pixels[..count].CopyTo(target);
        else
            ScaleTo(pixels, format, height, width, target[..count]);
    }

    private void ScaleTo<T>(ReadOnlySpan<T> pixels, in PixelFormat format, int height, int width, Span<float> target)
        where T : unmanaged
    {
        if (Fit == ImageFit.Letterbox)
            _regions.Letterbox(pixels, format, height, width, target);
        else
            _regions.Scale(pixels, format, Region(format, height, width), height, width, target);
    }

    /// <summary>Whether an image is there already: of the target's size, its values in the target's order.</summary>
    private bool IsTargetLayout(in PixelFormat format, int height, int width) =>
        format.Height == height && format.Width == width && Channels == format.Channels
        && (Channels == 1 || format is { IsPlanar: false, Red: 0, Green: 1, Blue: 2 });

    private ImageRegion Region(in PixelFormat format, int height, int width) =>
        Fit == ImageFit.CenterCrop ? ImageRegion.Center(format.Height, format.Width, height, width)
            : ImageRegion.All(format.Height, format.Width);

    private (int Height, int Width) Check(int length, in PixelFormat format, int targetLength)
    {
        if (length < format.ValueCount)
            throw new ArgumentException(
                $"An image of {format.Height}x{format.Width} pixels with {format.Channels} channels has "
                + $"{format.ValueCount} values; {length} were given.");
        (int height, int width) = SizeOf(format);
        if (targetLength < (long)height * width * Channels)
            throw new ArgumentException(
                $"The target takes {(long)height * width * Channels} values; it has room for {targetLength}.");
        return (height, width);
    }
}
