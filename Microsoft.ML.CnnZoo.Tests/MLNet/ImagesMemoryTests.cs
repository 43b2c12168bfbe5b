using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>Tests that look at the process's memory and so run when no other test does.</summary>
[CollectionDefinition(nameof(ImagesMemoryTests), DisableParallelization = true)]
[Collection(nameof(ImagesMemoryTests))]
public sealed class ImagesMemoryTests
{
    private const long Megabyte = 1L << 20;

    [Fact]
    public void CreateFromStream_ManyTimes_LeaksNoNativeMemory()
    {
        // Each picture takes 3 MB of gdk-pixbuf's memory: a leak after success, or after failure, would hold 120 MB.
        byte[] good = ImageFiles.EncodeJpeg(ImageFiles.Make(1000, 1000, (_, _) => (9, 9, 9, 255)));
        byte[] truncated = good[..^400];
        DecodeBoth(good, truncated);
        long before = WorkingSet();
        for (int i = 0; i < 40; i++)
            DecodeBoth(good, truncated);
        Assert.InRange((WorkingSet() - before) / Megabyte, -10_000, 60);
    }

    private static long WorkingSet()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return Environment.WorkingSet;
    }

    private static void DecodeBoth(byte[] good, byte[] truncated)
    {
        using var stream = new MemoryStream(good);
        MLImage.CreateFromStream(stream).Dispose();
        using var cut = new MemoryStream(truncated);
        Assert.Throws<ArgumentException>(() => MLImage.CreateFromStream(cut));
    }
}
