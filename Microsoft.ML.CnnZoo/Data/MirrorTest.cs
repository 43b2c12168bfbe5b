using System.Numerics.Tensors;
using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Data;

/// <summary>
/// Tells whether images may be mirrored in training: whether the mirror image of one looks as much like others of its
/// class as the image itself does. Digits, letters and arrows do not.
/// </summary>
internal static class MirrorTest
{
    private const int MostImages = 1000, Side = 16;

    /// <summary>
    /// What share of the images known by their neighbors must lose their class: half of the handwritten digits do, and
    /// fewer than a fifth of pictures of things that are not quite symmetrical.
    /// </summary>
    private const double LostShare = 1.0 / 3;

    /// <summary>How many standard deviations the difference must have: a chance of 1 in 1,000.</summary>
    private const double Significance = 3.1;

    /// <summary>
    /// Compares small gray copies of some images, each less its mean: right by the class of the nearest other, as they
    /// are and mirrored. Light on dark is as near as dark on light.
    /// </summary>
    /// <param name="source">The images, as they are without augmentation.</param>
    /// <param name="seed">The run's seed.</param>
    /// <returns>False when many more images lose their class by being mirrored than gain it, and by more than chance
    /// (McNemar's test).</returns>
    public static bool KeepsClasses(IBatchSource source, long seed)
    {
        int[] order = [.. Enumerable.Range(0, source.Count)];
        new PhiloxRandom(seed, RandomPurpose.Augmentation, "mirror test").Shuffle(order.AsSpan());
        int count = Math.Min(MostImages, order.Length);
        var labels = new int[count];
        var thumbnails = new float[count][];
        var pixels = new float[source.Image.ValueCount];
        for (int i = 0; i < count; i++)
        {
            source.Fill(order.AsSpan(i, 1), pixels, labels.AsSpan(i, 1));
            thumbnails[i] = Thumbnail(pixels, source.Image);
        }
        int lost = 0, gained = 0, known = 0;
        var mirrored = new float[Side * Side];
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < mirrored.Length; j++)
                mirrored[j] = thumbnails[i][j / Side * Side + (Side - 1 - j % Side)];
            bool right = NearestLabel(thumbnails, labels, thumbnails[i], i) == labels[i],
                rightMirrored = NearestLabel(thumbnails, labels, mirrored, i) == labels[i];
            known += right ? 1 : 0;
            lost += right && !rightMirrored ? 1 : 0;
            gained += rightMirrored && !right ? 1 : 0;
        }
        int difference = lost - gained;
        return difference <= LostShare * known || difference <= Significance * Math.Sqrt(lost + gained);
    }

    private static int NearestLabel(float[][] thumbnails, int[] labels, float[] wanted, int itself)
    {
        int nearest = -1;
        float best = float.NegativeInfinity;
        for (int i = 0; i < thumbnails.Length; i++)
        {
            float likeness = i == itself ? float.NegativeInfinity
                : Math.Abs(TensorPrimitives.Dot<float>(thumbnails[i], wanted));
            if (likeness > best)
                (best, nearest) = (likeness, i);
        }
        return nearest < 0 ? -1 : labels[nearest];
    }

    /// <summary>Means of channels and of areas, less the whole's mean, of length 1.</summary>
    private static float[] Thumbnail(float[] pixels, ImageShape image)
    {
        var sums = new float[Side * Side];
        for (int y = 0; y < image.Height; y++)
            for (int x = 0; x < image.Width; x++)
                sums[y * Side / image.Height * Side + x * Side / image.Width] += TensorPrimitives.Sum(
                    pixels.AsSpan((y * image.Width + x) * image.Channels, image.Channels));
        TensorPrimitives.Subtract(sums, TensorPrimitives.Sum<float>(sums) / sums.Length, sums);
        float norm = TensorPrimitives.Norm<float>(sums);
        if (norm > 0)
            TensorPrimitives.Divide(sums, norm, sums);
        return sums;
    }
}
