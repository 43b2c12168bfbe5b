using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.MLNet;
using Microsoft.ML.CnnZoo.Training;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Training;

/// <summary>What settings become that are left open.</summary>
public class TrainingRecipeTests
{
    [Theory]
    [InlineData("resnet20_cifar", 1080, 83, 32)]
    [InlineData("resnet20_cifar", 120, 200, 16)]
    [InlineData("resnet20_cifar", 60_000, 15, 64)]
    [InlineData("lenet5_relu", 1080, 333, 32)]
    [InlineData("lenet5", 120, 600, 16)]
    [InlineData("lenet5_tanh", 60_000, 20, 64)]
    public void For_NumberOfImages_GivesStepsEnough(string network, int images, int epochs, int batchSize)
    {
        TrainingRecipe recipe = TrainingRecipe.For(CnnArchitectures.Find(network),
            TrainingRecipe.GradientDescent, TrainingStart.RandomWeights, images);
        Assert.Equal((epochs, batchSize), (recipe.Epochs, recipe.BatchSize));
        Assert.True(recipe.Epochs * Math.Ceiling((double)images / recipe.BatchSize) >= 1000);
    }

    /// <summary>On colored digits it is at chance for 46 of its 100 epochs, and at 0.92 in the end.</summary>
    [Fact]
    public void For_RadialBasisUnits_TrainsToTheEnd()
    {
        TrainingRecipe rbf = Recipe(CnnArchitectures.LeNet5), other = Recipe(CnnArchitectures.LeNet5Relu);
        Assert.Equal(other.Epochs, rbf.Epochs);
        Assert.Equal((null, new EarlyStopping((other.Epochs + 1) / 2)), (rbf.EarlyStopping, other.EarlyStopping));
    }

    [Fact]
    public void For_DeepNetworksWithoutBatchNorms_RescalesFirstWeights()
    {
        foreach (CnnArchitecture deep in (CnnArchitecture[])
            [CnnArchitectures.Vgg11, CnnArchitectures.GoogLeNet, CnnArchitectures.AlexNet, CnnArchitectures.SqueezeNet])
        {
            TrainingRecipe recipe = Recipe(deep);
            Assert.True(recipe.StandardizesLayers);
            Assert.NotNull(recipe.GradientClipNorm);
        }
        Assert.False(Recipe(CnnArchitectures.ResNet18).StandardizesLayers);
        Assert.False(Recipe(CnnArchitectures.LeNet5).StandardizesLayers);
        Assert.False(TrainingRecipe.For(CnnArchitectures.Vgg11, TrainingRecipe.GradientDescent, TrainingStart.TrainedWeights,
            images: 1000).StandardizesLayers);
        var own = new CnnClassificationTrainer.Options { Architecture = CnnArchitectures.Vgg11, KernelInitializer = Initializer.HeNormal };
        Assert.False(Settings(own).StandardizesLayers);
    }

    [Theory]
    [InlineData("resnet18", 0.004f)]
    [InlineData("googlenet", 0.001f)]
    [InlineData("alexnet", 0.001f)]
    [InlineData("vgg19", 0.001f)]
    [InlineData("nin_imagenet", 0.001f)]
    public void For_DeepNetworks_IsAdamW(string network, float random)
    {
        CnnArchitecture deep = CnnArchitectures.Find(network);
        foreach ((TrainingStart start, float rate) in new[]
            {
                (TrainingStart.RandomWeights, random), (TrainingStart.TrainedWeights, 0.0003f),
                (TrainingStart.TrainedBodyThenAll, 0.003f), (TrainingStart.TrainedBody, 0.01f),
            })
        {
            Assert.IsType<AdamWOptimizer>(TrainingRecipe.OptimizerFor(deep, start));
            Assert.Equal(rate, Recipe(deep, start).LearningRate);
        }
    }

    [Fact]
    public void For_LeNets_IsGradientDescent()
    {
        foreach (TrainingStart start in Enum.GetValues<TrainingStart>())
            Assert.IsType<MomentumOptimizer>(TrainingRecipe.OptimizerFor(CnnArchitectures.LeNet5Relu, start));
        Assert.Equal(0.05f, Recipe(CnnArchitectures.LeNet5Relu).LearningRate);
        Assert.Equal(0.001f, Recipe(CnnArchitectures.LeNet5).LearningRate);
    }

    /// <summary>With the other optimizer the network would learn little, or nothing.</summary>
    [Theory]
    [InlineData("resnet18", 0.001f, true)]
    [InlineData("resnet18", 0.01f, true)]
    [InlineData("resnet18", 0.02f, false)]
    [InlineData("vgg11", 0.003f, true)]
    [InlineData("vgg11", 0.005f, false)]
    [InlineData("lenet5_relu", 0.005f, true)]
    [InlineData("lenet5_relu", 0.01f, false)]
    [InlineData("lenet5", 0.0005f, false)] // RBF units have one rule
    public void Of_LearningRateGiven_OptimizerIsTheOneWhoseRateIsNearer(string network, float rate, bool isAdaptive)
    {
        TrainingOptions settings = Settings(new() { Architecture = CnnArchitectures.Find(network), LearningRate = rate });
        Assert.Equal(isAdaptive ? new AdamWOptimizer() : TrainingRecipe.GradientDescent, settings.Optimizer);
        Assert.Equal(rate, settings.LearningRate);
    }

    [Fact]
    public void OptimizerFor_TrainedWeightsAndARate_IsTheOneWhoseRateIsNearer()
    {
        foreach ((TrainingStart start, float least, float most) in new[]
            {
                (TrainingStart.TrainedWeights, 0.001f, 0.002f), (TrainingStart.TrainedBodyThenAll, 0.005f, 0.006f),
                (TrainingStart.TrainedBody, 0.01f, 0.015f),
            })
        {
            Assert.IsType<AdamWOptimizer>(TrainingRecipe.OptimizerFor(CnnArchitectures.ResNet18, start, least));
            Assert.IsType<MomentumOptimizer>(TrainingRecipe.OptimizerFor(CnnArchitectures.ResNet18, start, most));
        }
    }

    [Fact]
    public void Of_MomentumGiven_IsGradientDescent()
    {
        TrainingOptions settings = Settings(new() { Architecture = CnnArchitectures.ResNet18, Momentum = 0.8f });
        Assert.Equal(new MomentumOptimizer(0.8f, Nesterov: true), settings.Optimizer);
        Assert.Equal(0.05f, settings.LearningRate);
    }

    [Fact]
    public void Describe_Rules_HaveTheirValuesUnlessTheyAreTheDefaults() => Assert.Contains(
        "AdamWOptimizer, StepSchedule { EpochsPerDrop = 30, Factor = 0.1 } from rate 0.004,", Settings(new()
        {
            Architecture = CnnArchitectures.ResNet18, LearningRateSchedule = new StepSchedule(30),
        }).Describe(), StringComparison.Ordinal);

    [Theory]
    [InlineData(224, 32, 28, 64)]
    [InlineData(299, 75, 28, 96)]
    [InlineData(32, 32, 28, 32)]
    [InlineData(224, 32, 170, 160)]
    [InlineData(224, 32, 1200, 224)]
    [InlineData(227, 67, 28, 67)]
    [InlineData(32, 32, 300, 32)]
    public void SideFor_Pictures_IsTheirsInStepsUpToThePapers(int paper, int least, int pictures, int side) =>
        Assert.Equal(side, TrainingRecipe.SideFor(paper, least, pictures));

    [Fact]
    public void HeldOutShare_FewImages_IsNone() // a dozen validation images choose an epoch by chance
    {
        Assert.Equal(0, TrainingRecipe.HeldOutShare(120));
        Assert.Equal(0.1, TrainingRecipe.HeldOutShare(1200));
        Assert.Equal(StoppingMetric.ValidationLoss, TrainingRecipe.Metric(120));
        Assert.Equal(StoppingMetric.ValidationAccuracy, TrainingRecipe.Metric(6000));
    }

    [Fact]
    public void Augmentation_SmallImages_LoseNothingAtTheEdges()
    {
        Assert.Null(TrainingRecipe.Augmentation(new(32, 32, 1), pictures: 28).Area);
        Assert.NotNull(TrainingRecipe.Augmentation(new(32, 32, 3), pictures: 200).Area);
        Assert.Null(TrainingRecipe.Augmentation(new(28, 28, 1), pictures: null).Area);
    }

    private static TrainingOptions Settings(CnnClassificationTrainer.Options options) =>
        TrainingSettings.Of(options, options.Architecture!, images: 1000, seed: 1, WorkerPool.Shared);

    private static TrainingRecipe Recipe(CnnArchitecture network, TrainingStart start = TrainingStart.RandomWeights) =>
        TrainingRecipe.For(network, TrainingRecipe.OptimizerFor(network, start), start, images: 1000);
}
