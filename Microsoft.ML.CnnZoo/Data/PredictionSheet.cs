using SkiaSharp;

namespace Microsoft.ML.CnnZoo.Data;

/// <summary>
/// A picture of images with what a network takes them for: green where it is right, red with the true class where not.
/// </summary>
/// <param name="source">The images.</param>
/// <param name="normalization">Is undone, so that colors look as they did.</param>
/// <param name="className">Name of a class.</param>
/// <param name="areBytes">Whether pixels are 0…255; floats are shown from the least to the greatest.</param>
internal sealed class PredictionSheet(
    IBatchSource source, PixelNormalization normalization, Func<int, string> className, bool areBytes)
{
    private const int Columns = 6, LeastSide = 128;
    private static readonly SKColor Right = new(0x1B, 0x7A, 0x34), Wrong = new(0xC0, 0x28, 0x1F);

    /// <summary>Writes the picture as PNG.</summary>
    /// <param name="file">Path.</param>
    /// <param name="predicted">Predicted class of each image of the source.</param>
    /// <param name="images">How many images, spread evenly over the source.</param>
    public void Write(string file, IReadOnlyList<int> predicted, int images)
    {
        int count = Math.Min(images, source.Count), size = source.Image.ValueCount;
        int[] indices = [.. Enumerable.Range(0, count).Select(i => (int)((long)i * source.Count / count))];
        var batch = new Batch(source.Image, count);
        batch.Load(source, indices, epoch: null);
        using var sheet = new ContactSheet(source.Image, (count + Columns - 1) / Columns, Columns, normalization,
            areBytes ? null : ContactSheet.RangeOf(batch.Images, normalization), LeastSide);
        for (int i = 0; i < count; i++)
        {
            (int label, int guess) = (batch.Labels[i], predicted[indices[i]]);
            sheet.Draw(i / Columns, i % Columns, batch.Images.Slice(i * size, size));
            sheet.Write(i / Columns, i % Columns, label == guess ? className(guess)
                : $"{className(guess)}, is {className(label)}", label == guess ? Right : Wrong);
        }
        sheet.Save(file);
    }
}
