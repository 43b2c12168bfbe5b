using Microsoft.ML.CnnZoo.Architectures;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Analysis;

/// <summary>The table of published accuracies.</summary>
public class PublishedResultsTests
{
    [Fact]
    public void Table_EveryName_IsInTheCatalog() =>
        Assert.Empty(PublishedResults.Names.Except(CnnArchitectures.All.Select(a => a.Name)));

    [Fact]
    public void Table_EveryResult_IsAnErrorWithItsProtocol()
    {
        List<PublishedAccuracy> results = [.. CnnArchitectures.All.SelectMany(a => a.PublishedAccuracy)];
        Assert.True(results.Count > 60);
        Assert.All(results, r =>
        {
            Assert.True((r.Top1Error ?? r.Top5Error) is > 0 and < 50, $"{r}");
            Assert.True(r.Top1Error is null || r.Top5Error is null || r.Top5Error < r.Top1Error, $"{r}");
            Assert.All(new[] { r.DataSet, r.Protocol, r.Source }, text =>
                Assert.False(string.IsNullOrWhiteSpace(text)));
            Assert.True(r.DataSet == "ImageNet" || r.Top5Error is null, $"{r}");
        });
    }

    [Fact]
    public void Table_DataSet_FitsTheImageSize() =>
        Assert.All(CnnArchitectures.All, a => Assert.All(a.PublishedAccuracy,
        r => Assert.Equal(r.DataSet == "ImageNet", a.DefaultInput.Height > 200)));

    [Theory]
    [InlineData("alexnet", 40.7, 18.2, "ten crops, one network", "paper")]
    [InlineData("vgg16", 25.6, 8.1, "one scale, whole image, one network", "paper")]
    [InlineData("googlenet", null, 10.07, "one crop, one network", "paper")]
    [InlineData("googlenet_noaux", null, 10.07, "one crop, one network", "paper")]
    [InlineData("resnet50", 24.7, 7.8, "one crop, one network", "authors' release")]
    [InlineData("resnet50_torchvision", 23.87, 7.138, "one crop, one network", "torchvision, weights IMAGENET1K_V1")]
    [InlineData("xception", 21.0, 5.5, "one crop, one network", "paper")]
    [InlineData("resnet20_cifar", 8.75, null, "mirrored and shifted training images", "paper")]
    [InlineData("lenet5", 0.95, null, "training images as they are", "paper")]
    public void PublishedAccuracy_FirstResult_IsTheOneToQuote(string name, double? top1, double? top5, string protocol,
        string source)
    {
        PublishedAccuracy first = CnnArchitectures.Find(name).PublishedAccuracy[0];
        Assert.Equal((top1, top5, protocol, source), (first.Top1Error, first.Top5Error, first.Protocol, first.Source));
        Assert.Equal(!source.StartsWith("torchvision", StringComparison.Ordinal), first.IsFromAuthors);
    }

    [Theory]
    [InlineData("plain20_cifar")]
    [InlineData("googlenet_naive")]
    [InlineData("alexnet_ungrouped")]
    public void PublishedAccuracy_NeverMeasured_IsEmpty(string name) =>
        Assert.Empty(CnnArchitectures.Find(name).PublishedAccuracy);
}
