using Microsoft.ML.CnnZoo.Files;
using SkiaSharp;

namespace Microsoft.ML.CnnZoo.Data;

/// <summary>A picture of images in rows and columns, with captions above them.</summary>
internal sealed class ContactSheet : IDisposable
{
    private const int Gap = 4, Caption = 18, TextSize = 13;
    private readonly ImageShape _image;
    private readonly PixelNormalization _normalization;
    private readonly int _zoom;
    private readonly float _least, _most;
    private readonly SKBitmap _sheet;
    private readonly SKCanvas _canvas;

    /// <summary>Begins a sheet.</summary>
    /// <param name="image">Size of the images.</param>
    /// <param name="rows">Rows of images.</param>
    /// <param name="columns">Columns of images.</param>
    /// <param name="normalization">Is undone, so that colors look as they did.</param>
    /// <param name="range">The values that are shown black and white; null for bytes, 0 and 255.</param>
    /// <param name="leastSide">Small images are enlarged to this number of pixels.</param>
    public ContactSheet(ImageShape image, int rows, int columns, PixelNormalization normalization,
        (float Least, float Most)? range, int leastSide = 96)
    {
        (_image, _normalization, (_least, _most)) = (image, normalization, range ?? (0, 255));
        _zoom = ZoomFor(image, leastSide);
        (int height, int width) = Size(image, rows, columns, leastSide);
        _sheet = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        _canvas = new SKCanvas(_sheet);
        _canvas.Clear(SKColors.White);
    }

    /// <summary>Rows of pixels.</summary>
    public int Height => _sheet.Height;

    /// <summary>Columns of pixels.</summary>
    public int Width => _sheet.Width;

    /// <summary>Pixels of a sheet.</summary>
    public static (int Height, int Width) Size(ImageShape image, int rows, int columns, int leastSide = 96) => (
        Gap + rows * (Caption + image.Height * ZoomFor(image, leastSide) + Gap),
        Gap + columns * (image.Width * ZoomFor(image, leastSide) + Gap));

    /// <summary>The least and greatest value of images, their normalization undone.</summary>
    public static (float Least, float Most) RangeOf(ReadOnlySpan<float> images, PixelNormalization normalization)
    {
        (float least, float most) = (float.MaxValue, float.MinValue);
        for (int i = 0; i < images.Length; i++)
        {
            float value = normalization.Undo(images[i], i % normalization.Channels);
            (least, most) = (Math.Min(least, value), Math.Max(most, value));
        }
        return (least, most > least ? most : least + 1);
    }

    /// <summary>Draws an image.</summary>
    public void Draw(int row, int column, ReadOnlySpan<float> pixels)
    {
        using var image = new SKBitmap(
            new SKImageInfo(_image.Width, _image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        for (int y = 0; y < _image.Height; y++)
            for (int x = 0; x < _image.Width; x++)
            {
                ReadOnlySpan<float> pixel = pixels.Slice((y * _image.Width + x) * _image.Channels, _image.Channels);
                int last = _image.Channels - 1;
                image.SetPixel(x, y, new SKColor(Shade(pixel, 0), Shade(pixel, Math.Min(1, last)), Shade(pixel, last)));
            }
        using var paint = new SKPaint { FilterQuality = SKFilterQuality.None };
        _canvas.DrawBitmap(image, SKRect.Create(Left(column), Top(row), _image.Width * _zoom, _image.Height * _zoom), paint);
    }

    /// <summary>Writes above an image, as much of the text as the image is wide.</summary>
    public void Write(int row, int column, string text, SKColor color, int columns = 1)
    {
        using var paint = new SKPaint { Color = color, TextSize = TextSize, IsAntialias = true };
        float width = columns * (_image.Width * _zoom + Gap) - Gap;
        string shown = text;
        for (int length = text.Length - 1; length > 0 && paint.MeasureText(shown) > width; length--)
            shown = $"{text[..length]}…";
        _canvas.DrawText(shown, Left(column), Top(row) - Gap, paint);
    }

    /// <summary>Writes the picture as PNG, completely or not at all.</summary>
    public void Save(string file) => CompleteFile.Write(file, stream => stream.Write(ToPng()));

    /// <summary>The picture as PNG.</summary>
    public byte[] ToPng()
    {
        _canvas.Flush();
        using SKData png = _sheet.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }

    public void Dispose()
    {
        _canvas.Dispose();
        _sheet.Dispose();
    }

    private byte Shade(ReadOnlySpan<float> pixel, int channel) => (byte)Math.Clamp(
        (_normalization.Undo(pixel[channel], channel) - _least) / (_most - _least) * 255 + 0.5f, 0, 255);

    private static int ZoomFor(ImageShape image, int leastSide) =>
        Math.Max(1, (int)Math.Ceiling((double)leastSide / Math.Max(image.Height, image.Width)));

    private int Left(int column) => Gap + column * (_image.Width * _zoom + Gap);

    private int Top(int row) => Gap + row * (Caption + _image.Height * _zoom + Gap) + Caption;
}
