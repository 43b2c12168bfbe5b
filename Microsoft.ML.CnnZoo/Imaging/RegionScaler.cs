using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Microsoft.ML.CnnZoo.Imaging;

/// <summary>A rectangle of an image, in pixels; edges may lie within pixels.</summary>
/// <param name="Top">Upper edge.</param>
/// <param name="Left">Left edge.</param>
/// <param name="Height">Height.</param>
/// <param name="Width">Width.</param>
internal readonly record struct ImageRegion(double Top, double Left, double Height, double Width)
{
    /// <summary>All of an image.</summary>
    public static ImageRegion All(int height, int width) => new(0, 0, height, width);

    /// <summary>
    /// The largest centered rectangle with the shape of <paramref name="targetHeight"/> by <paramref
    /// name="targetWidth"/>.
    /// </summary>
    public static ImageRegion Center(int height, int width, int targetHeight, int targetWidth)
    {
        double usedHeight = Math.Min(height, (double)width * targetHeight / targetWidth),
            usedWidth = Math.Min(width, (double)height * targetWidth / targetHeight);
        return new((height - usedHeight) / 2, (width - usedWidth) / 2, usedHeight, usedWidth);
    }
}

/// <summary>
/// Scales rectangles of images in one pass over the source rows: color order, gray, crop, size, mirroring. Keeps row
/// buffers and the last filters: not thread-safe.
/// </summary>
/// <param name="channels">Channels of the target: 1 or 3, red first.</param>
internal sealed class RegionScaler(int channels)
{
    private const float RedWeight = 0.299f, GreenWeight = 0.587f, BlueWeight = 0.114f;
    private ResamplingWeights? _across, _down;
    private (int Source, double Start, double Extent, int Target) _acrossKey, _downKey;
    private float[] _sourceRow = [], _scaledRow = [], _inner = [];

    /// <summary>Scales to floats of the same range.</summary>
    /// <typeparam name="T">byte or float.</typeparam>
    /// <param name="pixels">Values as <paramref name="format"/> says.</param>
    /// <param name="format">Size and order of the source.</param>
    /// <param name="region">The rectangle that is wanted, within the image.</param>
    /// <param name="height">Rows of the target.</param>
    /// <param name="width">Columns of the target.</param>
    /// <param name="target">Receives [height, width, channels].</param>
    /// <param name="mirror">Whether right becomes left.</param>
    public void Scale<T>(ReadOnlySpan<T> pixels, in PixelFormat format, in ImageRegion region, int height, int width,
        Span<float> target, bool mirror = false) where T : unmanaged
    {
        Prepare(format, region, height, width);
        ResamplingWeights across = _across!, down = _down!;
        int left = across.First(0), columns = across.End(width - 1) - left;
        int rowLength = columns * (channels + format.Channels);
        if (_sourceRow.Length < rowLength)
            _sourceRow = new float[rowLength];
        if (_scaledRow.Length < width * channels)
            _scaledRow = new float[width * channels];
        Span<float> source = _sourceRow.AsSpan(0, columns * channels), scaled = _scaledRow.AsSpan(0, width * channels);
        Span<float> raw = _sourceRow.AsSpan(columns * channels, columns * format.Channels);
        target.Clear();
        int firstTarget = 0;
        for (int y = down.First(0); y < format.Height; y++)
        {
            while (firstTarget < height && down.End(firstTarget) <= y)
                firstTarget++;
            if (firstTarget == height)
                break;
            LoadRow(pixels, format, y, left, columns, raw);
            ToPlanes(raw, format, columns, source);
            ScaleAcross(across, source, left, columns, scaled, width, mirror);
            for (int row = firstTarget; row < height && down.First(row) <= y; row++)
            {
                float weight = down.Weights(row)[y - down.First(row)];
                Span<float> sum = target.Slice(row * scaled.Length, scaled.Length);
                TensorPrimitives.MultiplyAdd(scaled, weight, sum, sum);
            }
        }
    }

    /// <summary>Scales all of an image with its shape kept, centered, beside bars of its edges' mean color.</summary>
    /// <inheritdoc cref="Scale"/>
    public void Letterbox<T>(ReadOnlySpan<T> pixels, in PixelFormat format, int height, int width, Span<float> target)
        where T : unmanaged
    {
        ImageRegion all = ImageRegion.All(format.Height, format.Width);
        double scale = Math.Min((double)height / format.Height, (double)width / format.Width);
        int innerHeight = Math.Clamp((int)Math.Round(format.Height * scale), 1, height),
            innerWidth = Math.Clamp((int)Math.Round(format.Width * scale), 1, width);
        if (innerHeight == height && innerWidth == width)
        {
            Scale(pixels, format, all, height, width, target);
            return;
        }
        int row = width * channels, innerRow = innerWidth * channels;
        if (_inner.Length < innerHeight * innerRow)
            _inner = new float[innerHeight * innerRow];
        Span<float> inner = _inner.AsSpan(0, innerHeight * innerRow);
        Scale(pixels, format, all, innerHeight, innerWidth, inner);
        Span<float> color = stackalloc float[channels];
        EdgeColor(inner, innerHeight, innerWidth, acrossTop: innerHeight < height, color);
        for (int i = 0; i < height * width; i++)
            color.CopyTo(target[(i * channels)..]);
        int top = (height - innerHeight) / 2, left = (width - innerWidth) / 2 * channels;
        for (int y = 0; y < innerHeight; y++)
            inner.Slice(y * innerRow, innerRow).CopyTo(target[((top + y) * row + left)..]);
    }

    /// <summary>Mean of the first and the last row, or of the first and the last column.</summary>
    private void EdgeColor(ReadOnlySpan<float> image, int height, int width, bool acrossTop, Span<float> color)
    {
        int count = acrossTop ? width : height, step = (acrossTop ? 1 : width) * channels,
            opposite = acrossTop ? (height - 1) * width * channels : (width - 1) * channels;
        color.Clear();
        for (int i = 0; i < count; i++)
            for (int c = 0; c < channels; c++)
                color[c] += (image[i * step + c] + image[opposite + i * step + c]) / (2 * count);
    }

    /// <summary>Bytes or floats as floats.</summary>
    public static void Load<T>(ReadOnlySpan<T> source, Span<float> target) where T : unmanaged
    {
        if (typeof(T) == typeof(byte))
            PixelNormalization.ToFloat(MemoryMarshal.AsBytes(source), target);
        else
            MemoryMarshal.Cast<T, float>(source).CopyTo(target);
    }

    /// <summary>
    /// Part of a source row as floats, in the source's own order (plane after plane for planar images).
    /// </summary>
    private static void LoadRow<T>(
        ReadOnlySpan<T> pixels, in PixelFormat format, int y, int left, int columns, Span<float> raw)
        where T : unmanaged
    {
        if (!format.IsPlanar)
        {
            Load(pixels.Slice((y * format.Width + left) * format.Channels, raw.Length), raw);
            return;
        }
        for (int c = 0; c < format.Channels; c++)
            Load(pixels.Slice((c * format.Height + y) * format.Width + left, columns), raw.Slice(c * columns, columns));
    }

    /// <summary>The target's channels of a row, one after the other.</summary>
    private void ToPlanes(ReadOnlySpan<float> raw, in PixelFormat format, int columns, Span<float> planes)
    {
        int step = format.IsPlanar ? 1 : format.Channels, plane = format.IsPlanar ? columns : 1;
        int red = format.Red * plane, green = format.Green * plane, blue = format.Blue * plane;
        if (channels == 1 && red != green)
        {
            for (int x = 0, i = 0; x < columns; x++, i += step)
                planes[x] = RedWeight * raw[red + i] + GreenWeight * raw[green + i] + BlueWeight * raw[blue + i];
            return;
        }
        for (int c = 0; c < channels; c++)
        {
            int offset = c switch { 0 => red, 1 => green, _ => blue };
            for (int x = 0, i = offset; x < columns; x++, i += step)
                planes[c * columns + x] = raw[i];
        }
    }

    private void ScaleAcross(ResamplingWeights across, ReadOnlySpan<float> planes, int left, int columns,
        Span<float> scaled, int width, bool mirror)
    {
        int step = mirror ? -channels : channels;
        for (int c = 0; c < channels; c++)
        {
            ReadOnlySpan<float> plane = planes.Slice(c * columns, columns);
            int to = (mirror ? (width - 1) * channels : 0) + c;
            if (across.IsCopy)
            {
                for (int x = 0; x < width; x++, to += step)
                    scaled[to] = plane[x];
                continue;
            }
            for (int x = 0; x < width; x++, to += step)
            {
                ReadOnlySpan<float> weights = across.Weights(x),
                    source = plane.Slice(across.First(x) - left, weights.Length);
                float sum = 0;
                for (int i = 0; i < weights.Length; i++)
                    sum += weights[i] * source[i];
                scaled[to] = sum;
            }
        }
    }

    private void Prepare(in PixelFormat format, in ImageRegion region, int height, int width)
    {
        if (_across is null || _acrossKey != (format.Width, region.Left, region.Width, width))
        {
            _acrossKey = (format.Width, region.Left, region.Width, width);
            _across = new ResamplingWeights(format.Width, region.Left, region.Width, width);
        }
        if (_down is null || _downKey != (format.Height, region.Top, region.Height, height))
        {
            _downKey = (format.Height, region.Top, region.Height, height);
            _down = new ResamplingWeights(format.Height, region.Top, region.Height, height);
        }
    }
}
