namespace Microsoft.ML.Data;

/// <summary>An image in memory: rows from top to bottom, 4 bytes a pixel, colours premultiplied by alpha.</summary>
public sealed class MLImage : IDisposable
{
    private byte[] _pixels;
    private readonly int _width;
    private readonly int _height;
    private readonly MLPixelFormat _pixelFormat;

    private MLImage(int width, int height, MLPixelFormat pixelFormat, byte[] pixels)
    {
        _width = width;
        _height = height;
        _pixelFormat = pixelFormat;
        _pixels = pixels;
    }

    /// <summary>Width in pixels.</summary>
    public int Width => Alive()._width;

    /// <summary>Height in pixels.</summary>
    public int Height => Alive()._height;

    /// <summary>The order of bytes in <see cref="Pixels"/>.</summary>
    public MLPixelFormat PixelFormat => Alive()._pixelFormat;

    /// <summary>All pixels, row by row without gaps.</summary>
    public ReadOnlySpan<byte> Pixels => Alive()._pixels;

    /// <summary>Bits of one pixel: 32.</summary>
    public int BitsPerPixel => Alive()._pixelFormat == MLPixelFormat.Unknown ? 0 : 32;

    /// <summary>Anything the user likes; the full path for images of LoadImages.</summary>
    public string Tag { get; set; }

    /// <summary>All pixels as blue, green, red: 3 bytes a pixel.</summary>
    public byte[] GetBGRPixels
    {
        get
        {
            ReadOnlySpan<byte> pixels = Pixels;
            int red = RedOffset;
            byte[] bgr = new byte[pixels.Length / 4 * 3];
            for (int from = 0, to = 0; from < pixels.Length; from += 4, to += 3)
            {
                bgr[to] = pixels[from + 2 - red];
                bgr[to + 1] = pixels[from + 1];
                bgr[to + 2] = pixels[from + red];
            }
            return bgr;
        }
    }

    /// <summary>Where red lies within a pixel: 2 or 0. Blue lies at 2 less that, green at 1, alpha at 3.</summary>
    internal int RedOffset => _pixelFormat == MLPixelFormat.Bgra32 ? 2 : 0;

    /// <summary>Decodes an image file's contents.</summary>
    /// <exception cref="ArgumentException">The stream holds no image, or a damaged or too large one.</exception>
    public static MLImage CreateFromStream(Stream imageStream)
    {
        ArgumentNullException.ThrowIfNull(imageStream);
        using var encoded = new MemoryStream();
        imageStream.CopyTo(encoded);
        return Decode(encoded.GetBuffer().AsSpan(0, (int)encoded.Length), "Invalid input stream contents", nameof(imageStream));
    }

    /// <summary>Decodes an image file.</summary>
    /// <exception cref="ArgumentException">The file does not exist or holds no image, or a damaged or too large one.</exception>
    public static MLImage CreateFromFile(string imagePath)
    {
        ArgumentNullException.ThrowIfNull(imagePath);
        byte[] encoded;
        try
        {
            encoded = File.ReadAllBytes(imagePath);
        }
        catch (IOException e)
        {
            throw new ArgumentException($"Invalid path: {e.Message}", nameof(imagePath), e);
        }
        return Decode(encoded, "Invalid path", nameof(imagePath), imagePath);
    }

    /// <summary>Copies pixels into a new image.</summary>
    /// <exception cref="ArgumentException">A size is not positive, the format is not known or there are not width x height x 4 bytes.</exception>
    public static MLImage CreateFromPixels(int width, int height, MLPixelFormat pixelFormat, ReadOnlySpan<byte> imagePixelData)
    {
        if (pixelFormat is not (MLPixelFormat.Bgra32 or MLPixelFormat.Rgba32))
            throw new ArgumentException($"Unsupported pixel format {pixelFormat}", nameof(pixelFormat));
        if (width <= 0)
            throw new ArgumentException($"Invalid width value {width}.", nameof(width));
        if (height <= 0)
            throw new ArgumentException($"Invalid height value {height}.", nameof(height));
        if (imagePixelData.Length != (long)width * height * 4)
            throw new ArgumentException(
                $"Invalid {nameof(imagePixelData)} buffer size: {width}x{height} pixels take {(long)width * height * 4} bytes, got {imagePixelData.Length}",
                nameof(imagePixelData));
        return new MLImage(width, height, pixelFormat, imagePixelData.ToArray());
    }

    /// <summary>Encodes the image into a file; the extension (.png, .jpg, .jpeg) says how.</summary>
    /// <exception cref="ArgumentException">The extension is none of these.</exception>
    public void Save(string imagePath)
    {
        Alive();
        ArgumentNullException.ThrowIfNull(imagePath);
        if (!ImageEncoder.TryGetFormat(Path.GetExtension(imagePath), out string format))
            throw new ArgumentException($"Path has invalid image file extension: '{imagePath}'", nameof(imagePath));
        File.WriteAllBytes(imagePath, ImageEncoder.Encode(this, format));
    }

    /// <summary>Lets the pixels go. Every other use after that throws.</summary>
    public void Dispose() => _pixels = null;

    /// <summary>Makes an image of an array that nobody else will touch.</summary>
    internal static MLImage Own(int width, int height, MLPixelFormat pixelFormat, byte[] pixels) => new(width, height, pixelFormat, pixels);

    /// <summary>Decodes; errors begin with <paramref name="message"/>, name the file if given, and say what is wrong with the image if it was one.</summary>
    internal static MLImage Decode(ReadOnlySpan<byte> encoded, string message, string parameter, string path = null)
    {
        if (path is not null)
            message += $": '{path}'";
        try
        {
            return ImageDecoder.Decode(encoded);
        }
        catch (UnknownImageFormatException e)
        {
            throw new ArgumentException(path is null ? message : $"{message}: {e.Message}", parameter, e);
        }
        catch (InvalidDataException e)
        {
            throw new ArgumentException($"{message}: {e.Message}", parameter, e);
        }
    }

    private MLImage Alive() => _pixels is not null ? this : throw new InvalidOperationException("Object is disposed.");
}
