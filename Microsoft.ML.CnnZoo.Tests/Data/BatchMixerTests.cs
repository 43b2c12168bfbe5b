using Microsoft.ML.CnnZoo.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Data;

/// <summary>Mixup and CutMix: every pixel of a mixed batch, the labels, and how often which share is drawn.</summary>
public class BatchMixerTests
{
    private const int Count = 9, Side = 6, Size = Side * Side * 3;
    private static readonly ImageShape Image = new(Side, Side, 3);

    [Theory]
    [InlineData(0.4)]
    [InlineData(1)]
    public void Mix_Mixup_IsTheWeightedSumOfTwoImages(double alpha)
    {
        for (int epoch = 1; epoch <= 20; epoch++)
        {
            (float[] mixed, int[] labels, int[] others, float share) = Mix(new() { Mixup = alpha }, 3, epoch, 0);
            Assert.InRange(share, 0.5f, 1);
            for (int i = 0; i < Count; i++)
                for (int k = 0; k < Size; k++)
                    Assert.Equal(share * Pixel(labels[i], k) + (1 - share) * Pixel(others[i], k), mixed[i * Size + k], 1e-3);
            Assert.Equal(Enumerable.Range(0, Count), labels.Order());
            Assert.Equal(Enumerable.Range(0, Count), others.Order());
        }
    }

    [Fact]
    public void Mix_CutMix_ARectangleComesFromTheOther()
    {
        var shares = new List<float>();
        for (int epoch = 1; epoch <= 200; epoch++)
        {
            (float[] mixed, int[] labels, int[] others, float share) = Mix(new() { CutMix = 1 }, 3, epoch, 0);
            shares.Add(share);
            // One of the two fills a rectangle: its image is found by its pixels.
            int i = Enumerable.Range(0, Count).First(i => labels[i] != others[i]);
            int[] at = [.. Enumerable.Range(0, Side * Side).Where(p =>
                mixed[i * Size + p * 3] == Pixel(others[i], p * 3))];
            Assert.Equal(1 - share, at.Length / (float)(Side * Side), 1e-5f);
            for (int image = 0; image < Count; image++)
                for (int p = 0; p < Side * Side; p++)
                    for (int c = 0; c < 3; c++)
                        Assert.Equal(Pixel(at.Contains(p) ? others[image] : labels[image], p * 3 + c),
                            mixed[image * Size + p * 3 + c]);
            if (at.Length == 0)
                continue;
            bool IsRectangle(int[] pixels) => pixels.Length == 0
                || (pixels.Max(p => p / Side) - pixels.Min(p => p / Side) + 1)
                    * (pixels.Max(p => p % Side) - pixels.Min(p => p % Side) + 1) == pixels.Length;
            Assert.True(IsRectangle(at) || IsRectangle([.. Enumerable.Range(0, Side * Side).Except(at)]));
        }
        Assert.All(shares, s => Assert.InRange(s, 0.5f, 1));
        Assert.True(shares.Distinct().Count() > 5);
    }

    [Fact]
    public void Mix_SameSeedEpochAndBatch_IsTheSame()
    {
        ImageAugmentation both = new() { Mixup = 0.4, CutMix = 1 };
        (float[] a, _, _, float share) = Mix(both, 1, 2, 3);
        Assert.Equal(a, Mix(both, 1, 2, 3).Mixed);
        Assert.All([Mix(both, 2, 2, 3), Mix(both, 1, 3, 3), Mix(both, 1, 2, 4)], m => Assert.NotEqual(share, m.Share));
    }

    [Theory]
    [InlineData(0.2)]
    [InlineData(1)]
    [InlineData(4)]
    public void Mix_Shares_AreTheLargerOfBetaVariates(double alpha)
    {
        // Beta(α, α) has mean ½ and variance 1 / (4·(2α + 1)); the larger of λ and 1 - λ is as far from ½.
        const int draws = 4000;
        var mixer = new BatchMixer(new() { Mixup = alpha }, new(1, 1, 1), 5);
        double[] squares = [.. Enumerable.Range(0, draws).Select(i =>
        {
            float share = mixer.Mix(new float[2], new int[2], new int[2], 1, i);
            return Math.Pow(share - 0.5, 2);
        })];
        double expected = 1 / (4 * (2 * alpha + 1));
        Assert.Equal(expected, squares.Average(), 0.06 * expected);
    }

    [Fact]
    public void Mix_BothSet_HalfOfTheBatchesEach()
    {
        int cut = Enumerable.Range(1, 400).Count(epoch =>
        {
            (float[] mixed, int[] labels, int[] others, _) = Mix(new() { Mixup = 1, CutMix = 1 }, 3, epoch, 0);
            int i = Enumerable.Range(0, Count).First(i => labels[i] != others[i]);
            return Enumerable.Range(0, Size).All(k =>
                mixed[i * Size + k] == Pixel(labels[i], k) || mixed[i * Size + k] == Pixel(others[i], k));
        });
        Assert.InRange(cut, 160, 240);
    }

    [Fact]
    public void Load_BatchOfAMixingSource_HasItsShareOnlyWhileTraining()
    {
        var cache = new ImageCache<byte>(Image);
        for (int i = 0; i < Count; i++)
            cache.Add([.. Enumerable.Range(0, Size).Select(k => (byte)Pixel(i, k))], i);
        cache.Augment(new() { CutMix = 1 }, 3);
        var batch = new Batch(Image, Count);
        int[] order = [.. Enumerable.Range(0, Count)];
        batch.Load(new BatchSubset(cache, order), order, epoch: 7);
        (float[] mixed, int[] labels, int[] others, float share) = Mix(new() { CutMix = 1 }, 3, 7, 0);
        Assert.Equal(mixed, batch.Images.ToArray());
        Assert.Equal(labels, batch.Labels.ToArray());
        Assert.Equal(others, batch.MixedLabels.ToArray());
        Assert.Equal(share, batch.Mix);
        batch.Load(cache, order, epoch: null);
        Assert.Equal((1f, Pixel(0, 5)), (batch.Mix, batch.Images[5]));
    }

    private static (float[] Mixed, int[] Labels, int[] Others, float Share) Mix(
        ImageAugmentation augmentation, long seed, int epoch, int first)
    {
        float[] images = [.. Enumerable.Range(0, Count * Size).Select(i => Pixel(i / Size, i % Size))];
        int[] labels = [.. Enumerable.Range(0, Count)], others = new int[Count];
        float share = new BatchMixer(augmentation, Image, seed).Mix(images, labels, others, epoch, first);
        return (images, labels, others, share);
    }

    /// <summary>No two images have the same value at a place.</summary>
    private static float Pixel(int image, int k) => image * 20 + k % 20;
}
