using System.Runtime.InteropServices;

namespace Microsoft.ML.Data;

/// <summary>The calls into gdk-pixbuf that decoding and encoding images need. The library is thread-safe as long as no object is shared.</summary>
internal static unsafe partial class GdkPixbufNative
{
    private const string GdkPixbuf = "libgdk_pixbuf-2.0.so.0";
    private const string GObject = "libgobject-2.0.so.0";
    private const string GLib = "libglib-2.0.so.0";

    /// <summary><c>GDK_COLORSPACE_RGB</c>.</summary>
    private const int ColorspaceRgb = 0;

    private static readonly Lazy<string> MissingLibrary = new(FindMissingLibrary);

    private static string FindMissingLibrary()
    {
        foreach (string library in (string[])[GLib, GObject, GdkPixbuf])
        {
            if (!NativeLibrary.TryLoad(library, out _))
                return library;
        }
        return null;
    }

    /// <exception cref="DllNotFoundException">gdk-pixbuf is not installed.</exception>
    public static void EnsureLoaded()
    {
        if (MissingLibrary.Value is string library)
            throw new DllNotFoundException(
                $"Image files can't be decoded or encoded: the native library {library} was not found. " +
                "On Debian and Ubuntu it is in the package libgdk-pixbuf-2.0-0; build/install-native.sh installs it.");
    }

    /// <summary>A new loader for the one format <paramref name="format"/> (gdk-pixbuf's name: "png", "jpeg", …).</summary>
    public static PixbufLoaderHandle NewLoader(string format)
    {
        EnsureLoaded();
        PixbufLoaderHandle loader = gdk_pixbuf_loader_new_with_type(format, out nint error);
        if (!loader.IsInvalid)
            return loader;
        loader.Dispose();
        throw new GdkPixbufException("gdk_pixbuf_loader_new_with_type", TakeMessage(error));
    }

    /// <summary>Calls <paramref name="handler"/> with <paramref name="state"/> each time the loader raises <paramref name="signal"/>.</summary>
    public static void Connect(PixbufLoaderHandle loader, string signal, void* handler, void* state)
    {
        if (g_signal_connect_data(loader, signal, handler, state, 0, 0) == 0)
            throw new GdkPixbufException("g_signal_connect_data", $"no signal '{signal}'");
    }

    public static void Write(PixbufLoaderHandle loader, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* data = bytes)
        {
            if (gdk_pixbuf_loader_write(loader, data, (nuint)bytes.Length, out nint error) == 0)
                throw new GdkPixbufException("gdk_pixbuf_loader_write", TakeMessage(error));
        }
    }

    public static void Close(PixbufLoaderHandle loader)
    {
        if (gdk_pixbuf_loader_close(loader, out nint error) == 0)
            throw new GdkPixbufException("gdk_pixbuf_loader_close", TakeMessage(error));
    }

    /// <summary>Tells the loader to give up: called by a handler of "size-prepared", before pixels are allocated.</summary>
    public static void RefuseSize(nint loader) => gdk_pixbuf_loader_set_size(loader, 0, 0);

    /// <summary>The decoded picture. It belongs to the loader and lives as long as that.</summary>
    public static PixbufView View(PixbufLoaderHandle loader)
    {
        nint pixbuf = gdk_pixbuf_loader_get_pixbuf(loader);
        if (pixbuf == 0)
            throw new GdkPixbufException("gdk_pixbuf_loader_get_pixbuf", "no picture was decoded");
        return new PixbufView(
            (byte*)gdk_pixbuf_read_pixels(pixbuf), gdk_pixbuf_get_width(pixbuf), gdk_pixbuf_get_height(pixbuf),
            gdk_pixbuf_get_rowstride(pixbuf), gdk_pixbuf_get_n_channels(pixbuf));
    }

    /// <summary>Encodes 8-bit RGB (3 bytes a pixel) or RGBA (4), rows without gaps.</summary>
    public static byte[] Encode(ReadOnlySpan<byte> pixels, int width, int height, bool hasAlpha, string format, string optionKey, string optionValue)
    {
        EnsureLoaded();
        string[] keys = optionKey is null ? [null] : [optionKey, null];
        string[] values = optionKey is null ? [null] : [optionValue, null];
        fixed (byte* data = pixels)
        {
            using PixbufHandle pixbuf = gdk_pixbuf_new_from_data(
                data, ColorspaceRgb, hasAlpha ? 1 : 0, 8, width, height, width * (hasAlpha ? 4 : 3), 0, 0);
            if (pixbuf.IsInvalid)
                throw new GdkPixbufException("gdk_pixbuf_new_from_data", "no picture was made");
            if (gdk_pixbuf_save_to_bufferv(pixbuf, out nint buffer, out nuint size, format, keys, values, out nint error) == 0)
                throw new GdkPixbufException("gdk_pixbuf_save_to_bufferv", TakeMessage(error));
            try
            {
                return new ReadOnlySpan<byte>((void*)buffer, checked((int)size)).ToArray();
            }
            finally
            {
                g_free(buffer);
            }
        }
    }

    internal static void ReleaseLoader(nint loader)
    {
        // A loader must be closed before its last reference goes; closing a closed one does nothing.
        if (gdk_pixbuf_loader_close(loader, out nint error) == 0)
            TakeMessage(error);
        g_object_unref(loader);
    }

    internal static void ReleaseObject(nint instance) => g_object_unref(instance);

    private static string TakeMessage(nint error)
    {
        if (error == 0)
            return "no reason given";
        string message = Marshal.PtrToStringUTF8(((GError*)error)->Message);
        g_error_free(error);
        return message;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct GError
    {
        public uint Domain;
        public int Code;
        public nint Message;
    }

    [LibraryImport(GdkPixbuf, StringMarshalling = StringMarshalling.Utf8)]
    private static partial PixbufLoaderHandle gdk_pixbuf_loader_new_with_type(string imageType, out nint error);

    [LibraryImport(GdkPixbuf)]
    private static partial int gdk_pixbuf_loader_write(PixbufLoaderHandle loader, byte* buffer, nuint count, out nint error);

    [LibraryImport(GdkPixbuf)]
    private static partial int gdk_pixbuf_loader_close(PixbufLoaderHandle loader, out nint error);

    [LibraryImport(GdkPixbuf)]
    private static partial int gdk_pixbuf_loader_close(nint loader, out nint error);

    [LibraryImport(GdkPixbuf)]
    private static partial void gdk_pixbuf_loader_set_size(nint loader, int width, int height);

    [LibraryImport(GdkPixbuf)]
    private static partial nint gdk_pixbuf_loader_get_pixbuf(PixbufLoaderHandle loader);

    [LibraryImport(GdkPixbuf)]
    private static partial nint gdk_pixbuf_read_pixels(nint pixbuf);

    [LibraryImport(GdkPixbuf)]
    private static partial int gdk_pixbuf_get_width(nint pixbuf);

    [LibraryImport(GdkPixbuf)]
    private static partial int gdk_pixbuf_get_height(nint pixbuf);

    [LibraryImport(GdkPixbuf)]
    private static partial int gdk_pixbuf_get_rowstride(nint pixbuf);

    [LibraryImport(GdkPixbuf)]
    private static partial int gdk_pixbuf_get_n_channels(nint pixbuf);

    [LibraryImport(GdkPixbuf)]
    private static partial PixbufHandle gdk_pixbuf_new_from_data(
        byte* data, int colorspace, int hasAlpha, int bitsPerSample, int width, int height, int rowstride, nint destroy, nint destroyData);

    [LibraryImport(GdkPixbuf, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int gdk_pixbuf_save_to_bufferv(
        PixbufHandle pixbuf, out nint buffer, out nuint size, string type, string[] optionKeys, string[] optionValues, out nint error);

    [LibraryImport(GObject, StringMarshalling = StringMarshalling.Utf8)]
    private static partial ulong g_signal_connect_data(
        PixbufLoaderHandle instance, string signal, void* handler, void* data, nint destroyData, int flags);

    [LibraryImport(GObject)]
    private static partial void g_object_unref(nint instance);

    [LibraryImport(GLib)]
    private static partial void g_error_free(nint error);

    [LibraryImport(GLib)]
    private static partial void g_free(nint memory);
}

/// <summary>A decoded picture in gdk-pixbuf's memory: 8-bit RGB or RGBA (not premultiplied), <see cref="Stride"/> bytes from row to row.</summary>
internal readonly unsafe struct PixbufView(byte* pixels, int width, int height, int stride, int channels)
{
    public int Width => width;

    public int Height => height;

    public int Stride => stride;

    public int Channels => channels;

    public ReadOnlySpan<byte> Row(int y) => new(pixels + ((long)y * stride), width * channels);
}
