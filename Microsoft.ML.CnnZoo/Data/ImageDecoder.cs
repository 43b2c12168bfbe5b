using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Microsoft.ML.CnnZoo.Imaging;
using SkiaSharp;

namespace Microsoft.ML.CnnZoo.Data;

/// <summary>
/// Makes pixels of what a row holds and scales them, or says why that cannot be. Dimensions are compared with a limit
/// before memory is taken for pixels; an image that is incomplete, or that has values that are not finite, is refused.
/// Keeps its buffers: not thread-safe.
/// </summary>
/// <remarks>
/// Pictures come out upright, as their EXIF orientation says, and without alpha: colors are those that are stored, not
/// multiplied by it. Color profiles are not applied. Where a bitmap was decoded by another (ML.NET's LoadImages) and
/// its file is known, the file's header tells its orientation, and whether missing pixels are the file's fault.
/// </remarks>
/// <param name="scaler">To the size that is wanted; belongs to this decoder.</param>
/// <param name="maxPixels">Most pixels that an image may have, ≥ 1.</param>
internal sealed class ImageDecoder(ImageScaler scaler, long maxPixels)
{
    /// <summary>Twice the largest pictures of common cameras; 400 MB decoded.</summary>
    public const long DefaultMaxPixels = 100_000_000;

    private const int BytesPerPixel = 4, LargeBuffer = 64 << 20;
    private byte[] _pixels = [], _upright = [];

    /// <summary>Decodes and scales an image, whatever its size.</summary>
    /// <typeparam name="T">float for columns of floats, else byte.</typeparam>
    /// <returns>Null when the image is bad: see <see cref="RawImage.Problem"/>.</returns>
    public CachedImage<T>? Decode<T>(RawImage raw) where T : unmanaged
    {
        if (!TryGetPixels(raw, out ReadOnlySpan<byte> bytes, out PixelFormat format))
            return null;
        (int height, int width) = scaler.SizeOf(format);
        var pixels = new T[height * width * scaler.Channels];
        Scale<T>(raw, bytes, format, pixels);
        return new CachedImage<T>(pixels, height, width) { Original = (format.Height, format.Width) };
    }

    /// <summary>Decodes and scales an image to a size that is the same for all.</summary>
    /// <param name="raw">The image.</param>
    /// <param name="target">Receives <see cref="ImageScaler.ValueCount"/> values.</param>
    /// <returns>False when the image is bad: see <see cref="RawImage.Problem"/>.</returns>
    public bool TryDecode<T>(RawImage raw, Span<T> target) where T : unmanaged
    {
        if (!TryGetPixels(raw, out ReadOnlySpan<byte> bytes, out PixelFormat format))
            return false;
        Scale(raw, bytes, format, target);
        return true;
    }

    /// <summary>Whether an exception says that an image is bad, rather than that something else went wrong.</summary>
    public static bool IsBadImage(Exception e) => e is not ObjectDisposedException
        && e is ArgumentException or InvalidOperationException or IOException or InvalidDataException
            or FormatException or NotSupportedException
            or UnauthorizedAccessException or OverflowException;

    /// <summary>Checks the size of an image before memory is taken for it.</summary>
    /// <returns>What is wrong with it; null for nothing.</returns>
    public static string? CheckSize(int height, int width, long maxPixels)
    {
        long pixels = (long)height * width;
        string size = $"it has {width}x{height} (width x height) = {pixels:N0} pixels";
        return pixels > maxPixels ? $"{size}; Options.MaxImagePixels permits {maxPixels:N0}"
            : pixels * BytesPerPixel > Array.MaxLength ? $"{size}; more than 2 GiB cannot be decoded"
            : null;
    }

    private void Scale<T>(RawImage raw, ReadOnlySpan<byte> bytes, in PixelFormat format, Span<T> target)
        where T : unmanaged
    {
        if (typeof(T) == typeof(byte))
            scaler.Scale(bytes, format, MemoryMarshal.AsBytes(target));
        else
            scaler.Scale(raw.Floats, format, MemoryMarshal.Cast<T, float>(target));
        if (_pixels.Length > LargeBuffer)
            _pixels = [];
        if (_upright.Length > LargeBuffer)
            _upright = [];
    }

    /// <summary>Pixels of all kinds but floats, which stay where they are.</summary>
    private bool TryGetPixels(RawImage raw, out ReadOnlySpan<byte> pixels, out PixelFormat format)
    {
        pixels = [];
        format = raw.Format;
        string? problem;
        switch (raw.Kind)
        {
            case RawImageKind.Encoded:
                problem = DecodeFile(raw.Bytes, ref pixels, ref format);
                break;
            case RawImageKind.Bitmap:
                problem = CheckBitmap(raw, ref pixels, ref format);
                break;
            case RawImageKind.Floats:
                problem = CheckFinite(raw.Floats);
                break;
            default:
                pixels = raw.Bytes;
                problem = null;
                break;
        }
        raw.Problem = problem ?? "";
        raw.ShorterSide = Math.Min(format.Height, format.Width);
        return problem is null;
    }

    private string? DecodeFile(ReadOnlySpan<byte> file, ref ReadOnlySpan<byte> pixels, ref PixelFormat format)
    {
        if (file.IsEmpty)
            return "there is no image (0 bytes)";
        using SKData data = SKData.CreateCopy(file);
        using SKCodec? codec = SKCodec.Create(data);
        if (codec is null)
            return (IsTiff(file) ? "it is a TIFF file" : $"its {file.Length} bytes are no image")
                + ": JPEG, PNG, GIF, WebP, BMP, ICO and WBMP are read; TIFF, HEIC and AVIF are not";
        int height = codec.Info.Height, width = codec.Info.Width;
        if (CheckSize(height, width, maxPixels) is { } tooLarge)
            return tooLarge;
        if (DecodePixels(codec) is not SKCodecResult.Success and var result)
            return result == SKCodecResult.IncompleteInput
                ? $"it is incomplete: its {file.Length} bytes end before its {width}x{height} pixels do"
                : $"its {file.Length} bytes are damaged or incomplete ({result})";
        pixels = _pixels.AsSpan(0, height * width * BytesPerPixel);
        format = PixelFormat.Rgba32(height, width);
        TurnUpright((ImageOrientation)codec.EncodedOrigin, ref pixels, ref format);
        return null;
    }

    private SKCodecResult DecodePixels(SKCodec codec)
    {
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        Room(ref _pixels, info.BytesSize);
        return codec.GetPixels(info, Marshal.UnsafeAddrOfPinnedArrayElement(_pixels, 0));
    }

    private string? CheckBitmap(RawImage raw, ref ReadOnlySpan<byte> pixels, ref PixelFormat format)
    {
        if (CheckSize(format.Height, format.Width, maxPixels) is { } tooLarge)
            return tooLarge;
        using SKCodec? codec = File.Exists(raw.File) ? SKCodec.Create(raw.File) : null;
        // Of another size, it was resized since.
        bool asLoaded = codec is not null && (codec.Info.Height, codec.Info.Width) == (format.Height, format.Width);
        bool opaque = AlphaPixels.IsOpaque(raw.Bytes);
        if (!opaque && asLoaded && IsIncomplete(codec!, raw.Bytes))
            return $"it is incomplete: the file ends before its {format.Width}x{format.Height} pixels do";
        if (!opaque)
            AlphaPixels.Unpremultiply(raw.Bytes);
        pixels = raw.Bytes;
        if (asLoaded)
            TurnUpright((ImageOrientation)codec!.EncodedOrigin, ref pixels, ref format);
        return null;
    }

    /// <summary>
    /// Whether transparent pixels come from a file that ends too early: certain where the format has no alpha; else the
    /// file is decoded, if its last row is empty.
    /// </summary>
    private bool IsIncomplete(SKCodec codec, ReadOnlySpan<byte> pixels) => codec.Info.AlphaType == SKAlphaType.Opaque
        || !pixels[^(codec.Info.Width * BytesPerPixel)..].ContainsAnyExcept((byte)0)
            && DecodePixels(codec) != SKCodecResult.Success;

    private void TurnUpright(ImageOrientation orientation, ref ReadOnlySpan<byte> pixels, ref PixelFormat format)
    {
        if (orientation == ImageOrientation.Upright)
            return;
        Span<byte> upright = Room(ref _upright, pixels.Length);
        ReadOnlySpan<uint> stored = MemoryMarshal.Cast<byte, uint>(pixels);
        (int height, int width) =
            orientation.Turn(stored, format.Height, format.Width, MemoryMarshal.Cast<byte, uint>(upright));
        pixels = upright;
        format = format with { Height = height, Width = width };
    }

    private static string? CheckFinite(ReadOnlySpan<float> values)
    {
        if (TensorPrimitives.IsFiniteAll(values))
            return null;
        int index = 0;
        while (float.IsFinite(values[index]))
            index++;
        return $"its value {index} is {values[index]}";
    }

    private static bool IsTiff(ReadOnlySpan<byte> file) => file.StartsWith("II*\0"u8) || file.StartsWith("MM\0*"u8);

    /// <summary>Pinned, so that SkiaSharp can write to it.</summary>
    private static Span<byte> Room(ref byte[] buffer, int length)
    {
        if (buffer.Length < length)
            buffer = GC.AllocateUninitializedArray<byte>(length, pinned: true);
        return buffer.AsSpan(0, length);
    }
}
