using Microsoft.ML.CnnZoo.Data;
using SkiaSharp;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Data;

/// <summary>The picture of augmented samples: size, what stands where, determinism.</summary>
public sealed class AugmentationSheetTests : IDisposable
{
    private const int Side = 32, Zoom = 3, Cell = Side * Zoom, Gap = 4, Caption = 18;
    private readonly string _folder = Directory.CreateTempSubdirectory("sheet").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Write_ImagesAndSamples_AreWhereTheyBelong()
    {
        ImageCache<byte> cache = Filled(new() { Rotation = 30, Mirror = true });
        using SKBitmap sheet = Write(cache, 4, 2);
        Assert.Equal((Gap + 4 * (Caption + Cell + Gap), Gap + 3 * (Cell + Gap)), (sheet.Height, sheet.Width));
        var batch = new Batch(cache.Image, 4);
        int[] shown = [0, 2, 4, 6]; // spread over eight images
        for (int column = 0; column < 3; column++)
        {
            batch.Load(cache, shown, column == 0 ? null : column);
            for (int row = 0; row < 4; row++)
                for (int y = 0; y < Side; y++)
                    for (int x = 0; x < Side; x++)
                    {
                        SKColor color = sheet.GetPixel(Gap + column * (Cell + Gap) + x * Zoom + 1,
                            Gap + row * (Caption + Cell + Gap) + Caption + y * Zoom + 1);
                        int at = ((row * Side + y) * Side + x) * 3;
                        Assert.Equal(batch.Images[at] * 50 + 100, color.Red, 1.0);
                        Assert.Equal(batch.Images[at + 1] * 50 + 100, color.Green, 1.0);
                        Assert.Equal(batch.Images[at + 2] * 50 + 100, color.Blue, 1.0);
                    }
        }
    }

    [Fact]
    public void Write_Twice_SameBytesAndOtherSeedOther()
    {
        byte[] Sheet(long seed)
        {
            using SKBitmap sheet = Write(Filled(new() { Rotation = 30, Mixup = 1 }, seed), 3, 2);
            return sheet.Bytes;
        }
        Assert.Equal(Sheet(1), Sheet(1));
        Assert.NotEqual(Sheet(1), Sheet(2));
    }

    [Fact]
    public void Write_FewerImagesThanAskedFor_ShowsAll()
    {
        using SKBitmap sheet = Write(Filled(ImageAugmentation.None), 100, 0);
        Assert.Equal((Gap + 8 * (Caption + Cell + Gap), Gap + Cell + Gap), (sheet.Height, sheet.Width));
    }

    private SKBitmap Write(ImageCache<byte> cache, int images, int samples)
    {
        string file = Path.Combine(_folder, "sheet.png");
        new AugmentationSheet(cache, cache.Normalization, i => $"class {i}", areBytes: true).Write(file, images, samples);
        return SKBitmap.Decode(file);
    }

    private static ImageCache<byte> Filled(ImageAugmentation augmentation, long seed = 1)
    {
        var cache = new ImageCache<byte>(new ImageShape(Side, Side, 3))
        {
            Normalization = PixelNormalization.Uniform(3, 1 / 50f, -2),
        };
        for (int i = 0; i < 8; i++)
        {
            var pixels = new byte[Side * Side * 3];
            new Random(i).NextBytes(pixels);
            cache.Add(pixels, i);
        }
        cache.Augment(augmentation, seed);
        return cache;
    }
}
