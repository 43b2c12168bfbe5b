using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.MLNet;
using Microsoft.ML.CnnZoo.Weights;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Training;

/// <summary>What pixels become before the network, in the order that Options.ImageNormalization documents.</summary>
public class InputNormalizationTests
{
    private static readonly PixelNormalization Own = PixelNormalization.Uniform(3, 0.5f, 7);

    [Fact]
    public void Choose_Option_WinsOverWeightsAndPaper()
    {
        CnnClassificationTrainer.Options options = Options(CnnArchitectures.Xception, Weights());
        options.ImageNormalization = Own;
        Assert.Equal(Own, Choose(options));
    }

    [Fact]
    public void Choose_LibrarysWeights_BringImageNetsStatisticsOrMinusOneToOne()
    {
        Assert.Equal(PixelNormalization.ImageNet, Choose(Options(CnnArchitectures.Vgg16, Weights())));
        Assert.Equal(PixelNormalization.SignedUnitRange(3), Choose(Options(CnnArchitectures.InceptionV3, Weights())));
        Assert.Equal(PixelNormalization.SignedUnitRange(3),
            Choose(Options(CnnArchitectures.GoogLeNetTorchvision, Weights())));
    }

    [Fact]
    public void ImageNet_MeanColor_BecomesZeroAndOneDeviationOne()
    {
        float[] mean = [0.485f * 255, 0.456f * 255, 0.406f * 255], above = [0.714f * 255, 0.68f * 255, 0.631f * 255],
            target = new float[3];
        PixelNormalization.ImageNet.Apply(mean, target);
        Assert.All(target, v => Assert.Equal(0, v, 1e-5));
        PixelNormalization.ImageNet.Apply(above, target);
        Assert.All(target, v => Assert.Equal(1, v, 1e-5));
    }

    [Fact]
    public void Choose_WeightsOfATrainedModel_BringTheirOwn()
    {
        var metadata = new WeightsMetadata("vgg16", Own, FromFloats: false);
        Assert.Equal(Own, Choose(Options(CnnArchitectures.Vgg16, Weights(metadata))));
        Assert.NotEqual(Own, Choose(Options(CnnArchitectures.Vgg16, Weights(metadata with { FromFloats = true }))));
    }

    [Fact]
    public void Choose_Paper_ThenStatistics()
    {
        ChannelStatistics statistics = Statistics(1);
        Assert.Equal(PixelNormalization.LeCun1998(1), Choose(Options(CnnArchitectures.LeNet5), statistics));
        Assert.Equal(PixelNormalization.SignedUnitRange(3), Choose(Options(CnnArchitectures.Xception)));
        Assert.Equal(PixelNormalization.FromStatistics(statistics),
            Choose(Options(CnnArchitectures.LeNet5Relu), statistics));
        Assert.Equal(PixelNormalization.FromStatistics(Statistics(3)), Choose(Options(CnnArchitectures.ResNet18)));
    }

    [Fact]
    public void Choose_ImagesThatThePaperDidNotMean_StandardizesThem()
    {
        var paper = new ChannelStatistics(1); // dark ink on white
        paper.Add([(byte)255, 250, 245, 255, 255, 30]);
        Assert.Equal(PixelNormalization.FromStatistics(paper), Choose(Options(CnnArchitectures.LeNet5), paper));
    }

    [Fact]
    public void LeCun1998_BackgroundAndInk_AreThePapers()
    {
        float[] target = new float[2];
        PixelNormalization.LeCun1998(1).Apply([(byte)0, (byte)255], target);
        Assert.Equal(-0.1f, target[0], 1e-6f);
        Assert.Equal(1.175f, target[1], 1e-6f);
    }

    [Fact]
    public void Choose_ColumnOfFloats_UsesNoPapersNumbers()
    {
        Assert.Equal(PixelNormalization.FromStatistics(Statistics(3)),
            Choose(Options(CnnArchitectures.Xception), fromFloats: true));
        InputNormalization guess = InputNormalization.Choose(Options(CnnArchitectures.Vgg16, Weights()),
            fromFloats: true, Statistics(3));
        Assert.Equal((PixelNormalization.Identity(3), true), (guess.Normalization, guess.IsGuess));
    }

    private static PixelNormalization Choose(CnnClassificationTrainer.Options options,
        ChannelStatistics? statistics = null, bool fromFloats = false) =>
        InputNormalization.Choose(options, fromFloats, statistics ?? Statistics(3)).Normalization;

    private static CnnClassificationTrainer.Options Options(CnnArchitecture architecture, CnnWeights? weights = null) =>
        new() { Architecture = architecture, InitialWeights = weights };

    private static CnnWeights Weights(WeightsMetadata? metadata = null) =>
        new(new MemoryTensors("a test", [], metadata?.Write() ?? new Dictionary<string, string>()));

    /// <summary>Pixels 10 and 30 in every channel: mean 20, standard deviation 10.</summary>
    private static ChannelStatistics Statistics(int channels)
    {
        var statistics = new ChannelStatistics(channels);
        statistics.Add([.. Enumerable.Repeat((byte)10, channels), .. Enumerable.Repeat((byte)30, channels)]);
        return statistics;
    }
}
