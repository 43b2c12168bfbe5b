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
    private readonly ImageShape _image = source.Image;

    /// <summary>Pixels of the picture.</summary>
    public (int Height, int Width) Size(int images, int samples) =>
        ContactSheet.Size(_image, Math.Min(images, source.Count), 1 + samples);

    /// <summary>Writes the picture as PNG.</summary>
    /// <param name="file">Path.</param>
    /// <param name="images">How many images, spread evenly over the source.</param>
    /// <param name="samples">How many augmented samples of each.</param>
    public void Write(string file, int images, int samples)
    {
        int count = Math.Min(images, source.Count);
        int[] indices = [.. Enumerable.Range(0, count).Select(i => (int)((long)i * source.Count / count))];
        var batch = new Batch(_image, count);
        batch.Load(source, indices, epoch: null);
        using var sheet = new ContactSheet(_image, count, 1 + samples, normalization,
            areBytes ? null : ContactSheet.RangeOf(batch.Images, normalization));
        for (int row = 0; row < count; row++)
            sheet.Write(row, 0, className(batch.Labels[row]), SKColors.Black, 1 + samples);
        for (int column = 0; column <= samples; column++)
        {
            if (column > 0)
                batch.Load(source, indices, epoch: column);
            for (int row = 0; row < count; row++)
                sheet.Draw(row, column, batch.Images.Slice(row * _image.ValueCount, _image.ValueCount));
        }
        sheet.Save(file);
    }
}
