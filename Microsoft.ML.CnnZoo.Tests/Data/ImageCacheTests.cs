using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.Training;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Data;

/// <summary>
/// Decoded images in memory, in the file, or decoded again; batches are the same whatever the place and the number of
/// threads.
/// </summary>
public sealed class ImageCacheTests : IDisposable
{
    private const int Count = 24, Rows = 40, Columns = 48;
    private const long Bytes = Rows * Columns * 3;
    private static readonly ImageShape Network = new(32, 32, 3);
    private readonly string _folder = Directory.CreateTempSubdirectory("pixels").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void FillForTraining_AnyNumberOfThreads_SameBatch(int threads)
    {
        using ImageCache<byte> one = Filled(PixelStore.Unlimited()), many = Filled(PixelStore.Unlimited());
        one.Threads = 1;
        many.Threads = threads;
        for (int epoch = 1; epoch <= 2; epoch++)
            Assert.Equal(Batch(one, epoch), Batch(many, epoch));
        Assert.NotEqual(Batch(many, 1), Batch(many, 2));
        Assert.Equal(Batch(one, null), Batch(many, null));
    }

    [Fact]
    public void Fill_BudgetsThatSpill_SameBatchFromEveryPlace()
    {
        using ImageCache<byte> whole = Filled(PixelStore.Unlimited());
        using var store = new PixelStore(5 * Bytes, 9 * Bytes, _folder);
        var rows = new FakeRows();
        using ImageCache<byte> spilled = Filled(store, rows.Read);
        Assert.Equal((5 * Bytes, 9 * Bytes), (store.InMemory, store.InFile));
        Assert.Equal(Batch(whole, 1), Batch(spilled, 1));
        Assert.Equal(Batch(whole, null), Batch(spilled, null));
        Assert.Equal(Enumerable.Range(14, 10).Select(i => (long)i), rows.Asked.Distinct().Order());
    }

    [Fact]
    public void Fill_FloatsThatSpill_SameBatch()
    {
        using var store = new PixelStore(2 * Bytes * sizeof(float), long.MaxValue, _folder);
        using ImageCache<float> whole = new(Network), spilled = new(Network, store, null);
        for (int i = 0; i < 6; i++)
        {
            whole.Add(Array.ConvertAll(Pixels(i), b => b / 7f), Rows, Columns, i);
            spilled.Add(Array.ConvertAll(Pixels(i), b => b / 7f), Rows, Columns, i);
        }
        Assert.Equal(4 * Bytes * sizeof(float), store.InFile);
        Assert.Equal(Batch(whole, null), Batch(spilled, null));
        spilled.Add(Array.ConvertAll(Pixels(6), b => b / 7f), Rows, Columns, 6);
        whole.Add(Array.ConvertAll(Pixels(6), b => b / 7f), Rows, Columns, 6);
        Assert.Equal(Batch(whole, null), Batch(spilled, null)); // the file has grown after it was mapped
    }

    [Fact]
    public void Add_NoFileAndNowhereToReadAgain_Throws()
    {
        using var store = new PixelStore(0, 0);
        using var cache = new ImageCache<byte>(Network, store, null);
        Assert.Throws<InvalidOperationException>(() => cache.Add(Pixels(0), Rows, Columns, 0));
    }

    [Fact]
    public void Store_FolderThatCannotBe_WarnsOnceAndGoesOn()
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        var warnings = new List<string>();
        using var store = new PixelStore(Bytes, long.MaxValue, Path.Combine(file, "below"), warnings.Add);
        using ImageCache<byte> whole = Filled(PixelStore.Unlimited()), cache = Filled(store, new FakeRows().Read);
        Assert.Contains("cannot be created", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Equal(Batch(whole, 1), Batch(cache, 1));
    }

    [Fact]
    public void Store_Disposed_LeavesNoFileBehind()
    {
        using (var store = new PixelStore(0, long.MaxValue, _folder))
        {
            using ImageCache<byte> cache = Filled(store);
            Batch(cache, 1);
            if (OperatingSystem.IsLinux())
            {
                Assert.Empty(Directory.GetFiles(_folder)); // a crash would leave nothing
                Assert.NotEmpty(OpenFiles());
            }
        }
        Assert.Empty(Directory.GetFiles(_folder));
        if (OperatingSystem.IsLinux())
            Assert.Empty(OpenFiles());
    }

    [Fact]
    public void Fill_ImageOfAnotherSizeWhenReadAgain_Throws()
    {
        using var store = new PixelStore(0, 0);
        using ImageCache<byte> cache = Filled(store, new FakeRows { Shrink = 1 }.Read);
        Assert.Contains("40x48 pixels when it was first read, and has 39x48 now",
            Assert.Throws<InvalidOperationException>(() => Batch(cache, 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fill_NotAugmented_ShowsTheCenterOfLargerImages()
    {
        using var cache = new ImageCache<byte>(new ImageShape(2, 2, 1));
        cache.Add([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], 4, 4, 3);
        cache.Augment(new ImageAugmentation { ShorterSide = new(4, 4) }, 1);
        var images = new float[4];
        var labels = new int[1];
        cache.Fill([0], images, labels);
        Assert.Equal([5, 6, 9, 10], images);
        var seen = new HashSet<float>();
        for (int epoch = 1; epoch < 60; epoch++)
        {
            cache.FillForTraining([0], epoch, images, labels);
            Assert.Equal([images[0] + 1, images[0] + 4, images[0] + 5], images[1..]);
            seen.Add(images[0]);
        }
        Assert.Equal([0, 1, 2, 4, 5, 6, 8, 9, 10], seen.Order());
    }

    [Fact]
    public void Subset_ForTraining_AugmentsByTheImagesOwnNumber()
    {
        using ImageCache<byte> cache = Filled(PixelStore.Unlimited());
        float[] direct = new float[2 * 32 * 32 * 3], through = new float[2 * 32 * 32 * 3];
        var labels = new int[2];
        cache.FillForTraining([7, 3], 4, direct, labels);
        new BatchSubset(cache, [3, 5, 7]).FillForTraining([2, 0], 4, through, labels);
        Assert.Equal(direct, through);
        Assert.Equal([7, 3], labels);
    }

    private string[] OpenFiles() =>
        [.. Directory.GetFiles("/proc/self/fd").Select(f => new FileInfo(f).LinkTarget ?? "")
            .Where(t => t.StartsWith(_folder, StringComparison.Ordinal))];

    private static byte[] Pixels(int image)
    {
        var pixels = new byte[Bytes];
        new Random(image).NextBytes(pixels);
        return pixels;
    }

    private static ImageCache<byte> Filled(PixelStore store, RereadImages<byte>? reread = null)
    {
        var cache = new ImageCache<byte>(Network, store, reread)
        {
            Normalization = PixelNormalization.Uniform(3, 0.01f, -1),
        };
        for (int i = 0; i < Count; i++)
            cache.Add(new CachedImage<byte>(Pixels(i), Rows, Columns), i, i);
        cache.Augment(new ImageAugmentation
        {
            ShorterSide = new(34, 40), Mirror = true, ColorStandardDeviation = 0.1, Rotation = 20, Brightness = 0.2,
            Contrast = 0.2, Saturation = 0.2, Hue = 0.1, Erasing = 0.3, TrivialAugment = true,
        }, 9);
        return cache;
    }

    /// <summary>All images, backwards, several times over so that the work is shared among threads.</summary>
    private static float[] Batch<T>(ImageCache<T> cache, int? epoch) where T : unmanaged
    {
        int[] indices = [.. Enumerable.Range(0, 4 * cache.Count).Select(i => cache.Count - 1 - (i % cache.Count))];
        var images = new float[indices.Length * 32 * 32 * 3];
        var labels = new int[indices.Length];
        if (epoch is { } number)
            cache.FillForTraining(indices, number, images, labels);
        else
            cache.Fill(indices, images, labels);
        Assert.Equal(indices, labels);
        return images;
    }

    private sealed class FakeRows
    {
        public List<long> Asked { get; } = [];
        public int Shrink { get; init; }

        public IReadOnlyList<CachedImage<byte>> Read(IReadOnlyList<long> rows, IReadOnlyList<int> labels)
        {
            Assert.Equal(rows.Order(), rows);
            Assert.Equal(rows.Select(r => (int)r), labels);
            Asked.AddRange(rows);
            return [.. rows.Select(r => new CachedImage<byte>(
                Pixels((int)r)[..((Rows - Shrink) * Columns * 3)], Rows - Shrink, Columns))];
        }
    }
}
