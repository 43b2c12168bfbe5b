using System.Runtime.InteropServices;
using Microsoft.ML.CnnZoo.Imaging;

namespace Microsoft.ML.CnnZoo.Data;

/// <summary>How the values of a <see cref="RawImage"/> are to be read.</summary>
internal enum RawImageKind
{
    /// <summary>The bytes of an image file.</summary>
    Encoded,
    /// <summary>Pixels of 32 bits as a bitmap holds them: colors multiplied by alpha, as a rule.</summary>
    Bitmap,
    /// <summary>Pixels, bytes 0…255.</summary>
    Bytes,
    /// <summary>Pixels, floats scaled as the user likes.</summary>
    Floats,
}

/// <summary>A row's image as its column has it. Buffers are used again for the next row.</summary>
internal sealed class RawImage
{
    private const int LargeBuffer = 4 << 20;
    private byte[] _bytes = [];
    private float[] _floats = [];
    private int _length;

    /// <summary>What was wrong when fetching or decoding gave nothing.</summary>
    public string Problem { get; set; } = "";

    /// <summary>The file that the image was read from, where it is known.</summary>
    public string? File { get; set; }

    /// <summary>How the values are to be read.</summary>
    public RawImageKind Kind { get; private set; }

    /// <summary>Size and order of the pixels; not of an encoded file.</summary>
    public PixelFormat Format { get; private set; }

    /// <summary>Shorter side in pixels, upright; once it was decoded.</summary>
    public int ShorterSide { get; set; }

    /// <summary>An encoded file, or pixels that are bytes.</summary>
    public Span<byte> Bytes => _bytes.AsSpan(0, _length);

    /// <summary>Pixels that are floats.</summary>
    public ReadOnlySpan<float> Floats => _floats.AsSpan(0, _length);

    /// <summary>Bytes that this takes in memory.</summary>
    public long BufferBytes => Math.Max(_bytes.Length, (long)_floats.Length * sizeof(float));

    /// <summary>What was wrong, with the file's name where it is known.</summary>
    public string ProblemWithFile => File is null ? Problem : $"'{File}': {Problem}";

    /// <summary>Makes room for an encoded file.</summary>
    public Span<byte> SetEncoded(int length)
    {
        Kind = RawImageKind.Encoded;
        return Room(ref _bytes, length);
    }

    /// <summary>Makes room for the pixels of a bitmap.</summary>
    public Span<byte> SetBitmap(in PixelFormat format)
    {
        (Kind, Format) = (RawImageKind.Bitmap, format);
        return Room(ref _bytes, checked((int)format.ValueCount));
    }

    /// <summary>Makes room for pixels.</summary>
    /// <typeparam name="T">byte or float.</typeparam>
    public Span<T> SetPixels<T>(in PixelFormat format) where T : unmanaged
    {
        bool floats = typeof(T) == typeof(float);
        (Kind, Format) = (floats ? RawImageKind.Floats : RawImageKind.Bytes, format);
        int length = checked((int)format.ValueCount);
        return floats ? MemoryMarshal.Cast<float, T>(Room(ref _floats, length))
            : MemoryMarshal.Cast<byte, T>(Room(ref _bytes, length));
    }

    /// <summary>Frees large buffers.</summary>
    public void Release()
    {
        _length = 0;
        if (_bytes.Length > LargeBuffer)
            _bytes = [];
        if (_floats.Length > LargeBuffer)
            _floats = [];
    }

    private Span<T> Room<T>(ref T[] buffer, int length)
    {
        if (buffer.Length < length)
            buffer = GC.AllocateUninitializedArray<T>(length);
        _length = length;
        return buffer.AsSpan(0, length);
    }
}
