using System.Numerics.Tensors;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Imaging;

namespace Microsoft.ML.CnnZoo.Data;

/// <summary>
/// Mixup and CutMix: the images of a batch are mixed with the same images in another order. A function of seed, epoch
/// and the batch's first image. Keeps an image: not thread-safe.
/// </summary>
/// <param name="augmentation">Their α; where both are set, a batch gets one of the two.</param>
/// <param name="image">Size of the images.</param>
/// <param name="seed">The run's seed.</param>
internal sealed class BatchMixer(ImageAugmentation augmentation, ImageShape image, long seed)
{
    private readonly float[] _first = new float[image.ValueCount];

    /// <summary>Mixes the images of a batch in place.</summary>
    /// <param name="images">[n, height, width, channels].</param>
    /// <param name="labels">The images' labels; receives those of the larger parts.</param>
    /// <param name="mixedLabels">Receives the labels of the smaller parts.</param>
    /// <param name="epoch">The epoch, from 1.</param>
    /// <param name="firstImage">Number of the batch's first image: tells the epoch's batches apart.</param>
    /// <returns>The share of the larger parts, ½ to 1.</returns>
    public float Mix(Span<float> images, Span<int> labels, Span<int> mixedLabels, int epoch, int firstImage)
    {
        var random = new PhiloxRandom(seed, RandomPurpose.Mixing, epoch, firstImage);
        int[] partners = [.. Enumerable.Range(0, labels.Length)];
        random.Shuffle(partners.AsSpan());
        bool cuts = augmentation.Mixup == 0 || augmentation.CutMix > 0 && (random.NextUInt32() & 1) == 1;
        double share = DrawBeta(random, cuts ? augmentation.CutMix : augmentation.Mixup);
        PixelRectangle? cut = cuts ? DrawCut(random, share) : null;
        if (cut is { } area)
            share = 1 - (double)area.Height * area.Width / (image.Height * image.Width);
        MixImages(images, partners, (float)share, cut);
        for (int i = 0; i < labels.Length; i++)
            mixedLabels[i] = labels[partners[i]];
        if (share >= 0.5)
            return (float)share;
        for (int i = 0; i < labels.Length; i++)
            (labels[i], mixedLabels[i]) = (mixedLabels[i], labels[i]);
        return (float)(1 - share);
    }

    /// <summary>Along the cycles of the permutation, so that only each cycle's first image must be kept.</summary>
    private void MixImages(Span<float> images, int[] partners, float share, PixelRectangle? cut)
    {
        int size = image.ValueCount;
        var done = new bool[partners.Length];
        for (int first = 0; first < partners.Length; first++)
        {
            if (done[first] || partners[first] == first)
                continue;
            images.Slice(first * size, size).CopyTo(_first);
            for (int i = first; !done[i]; i = partners[i])
            {
                done[i] = true;
                ReadOnlySpan<float> other = partners[i] == first ? _first : images.Slice(partners[i] * size, size);
                MixImage(images.Slice(i * size, size), other, share, cut);
            }
        }
    }

    private void MixImage(Span<float> own, ReadOnlySpan<float> other, float share, PixelRectangle? cut)
    {
        if (cut is { } area)
        {
            for (int y = area.Top; y < area.Top + area.Height; y++)
            {
                int at = (y * image.Width + area.Left) * image.Channels;
                other.Slice(at, area.Width * image.Channels).CopyTo(own[at..]);
            }
            return;
        }
        TensorPrimitives.Multiply(own, share, own);
        TensorPrimitives.MultiplyAdd(other, 1 - share, own, own);
    }

    /// <summary>As CutMix's published code: the center is anywhere, what reaches over an edge is left out.</summary>
    private PixelRectangle DrawCut(PhiloxRandom random, double share)
    {
        double side = Math.Sqrt(1 - share);
        int height = (int)(image.Height * side), width = (int)(image.Width * side);
        int y = random.Next(image.Height), x = random.Next(image.Width);
        int top = Math.Max(0, y - height / 2), left = Math.Max(0, x - width / 2);
        return new(top, left, Math.Min(image.Height, y + height / 2) - top,
            Math.Min(image.Width, x + width / 2) - left);
    }

    /// <summary>Beta(α, α): the share of one of two Gamma variates, which may be too small for a double.</summary>
    private static double DrawBeta(PhiloxRandom random, double alpha) =>
        1 / (1 + Math.Exp(DrawLogGamma(random, alpha) - DrawLogGamma(random, alpha)));

    /// <summary>Logarithm of Gamma(α, 1) = Gamma(α + 1, 1)·U^(1/α): Marsaglia, Tsang 2000.</summary>
    private static double DrawLogGamma(PhiloxRandom random, double alpha)
    {
        double d = alpha + 1 - 1.0 / 3, c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            double x = random.NextNormal(), v = Math.Pow(1 + c * x, 3);
            if (v > 0 && Math.Log(1 - random.NextDouble()) < x * x / 2 + d - d * v + d * Math.Log(v))
                return Math.Log(d * v) + Math.Log(1 - random.NextDouble()) / alpha;
        }
    }
}
