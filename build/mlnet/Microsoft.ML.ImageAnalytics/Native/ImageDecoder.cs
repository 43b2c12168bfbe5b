using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Data;

/// <summary>Decodes PNG, JPEG, GIF (first frame), BMP, ICO and, where its loader is installed, WebP.</summary>
internal static unsafe class ImageDecoder
{
    /// <summary>The most pixels that are decoded: 16,384 x 16,384, 1 GiB of memory. Larger headers are refused unread.</summary>
    public const long MaxPixels = 1L << 28;

    /// <summary>The image as premultiplied Bgra32, as ML.NET's own decoder gives it.</summary>
    /// <exception cref="UnknownImageFormatException">The bytes begin like no known format.</exception>
    /// <exception cref="InvalidDataException">The image is damaged, cut off or too large; the message says which.</exception>
    /// <exception cref="DllNotFoundException">gdk-pixbuf is not installed.</exception>
    public static MLImage Decode(ReadOnlySpan<byte> encoded)
    {
        string format = ImageFormat.Recognize(encoded) ?? throw new UnknownImageFormatException();
        if (format == "png")
            CheckPng(encoded);
        try
        {
            return Decode(encoded, format);
        }
        catch (GdkPixbufException e)
        {
            bool truncated = format == "jpeg" && encoded.LastIndexOf(ImageFormat.JpegEnd) < 0;
            throw new InvalidDataException(
                truncated ? "the jpeg image is truncated: its end marker is missing" : $"the {format} image can't be decoded ({e.Message})", e);
        }
    }

    private static void CheckPng(ReadOnlySpan<byte> encoded)
    {
        if (ImageFormat.TryReadPngSize(encoded, out uint width, out uint height))
            CheckSize(width, height);
        if (!ImageFormat.IsPngComplete(encoded))
            throw new InvalidDataException($"the png image is truncated: its end is missing after {encoded.Length} bytes");
    }

    private static void CheckSize(long width, long height)
    {
        if (width * height > MaxPixels)
            throw new InvalidDataException($"the image is {width}x{height} pixels, and no more than {MaxPixels} pixels are decoded");
    }

    private static MLImage Decode(ReadOnlySpan<byte> encoded, string format)
    {
        var progress = new Progress { FirstRow = int.MaxValue };
        using PixbufLoaderHandle loader = GdkPixbufNative.NewLoader(format);
        delegate* unmanaged[Cdecl]<nint, int, int, Progress*, void> sizePrepared = &OnSizePrepared;
        delegate* unmanaged[Cdecl]<nint, int, int, int, int, Progress*, void> areaUpdated = &OnAreaUpdated;
        GdkPixbufNative.Connect(loader, "size-prepared", sizePrepared, &progress);
        GdkPixbufNative.Connect(loader, "area-updated", areaUpdated, &progress);
        try
        {
            GdkPixbufNative.Write(loader, encoded);
            if (format == "jpeg")
                CheckRows(format, progress); // now: closing makes up the rows that a truncated JPEG lacks
            GdkPixbufNative.Close(loader);
        }
        catch (GdkPixbufException) when (progress.Refused)
        {
            // The loader reports that it was stopped; what stopped it is said below.
        }
        CheckSize(progress.Width, progress.Height);
        PixbufView view = GdkPixbufNative.View(loader);
        if (format is "png" or "bmp")
            CheckRows(format, progress);
        return ToImage(view);
    }

    private static void CheckRows(string format, in Progress progress)
    {
        if (!progress.Refused && (progress.FirstRow > 0 || progress.EndRow < progress.Height || progress.Height == 0))
            throw new InvalidDataException($"the {format} image is truncated: not all of its {progress.Height} rows are there");
    }

    private static MLImage ToImage(PixbufView view)
    {
        byte[] pixels = GC.AllocateUninitializedArray<byte>(checked(view.Width * view.Height * 4));
        for (int y = 0; y < view.Height; y++)
        {
            Span<byte> target = pixels.AsSpan(y * view.Width * 4, view.Width * 4);
            if (view.Channels == 4)
                CopyRgba(view.Row(y), target);
            else
                CopyRgb(view.Row(y), target);
        }
        return MLImage.Own(view.Width, view.Height, MLPixelFormat.Bgra32, pixels);
    }

    private static void CopyRgb(ReadOnlySpan<byte> rgb, Span<byte> bgra)
    {
        for (int from = 0, to = 0; to < bgra.Length; from += 3, to += 4)
        {
            bgra[to] = rgb[from + 2];
            bgra[to + 1] = rgb[from + 1];
            bgra[to + 2] = rgb[from];
            bgra[to + 3] = 255;
        }
    }

    private static void CopyRgba(ReadOnlySpan<byte> rgba, Span<byte> bgra)
    {
        for (int i = 0; i < bgra.Length; i += 4)
        {
            byte alpha = rgba[i + 3];
            bgra[i] = PremultipliedAlpha.Multiply(rgba[i + 2], alpha);
            bgra[i + 1] = PremultipliedAlpha.Multiply(rgba[i + 1], alpha);
            bgra[i + 2] = PremultipliedAlpha.Multiply(rgba[i], alpha);
            bgra[i + 3] = alpha;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnSizePrepared(nint loader, int width, int height, Progress* progress)
    {
        progress->Width = width;
        progress->Height = height;
        if ((long)width * height <= MaxPixels)
            return;
        progress->Refused = true;
        GdkPixbufNative.RefuseSize(loader);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnAreaUpdated(nint loader, int x, int y, int width, int height, Progress* progress)
    {
        progress->FirstRow = Math.Min(progress->FirstRow, y);
        progress->EndRow = Math.Max(progress->EndRow, y + height);
    }

    /// <summary>What the loader has told so far. Lives on the stack of the decoding thread, which alone runs the handlers.</summary>
    private struct Progress
    {
        public int Width;
        public int Height;
        public bool Refused;
        public int FirstRow;
        public int EndRow;
    }
}

/// <summary>The bytes begin like no image format that ML.NET decodes.</summary>
internal sealed class UnknownImageFormatException() : FormatException("the bytes begin like no known image format");
