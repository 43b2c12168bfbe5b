using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Imaging;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Data;

/// <summary>Settings of augmentation.</summary>
public class ImageAugmentationTests
{
    public static TheoryData<ImageAugmentation> Wrong => new(
        new ImageAugmentation { Padding = -1 },
        new ImageAugmentation { Padding = 4, Area = new(0.1, 1) },
        new ImageAugmentation { ShorterSide = new(256, 300), Area = new(0.1, 1) },
        new ImageAugmentation { ShorterSide = new(200, 300) },
        new ImageAugmentation { ShorterSide = new(300, 256) },
        new ImageAugmentation { Area = new(0, 1) },
        new ImageAugmentation { Area = new(0.5, 1.5) },
        new ImageAugmentation { Area = new(0.5, 1), AspectRatio = new(0, 1) },
        new ImageAugmentation { ColorStandardDeviation = -0.1 },
        new ImageAugmentation { ColorStandardDeviation = double.NaN },
        new ImageAugmentation { Rotation = 181 },
        new ImageAugmentation { Rotation = -1 },
        new ImageAugmentation { Scale = new(0, 1) },
        new ImageAugmentation { Scale = new(1.1, 0.9) },
        new ImageAugmentation { Translation = 1.1 },
        new ImageAugmentation { Brightness = -0.1 },
        new ImageAugmentation { Contrast = double.PositiveInfinity },
        new ImageAugmentation { Saturation = double.NaN },
        new ImageAugmentation { Hue = 0.6 },
        new ImageAugmentation { Erasing = 1.5 },
        new ImageAugmentation { ErasedArea = new(0.5, 0.2) },
        new ImageAugmentation { ErasedAspectRatio = new(0, 1) },
        new ImageAugmentation { Mixup = -1 },
        new ImageAugmentation { CutMix = double.NaN });

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Check_ValueOutOfRange_Throws(ImageAugmentation augmentation) =>
        Assert.Throws<ArgumentException>(() => augmentation.Check(224, 224));

    [Fact]
    public void Check_TwoRulesForCrops_NamesBoth() => Assert.StartsWith(
        "ImageAugmentation has Padding and Area; expected one of",
        Assert.Throws<ArgumentException>(() =>
            (ImageAugmentation.Cifar with { Area = new(0.1, 1) }).Check(32, 32)).Message, StringComparison.Ordinal);

    [Fact]
    public void Check_OutOfRange_NamesTheValueAndTheRange() => Assert.Equal(
        "ImageAugmentation.Hue is 0.6; expected 0 to 0.5.",
        Assert.Throws<ArgumentException>(() => new ImageAugmentation { Hue = 0.6 }.Check(32, 32)).Message);

    [Fact]
    public void Auto_IsRecognizedAndNotSampled()
    {
        Assert.True(ImageAugmentation.Auto.IsAuto);
        Assert.False(ImageAugmentation.Auto.IsNone);
        Assert.NotEqual(ImageAugmentation.None, ImageAugmentation.Auto);
        Assert.All([ImageAugmentation.None, ImageAugmentation.Cifar, ImageAugmentation.Vgg], a => Assert.False(a.IsAuto));
        Assert.Contains("is chosen by the trainer",
            Assert.Throws<ArgumentException>(() => ImageAugmentation.Auto.Check(32, 32)).Message, StringComparison.Ordinal);
        Assert.Contains("Auto was changed", Assert.Throws<ArgumentException>(
            () => (ImageAugmentation.Auto with { Mirror = true }).Check(32, 32)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_Presets_AreLegalForTheirNetworks()
    {
        Assert.All([ImageAugmentation.None, ImageAugmentation.AlexNet, ImageAugmentation.Vgg, ImageAugmentation.ResNet,
            ImageAugmentation.Inception], a => a.Check(224, 224));
        ImageAugmentation.AlexNet.Check(227, 227);
        ImageAugmentation.Cifar.Check(32, 32);
        ImageAugmentation.Vgg.ForSide(299).Check(299, 299);
    }

    [Fact]
    public void ForSide_OtherSize_KeepsTheProportions()
    {
        Assert.Equal(new ValueRange(64, 128), ImageAugmentation.Vgg.ForSide(56).ShorterSide);
        Assert.Equal(ImageAugmentation.Vgg, ImageAugmentation.Vgg.ForSide(224));
        Assert.Equal(128, ImageAugmentation.Inception.ForSide(56).LargestShorterSide);
    }

    [Theory]
    [InlineData(300, 400, 300, 400)]
    [InlineData(600, 800, 512, 683)]
    [InlineData(1024, 512, 1024, 512)]
    public void KeepingShape_OfAnImage_ShortensTheShorterSideOnly(
        int height, int width, int keptHeight, int keptWidth) =>
        Assert.Equal((keptHeight, keptWidth),
            ImageScaler.KeepingShape(512, 3).SizeOf(PixelFormat.Bgra32(height, width)));

    [Fact]
    public void IsNone_AnySettingMade_IsFalse()
    {
        Assert.True(ImageAugmentation.None.IsNone);
        Assert.All([ImageAugmentation.None with { Mirror = true },
            ImageAugmentation.None with { ColorStandardDeviation = 0.1 }, ImageAugmentation.None with { Padding = 1 },
            ImageAugmentation.Inception with { Mirror = false }, new() { Rotation = 1 }, new() { Scale = new(1, 1.1) },
            new() { Translation = 0.1 }, new() { Brightness = 0.1 }, new() { Contrast = 0.1 }, new() { Saturation = 0.1 },
            new() { Hue = 0.1 }, new() { Erasing = 0.1 }, new() { TrivialAugment = true }, new() { Mixup = 0.1 },
            new() { CutMix = 1 }],
            a => Assert.False(a.IsNone));
    }
}
