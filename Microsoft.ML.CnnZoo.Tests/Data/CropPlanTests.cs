using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Imaging;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Data;

/// <summary>Which crops of which resized image are trained on, validated with and scored.</summary>
public class CropPlanTests
{
    private static readonly ImageShape Network = new(224, 224, 3), Resized = new(256, 260, 3);

    [Fact]
    public void Scored_Ten_AreCornersAndCenterThenMirrored()
    {
        ImageCrop[] crops = CropPlan.Scored(TestCrops.Ten, Resized, Network);
        Assert.Equal(CropPlan.Count(TestCrops.Ten), crops.Length);
        Assert.Equal([(0, 0), (0, 36), (32, 0), (32, 36), (16, 18)],
            crops[..5].Select(c => (c.Region.Top, c.Region.Left)));
        Assert.Equal(crops[..5].Select(c => c.Region), crops[5..].Select(c => c.Region));
        Assert.All(crops[..5], c => Assert.False(c.Mirror));
        Assert.All(crops[5..], c => Assert.True(c.Mirror));
    }

    [Fact]
    public void Scored_Center_IsOneCrop() =>
        Assert.Equal(new ImageRegion(16, 18, 224, 224),
            Assert.Single(CropPlan.Scored(TestCrops.Center, Resized, Network)).Region);

    [Fact]
    public void ScoredImage_ByAugmentationAndCrops_IsThePapers()
    {
        Assert.Equal(224, Side(ImageAugmentation.None, TestCrops.Center));
        Assert.Equal(256, Side(ImageAugmentation.None, TestCrops.Ten));
        Assert.Equal(256, Side(ImageAugmentation.AlexNet, TestCrops.Ten));
        Assert.Equal(384, Side(ImageAugmentation.Vgg, TestCrops.Center));
        Assert.Equal(256, Side(ImageAugmentation.Inception, TestCrops.Center));
        static int Side(ImageAugmentation augmentation, TestCrops crops) =>
            new CropPlan(augmentation, Network, ImageFit.CenterCrop).ScoredImage(crops).Height;
    }

    [Theory]
    [InlineData(ImageFit.CenterCrop, 512, 683)]
    [InlineData(ImageFit.Letterbox, 512, 683)]
    [InlineData(ImageFit.Stretch, 512, 512)]
    public void CreateTrainingScaler_CropsOfAnySize_CachesTheLargestShorterSide(ImageFit fit, int height, int width)
    {
        PixelFormat photo = PixelFormat.Rgba32(600, 800);
        Assert.Equal((height, width), Cached(ImageAugmentation.Inception));
        Assert.Equal((height, width), Cached(ImageAugmentation.Vgg));
        Assert.Equal((256, 256), Cached(ImageAugmentation.AlexNet));
        // Half of the area is a square of 224 out of 317 pixels.
        Assert.Equal((317, fit == ImageFit.Stretch ? 317 : 423), Cached(new() { Area = new(0.5, 1) }));

        (int Height, int Width) Cached(ImageAugmentation augmentation) =>
            new CropPlan(augmentation, Network, fit).CreateTrainingScaler().SizeOf(photo);
    }
}
