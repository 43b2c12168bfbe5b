using SkiaSharp;

namespace Microsoft.ML.CnnZoo.Data;

/// <summary>
/// A picture of training images as a network is shown them: a row for each image, first as it is, then as it is
/// augmented in the epochs 1, 2, …
/// </summary>
/// <param name="source">The training images.</param>
/// <param name="normalization">Is undone, so that colors look as they did.</param>
/// <param name="className">Name of a class.</param>
/// <param name="areBytes">Whether pixels are 0…255; floats are in the pipeline's unit, and shown from the least to the
/// greatest.</param>
internal sealed class AugmentationSheet(
    IBatchSource source, PixelNormalization normalization, Func<int, string> className, bool areBytes)
{
    private const int LeastCell = 96, Gap = 4, Caption = 18, TextSize = 13;
    private readonly ImageShape _image = source.Image;

    /// <summary>Times that pixels are enlarged, so that small images can be seen.</summary>
    private int Zoom => Math.Max(1, (int)Math.Ceiling((double)LeastCell / Math.Max(_image.Height, _image.Width)));

    /// <summary>Pixels of the picture.</summary>
    public (int Height, int Width) Size(int images, int samples) => (
        Gap + Math.Min(images, source.Count) * (Caption + _image.Height * Zoom + Gap),
        Gap + (1 + samples) * (_image.Width * Zoom + Gap));

    /// <summary>Writes the picture as PNG.</summary>
    /// <param name="file">Path.</param>
    /// <param name="images">How many images, spread evenly over the source.</param>
    /// <param name="samples">How many augmented samples of each.</param>
    public void Write(string file, int images, int samples)
    {
        int count = Math.Min(images, source.Count);
        int[] indices = [.. Enumerable.Range(0, count).Select(i => (int)((long)i * source.Count / count))];
        (int height, int width) = Size(images, samples);
        using var sheet = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using var canvas = new SKCanvas(sheet);
        canvas.Clear(SKColors.White);
        var batch = new Batch(_image, count);
        batch.Load(source, indices, epoch: null);
        (float least, float most) = Range(batch.Images);
        DrawCaptions(canvas, batch.Labels);
        for (int column = 0; column <= samples; column++)
        {
            if (column > 0)
                batch.Load(source, indices, epoch: column);
            for (int row = 0; row < count; row++)
                Draw(canvas, batch.Images.Slice(row * _image.ValueCount, _image.ValueCount), row, column, least, most);
        }
        using SKData png = sheet.Encode(SKEncodedImageFormat.Png, 100);
        using FileStream stream = File.Create(file);
        png.SaveTo(stream);
    }

    private (float Least, float Most) Range(ReadOnlySpan<float> images)
    {
        if (areBytes)
            return (0, 255);
        (float least, float most) = (float.MaxValue, float.MinValue);
        for (int i = 0; i < images.Length; i++)
            (least, most) = (Math.Min(least, Pixel(images, i)), Math.Max(most, Pixel(images, i)));
        return (least, most > least ? most : least + 1);
    }

    private float Pixel(ReadOnlySpan<float> images, int i)
    {
        int c = i % _image.Channels;
        return (images[i] - normalization.Offset[c]) / normalization.Scale[c];
    }

    private void DrawCaptions(SKCanvas canvas, ReadOnlySpan<int> labels)
    {
        using var paint = new SKPaint { Color = SKColors.Black, TextSize = TextSize, IsAntialias = true };
        for (int row = 0; row < labels.Length; row++)
            canvas.DrawText(className(labels[row]), Gap, Top(row) - Gap, paint);
    }

    private void Draw(SKCanvas canvas, ReadOnlySpan<float> pixels, int row, int column, float least, float most)
    {
        using var image = new SKBitmap(
            new SKImageInfo(_image.Width, _image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        for (int y = 0; y < _image.Height; y++)
            for (int x = 0; x < _image.Width; x++)
            {
                int at = (y * _image.Width + x) * _image.Channels, last = _image.Channels - 1;
                image.SetPixel(x, y, new SKColor(
                    Color(pixels, at), Color(pixels, at + Math.Min(1, last)), Color(pixels, at + last)));
            }
        int left = Gap + column * (_image.Width * Zoom + Gap);
        using var paint = new SKPaint { FilterQuality = SKFilterQuality.None };
        canvas.DrawBitmap(image, SKRect.Create(left, Top(row), _image.Width * Zoom, _image.Height * Zoom), paint);

        byte Color(ReadOnlySpan<float> values, int i) =>
            (byte)Math.Clamp((Pixel(values, i) - least) / (most - least) * 255 + 0.5f, 0, 255);
    }

    private int Top(int row) => Gap + row * (Caption + _image.Height * Zoom + Gap) + Caption;
}
