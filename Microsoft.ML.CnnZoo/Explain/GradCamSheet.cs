using Microsoft.ML.CnnZoo.Data;
using SkiaSharp;

namespace Microsoft.ML.CnnZoo.Explain;

/// <summary>A picture of images, each under what speaks for the class that a network takes it for.</summary>
/// <param name="source">The images.</param>
/// <param name="normalization">Is undone, so that colors look as they did.</param>
/// <param name="className">Name of a class.</param>
/// <param name="areBytes">Whether pixels are 0…255; floats are shown from the least to the greatest.</param>
internal sealed class GradCamSheet(
    IBatchSource source, PixelNormalization normalization, Func<int, string> className, bool areBytes)
{
    private const int Columns = 6, Side = 128;
    private static readonly SKColor Ink = new(0x33, 0x33, 0x33);

    /// <summary>Draws the picture, as PNG.</summary>
    /// <param name="network">Explains the images.</param>
    /// <param name="predicted">Predicted class of each image of the source.</param>
    /// <param name="images">How many images, spread evenly over the source.</param>
    public (byte[] Png, int Height, int Width) Draw(NetworkExplainer network, IReadOnlyList<int> predicted, int images)
    {
        int count = Math.Min(images, source.Count), size = source.Image.ValueCount;
        int[] indices = [.. Enumerable.Range(0, count).Select(i => (int)((long)i * source.Count / count))];
        var batch = new Batch(source.Image, count);
        batch.Load(source, indices, epoch: null);
        (int height, int width) = HeatMapPicture.Size(source.Image, Side);
        using var sheet = new ContactSheet(new ImageShape(height, width, 3), (count + Columns - 1) / Columns, Columns,
            PixelNormalization.Identity(3), null, Side);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<float> image = batch.Images.Slice(i * size, size);
            int guess = predicted[indices[i]];
            Picture picture = HeatMapPicture.Draw(HeatMapPicture.Pixels(image, normalization, areBytes), source.Image,
                network.GradCam(image, guess, null), Side);
            sheet.Draw(i / Columns, i % Columns, [.. picture.Pixels.Where((_, at) => at % 4 < 3).Select(v => (float)v)]);
            sheet.Write(i / Columns, i % Columns, className(guess), Ink);
        }
        return (sheet.ToPng(), sheet.Height, sheet.Width);
    }
}
