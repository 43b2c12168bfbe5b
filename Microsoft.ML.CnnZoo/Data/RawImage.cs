using System.Runtime.InteropServices;
using Microsoft.ML.Data;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>
/// A row's image as its column has it: pixels, or an encoded file. Taken out of the row, so that another thread can decode it while the cursor goes on. Buffers are used again for the
/// next row.
/// </summary>
internal sealed class RawImage
{
    private const int LargeBuffer = 4 << 20;
    private byte[] _bytes = [];
    private float[] _floats = [];
    private MLImage? _decoded;
    private int _length;
    private bool _isEncoded;

    /// <summary>What was wrong when fetching or decoding gave nothing.</summary>
    public string Problem { get; set; } = "";

    /// <summary>Size and order of the pixels, once decoded.</summary>
    public PixelFormat Format { get; private set; }

    /// <summary>Pixels of columns that hold bytes or images, once decoded.</summary>
    public ReadOnlySpan<byte> Bytes => _decoded is null ? _bytes.AsSpan(0, _length) : _decoded.Pixels;

    /// <summary>Pixels of columns that hold floats.</summary>
    public ReadOnlySpan<float> Floats => _floats.AsSpan(0, _length);

    /// <summary>Bytes that were taken out of the row.</summary>
    public long TakenBytes => Math.Max(_bytes.Length, (long)_floats.Length * sizeof(float));

    /// <summary>Makes room for an encoded file.</summary>
    public Span<byte> SetEncoded(int length)
    {
        _isEncoded = true;
        return Room(ref _bytes, length);
    }

    /// <summary>Makes room for pixels.</summary>
    public Span<T> SetPixels<T>(in PixelFormat format) where T : unmanaged
    {
        (_isEncoded, Format) = (false, format);
        int length = checked((int)format.ValueCount);
        return typeof(T) == typeof(float) ? MemoryMarshal.Cast<float, T>(Room(ref _floats, length)) : MemoryMarshal.Cast<byte, T>(Room(ref _bytes, length));
    }

    /// <summary>Takes the pixels of a decoded image.</summary>
    public void SetImage(MLImage image)
    {
        image.Pixels.CopyTo(SetPixels<byte>(FormatOf(image)));
    }

    /// <summary>Decodes an encoded file by ML.NET's decoder; pixels stay as they are.</summary>
    /// <returns>False when it cannot be decoded: see <see cref="Problem"/>.</returns>
    public bool TryDecode()
    {
        if (!_isEncoded)
            return true;
        try
        {
            _decoded = MLImage.CreateFromStream(new MemoryStream(_bytes, 0, _length, writable: false));
            Format = FormatOf(_decoded);
            return true;
        }
        catch (Exception e) when (ImageReader.IsBadImage(e))
        {
            Problem = $"its {_length} bytes cannot be decoded: {e.Message}";
            return false;
        }
    }

    /// <summary>Lets the decoded pixels go, and large buffers with them.</summary>
    public void Release()
    {
        _decoded?.Dispose();
        _decoded = null;
        if (_bytes.Length > LargeBuffer)
            _bytes = [];
        if (_floats.Length > LargeBuffer)
            _floats = [];
    }

    private static PixelFormat FormatOf(MLImage image) =>
        image.PixelFormat == MLPixelFormat.Rgba32 ? PixelFormat.Rgba32(image.Height, image.Width) : PixelFormat.Bgra32(image.Height, image.Width);

    private Span<T> Room<T>(ref T[] buffer, int length)
    {
        if (buffer.Length < length)
            buffer = new T[length];
        _decoded?.Dispose();
        (_decoded, _length) = (null, length);
        return buffer.AsSpan(0, length);
    }
}

/// <summary>Takes the image out of the present row. Belongs to one row or cursor.</summary>
internal abstract class ImageFetcher
{
    /// <summary>Takes the image.</summary>
    /// <returns>False when there is none: see <see cref="RawImage.Problem"/>.</returns>
    public abstract bool TryFetch(RawImage target);

    /// <summary>A fetcher for the feature column of a row or cursor.</summary>
    public static ImageFetcher Create(DataViewRow row, in FeatureColumn feature) => feature.Kind switch
    {
        FeatureKind.Image => new DecodedImages(row.GetGetter<MLImage>(feature.Column)),
        FeatureKind.EncodedImage => new EncodedImages(row.GetGetter<VBuffer<byte>>(feature.Column)),
        FeatureKind.BytePixels => new Pixels<byte>(row.GetGetter<VBuffer<byte>>(feature.Column), feature.Format),
        _ => new Pixels<float>(row.GetGetter<VBuffer<float>>(feature.Column), feature.Format),
    };

    /// <summary>MLImage columns. The images belong to the cursor, which disposes them.</summary>
    private sealed class DecodedImages(ValueGetter<MLImage> getter) : ImageFetcher
    {
        private MLImage _image = null!;

        public override bool TryFetch(RawImage target)
        {
            getter(ref _image);
            if (_image is null)
            {
                target.Problem = "there is no image";
                return false;
            }
            target.SetImage(_image);
            return true;
        }
    }

    /// <summary>Encoded files in memory.</summary>
    private sealed class EncodedImages(ValueGetter<VBuffer<byte>> getter) : ImageFetcher
    {
        private VBuffer<byte> _file;

        public override bool TryFetch(RawImage target)
        {
            getter(ref _file);
            if (_file.Length == 0)
            {
                target.Problem = "there is no image";
                return false;
            }
            _file.CopyTo(target.SetEncoded(_file.Length));
            return true;
        }
    }

    /// <summary>Pixels in a vector.</summary>
    private sealed class Pixels<T>(ValueGetter<VBuffer<T>> getter, PixelFormat format) : ImageFetcher where T : unmanaged
    {
        private VBuffer<T> _buffer;

        public override bool TryFetch(RawImage target)
        {
            getter(ref _buffer);
            if (_buffer.Length != format.ValueCount)
            {
                target.Problem = $"it has {_buffer.Length} values; expected {format.ValueCount} for {format.Height}x{format.Width} pixels with {format.Channels} channels";
                return false;
            }
            _buffer.CopyTo(target.SetPixels<T>(format));
            return true;
        }
    }
}
