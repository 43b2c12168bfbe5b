using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Tests.Golden;

/// <summary>The batches of golden training traces.</summary>
internal static partial class GoldenBatches
{
    /// <summary>
    /// Size of a trace's images: that of its filled tensors, or the digits' 32x32 with the network's channels.
    /// </summary>
    public static ImageShape Image(JsonElement data, ImageShape network)
    {
        if (!data.TryGetProperty("names", out _))
            return new ImageShape(32, 32, network.Channels);
        int[] shape = FilledShape(data);
        return new ImageShape(shape[2], shape[3], shape[1]);
    }

    /// <summary>The batch of a step, counted from 0: digits in file order, or filled tensors.</summary>
    public static (float[] Images, int[] Labels) Batch(JsonElement data, ImageShape image, int step)
    {
        if (data.TryGetProperty("names", out JsonElement names))
            return Filled(names[step % names.GetArrayLength()].GetString()!, FilledShape(data)[0],
                data.GetProperty("labels").GetString()!, image);
        string scaling = data.GetProperty("scaling").GetString()!;
        int size = image.Height * image.Width, batchSize = Number(BatchSize(), data.GetProperty("batches")
            .GetString()!);
        var images = new float[batchSize * size * image.Channels];
        var labels = new int[batchSize];
        for (int i = 0; i < batchSize; i++)
        {
            int index = ((step * batchSize) + i) % Digits.Count;
            labels[i] = Digits.Label(index);
            byte[] pixels = Digits.Padded(index);
            for (int p = 0; p < size; p++)
                images.AsSpan(((i * size) + p) * image.Channels, image.Channels).Fill(Scale(pixels[p], scaling));
        }
        return (images, labels);
    }

    private static float Scale(byte pixel, string scaling) =>
        scaling.Contains("1.275", StringComparison.Ordinal) ? (float)((pixel / 255.0 * 1.275) - 0.1) : pixel / 255f;

    private static (float[] Images, int[] Labels) Filled(string name, int count, string labels, ImageShape image)
    {
        int classes = Number(LabelPeriod(), labels);
        float[] values = GoldenFill.Input(name, (long)count * image.Channels * image.Height * image.Width);
        return (GoldenLayout.ToNhwc(values, count, image.Channels, image.Height, image.Width),
            [.. Enumerable.Range(0, count).Select(i => i % classes)]);
    }

    /// <summary>[N,C,H,W] of the filled tensors, from their description.</summary>
    private static int[] FilledShape(JsonElement data) =>
        [.. Shape().Match(data.GetProperty("images").GetString()!).Groups[1].Value.Split(',')
            .Select(d => int.Parse(d, CultureInfo.InvariantCulture))];

    private static int Number(Regex pattern, string text) =>
        int.Parse(pattern.Match(text).Groups[1].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\[([\d, ]+)\]")]
    private static partial Regex Shape();

    [GeneratedRegex(@"batch (\d+)")]
    private static partial Regex BatchSize();

    [GeneratedRegex(@"i % (\d+)")]
    private static partial Regex LabelPeriod();
}
