using System.Text.Json;
using Microsoft.ML.CnnZoo.Architectures;

namespace Microsoft.ML.CnnZoo.Tests.Golden;

/// <summary>The batches of golden training traces.</summary>
public static class GoldenBatches
{
    private const int BatchSize = 64;

    /// <summary>The batch of a step, counted from 0: digits in file order, or filled tensors.</summary>
    public static (float[] Images, int[] Labels) Batch(JsonElement data, ImageShape image, int step)
    {
        if (data.TryGetProperty("names", out JsonElement names))
            return Filled(names[step % names.GetArrayLength()].GetString()!, data.GetProperty("images").GetString()!, image);
        string scaling = data.GetProperty("scaling").GetString()!;
        int size = image.Height * image.Width;
        var images = new float[BatchSize * size * image.Channels];
        var labels = new int[BatchSize];
        for (int i = 0; i < BatchSize; i++)
        {
            int index = ((step * BatchSize) + i) % Digits.Count;
            labels[i] = Digits.Label(index);
            byte[] pixels = Digits.Padded(index);
            for (int p = 0; p < size; p++)
                images.AsSpan(((i * size) + p) * image.Channels, image.Channels).Fill(Scale(pixels[p], scaling));
        }
        return (images, labels);
    }

    private static float Scale(byte pixel, string scaling) => scaling.Contains("1.275", StringComparison.Ordinal) ? (float)((pixel / 255.0 * 1.275) - 0.1) : pixel / 255f;

    private static (float[] Images, int[] Labels) Filled(string name, string description, ImageShape image)
    {
        string shape = description[(description.IndexOf('[', StringComparison.Ordinal) + 1)..description.IndexOf(']', StringComparison.Ordinal)];
        int count = int.Parse(shape.Split(',')[0]);
        float[] values = GoldenFill.Input(name, (long)count * image.Channels * image.Height * image.Width);
        return (GoldenLayout.ToNhwc(values, count, image.Channels, image.Height, image.Width), [.. Enumerable.Range(0, count).Select(i => i % 10)]);
    }
}
