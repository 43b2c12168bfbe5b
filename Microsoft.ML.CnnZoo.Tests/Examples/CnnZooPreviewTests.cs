using SkiaSharp;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary><c>cnnzoo preview</c>: the picture that it writes.</summary>
public sealed class CnnZooPreviewTests : IDisposable
{
    private readonly BarImages _images = new(each: 6);

    public void Dispose() => _images.Dispose();

    [Fact]
    public void Preview_Folder_WritesAPictureFixedByItsSeed()
    {
        byte[] first = Preview("1"), second = Preview("1"), third = Preview("2");
        Assert.Equal(first, second);
        Assert.NotEqual(first, third);
        using SKBitmap sheet = SKBitmap.Decode(first);
        Assert.Equal((4 + 3 * (18 + 96 + 4), 4 + 5 * (96 + 4)), (sheet.Height, sheet.Width));

        byte[] Preview(string seed)
        {
            string output = CnnZooCommand.Run("preview", "--data", _images.Folder, "--augment", "cutmix", "--size", "32",
                "--images", "3", "--samples", "4", "--seed", seed, "--out", _images.At("sheet.png")).AssertSuccess().Output;
            Assert.Contains("sheet.png", output, StringComparison.Ordinal);
            return File.ReadAllBytes(_images.At("sheet.png"));
        }
    }

    [Fact]
    public void Preview_UnknownAugmentation_NamesThoseThatThereAre() =>
        CnnZooCommand.Run("preview", "--data", _images.Folder, "--augment", "mixip", "--out", "s.png")
            .AssertFailure(2, "--augment needs one of auto, none, cifar");
}
