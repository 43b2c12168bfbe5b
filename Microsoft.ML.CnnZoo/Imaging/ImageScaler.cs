using System.Numerics.Tensors;

namespace Microsoft.ML.CnnZoo.Imaging;

/// <summary>
/// Brings decoded images to a network's height, width and channels: colour order, grey, crop and scale in one pass over the source rows.
/// </summary>
/// <remarks>
/// Source: bytes or floats in a <see cref="PixelFormat"/> → target [height, width, channels], red first. Values keep their range; bytes are rounded to the nearest.
/// One channel from three: grey = 0.299·red + 0.587·green + 0.114·blue (ITU-R BT.601); three from one: repeated. An image that already has the network's size keeps its pixels.
/// Alpha is ignored. Not thread-safe: it keeps row buffers and the filter of the last image size.
/// </remarks>
public sealed class ImageScaler
{
    private const float RedWeight = 0.299f, GreenWeight = 0.587f, BlueWeight = 0.114f;
    private ResamplingWeights? _across, _down;
    private (int Height, int Width) _prepared;
    private float[] _sourceRow = [], _scaledRow = [];
    private readonly float[] _image;

    /// <summary>Creates a scaler.</summary>
    /// <param name="height">Rows of the network's images.</param>
    /// <param name="width">Columns.</param>
    /// <param name="channels">1 for grey, 3 for colour.</param>
    /// <param name="fit">What becomes of images of another shape.</param>
    public ImageScaler(int height, int width, int channels, ImageFit fit = ImageFit.CenterCrop)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        if (channels is not (1 or 3))
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "Networks take images of 1 or 3 channels.");
        (Height, Width, Channels, Fit) = (height, width, channels, fit);
        _image = new float[ValueCount];
    }

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

    /// <summary>Scales an image of bytes.</summary>
    /// <param name="pixels">Values as <paramref name="format"/> says.</param>
    /// <param name="format">Size and order of the source.</param>
    /// <param name="target">Receives <see cref="ValueCount"/> bytes.</param>
    /// <exception cref="ArgumentException">The number of values does not fit.</exception>
    public void Scale(ReadOnlySpan<byte> pixels, in PixelFormat format, Span<byte> target)
    {
        Check(pixels.Length, format, target.Length);
        if (IsTargetLayout(format))
        {
            pixels[..ValueCount].CopyTo(target);
            return;
        }
        ScaleRows(pixels, format, _image, static (source, row) => PixelNormalization.ToFloat(source, row));
        for (int i = 0; i < _image.Length; i++)
            target[i] = (byte)Math.Clamp(_image[i] + 0.5f, 0f, 255f);
    }

    /// <summary>Scales an image of floats.</summary>
    /// <inheritdoc cref="Scale(ReadOnlySpan{byte}, in PixelFormat, Span{byte})"/>
    public void Scale(ReadOnlySpan<float> pixels, in PixelFormat format, Span<float> target)
    {
        Check(pixels.Length, format, target.Length);
        if (IsTargetLayout(format))
        {
            pixels[..ValueCount].CopyTo(target);
            return;
        }
        ScaleRows(pixels, format, target[..ValueCount], static (source, row) => source.CopyTo(row));
    }

    /// <summary>Whether an image is there already: of the target's size, its values in the target's order.</summary>
    private bool IsTargetLayout(in PixelFormat format) =>
        format.Height == Height && format.Width == Width && Channels == format.Channels
        && (Channels == 1 || format is { IsPlanar: false, Red: 0, Green: 1, Blue: 2 });

    private delegate void Load<T>(ReadOnlySpan<T> source, Span<float> row);

    private void ScaleRows<T>(ReadOnlySpan<T> pixels, in PixelFormat format, Span<float> target, Load<T> load)
    {
        Prepare(format);
        Span<float> source = _sourceRow.AsSpan(0, format.Width * Channels), scaled = _scaledRow.AsSpan(0, Width * Channels);
        Span<float> raw = _sourceRow.AsSpan(format.Width * Channels, format.Width * format.Channels);
        bool sameSize = format.Height == Height && format.Width == Width;
        target.Clear();
        int firstTarget = 0;
        for (int y = _down!.First(0); y < format.Height; y++)
        {
            while (firstTarget < Height && _down.End(firstTarget) <= y)
                firstTarget++;
            if (firstTarget == Height)
                break;
            LoadRow(pixels, format, y, raw, load);
            ToPlanes(raw, format, source);
            ScaleAcross(source, format.Width, scaled, sameSize);
            for (int row = firstTarget; row < Height && _down.First(row) <= y; row++)
            {
                float weight = _down.Weights(row)[y - _down.First(row)];
                Span<float> sum = target.Slice(row * scaled.Length, scaled.Length);
                TensorPrimitives.MultiplyAdd(scaled, weight, sum, sum);
            }
        }
    }

    /// <summary>One source row as floats, in the source's own order (plane after plane for planar images).</summary>
    private static void LoadRow<T>(ReadOnlySpan<T> pixels, in PixelFormat format, int y, Span<float> raw, Load<T> load)
    {
        if (!format.IsPlanar)
        {
            load(pixels.Slice(y * format.Width * format.Channels, raw.Length), raw);
            return;
        }
        for (int c = 0; c < format.Channels; c++)
            load(pixels.Slice((c * format.Height + y) * format.Width, format.Width), raw.Slice(c * format.Width, format.Width));
    }

    /// <summary>The network's channels of a row, one after the other.</summary>
    private void ToPlanes(ReadOnlySpan<float> raw, in PixelFormat format, Span<float> planes)
    {
        int width = format.Width, step = format.IsPlanar ? 1 : format.Channels, plane = format.IsPlanar ? width : 1;
        int red = format.Red * plane, green = format.Green * plane, blue = format.Blue * plane;
        if (Channels == 1 && red != green)
        {
            for (int x = 0, i = 0; x < width; x++, i += step)
                planes[x] = RedWeight * raw[red + i] + GreenWeight * raw[green + i] + BlueWeight * raw[blue + i];
            return;
        }
        for (int c = 0; c < Channels; c++)
        {
            int offset = c switch { 0 => red, 1 => green, _ => blue };
            for (int x = 0, i = offset; x < width; x++, i += step)
                planes[c * width + x] = raw[i];
        }
    }

    private void ScaleAcross(ReadOnlySpan<float> planes, int sourceWidth, Span<float> scaled, bool sameSize)
    {
        for (int c = 0; c < Channels; c++)
        {
            ReadOnlySpan<float> plane = planes.Slice(c * sourceWidth, sourceWidth);
            for (int x = 0; x < Width; x++)
            {
                if (sameSize)
                {
                    scaled[x * Channels + c] = plane[x];
                    continue;
                }
                ReadOnlySpan<float> weights = _across!.Weights(x);
                int first = _across.First(x);
                float sum = 0;
                for (int i = 0; i < weights.Length; i++)
                    sum += weights[i] * plane[first + i];
                scaled[x * Channels + c] = sum;
            }
        }
    }

    private void Prepare(in PixelFormat format)
    {
        int rowLength = format.Width * (Channels + format.Channels);
        if (_sourceRow.Length < rowLength)
            _sourceRow = new float[rowLength];
        if (_scaledRow.Length == 0)
            _scaledRow = new float[Width * Channels];
        if (_prepared == (format.Height, format.Width))
            return;
        double usedHeight = format.Height, usedWidth = format.Width;
        if (Fit == ImageFit.CenterCrop)
        {
            usedHeight = Math.Min(format.Height, (double)format.Width * Height / Width);
            usedWidth = Math.Min(format.Width, (double)format.Height * Width / Height);
        }
        _across = new ResamplingWeights(format.Width, (format.Width - usedWidth) / 2, usedWidth, Width);
        _down = new ResamplingWeights(format.Height, (format.Height - usedHeight) / 2, usedHeight, Height);
        _prepared = (format.Height, format.Width);
    }

    private void Check(int length, in PixelFormat format, int targetLength)
    {
        if (length < format.ValueCount)
            throw new ArgumentException($"An image of {format.Height}x{format.Width} pixels with {format.Channels} channels has {format.ValueCount} values; {length} were given.");
        if (targetLength < ValueCount)
            throw new ArgumentException($"The target takes {ValueCount} values; it has room for {targetLength}.");
    }
}
