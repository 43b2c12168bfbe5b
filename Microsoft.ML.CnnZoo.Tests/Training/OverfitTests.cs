using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Estimators;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.Tests.Estimators;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Training;

/// <summary>Networks of several families learn 32 digits by heart: forward pass, gradients, statistics and the way from training to scoring fit together.</summary>
public class OverfitTests
{
    private const int Count = 32;

    [Theory]
    [InlineData("lenet1", 28, 0.01f, 60)]
    [InlineData("lenet5_modern_tanh", 32, 0.003f, 40)]
    [InlineData("lenet5_modern_relu", 32, 0.003f, 40)]
    [InlineData("resnet20_cifar", 16, 0.003f, 25)]
    [InlineData("plain20_cifar", 16, 0.003f, 25)]
    [InlineData("densenet_bc_40_12_cifar", 16, 0.003f, 25)]
    [InlineData("googlenet", 32, 0.001f, 25)]
    [InlineData("resnet18", 32, 0.001f, 20)]
    public void Train_ThirtyTwoDigits_AreLearnedByHeart(string name, int size, float rate, int epochs)
    {
        CnnArchitecture network = CnnArchitectures.Find(name);
        ImageCache<byte> digits = Cache(new ImageShape(size, size, network.DefaultInput.Channels));
        using var trainer = new NetworkTrainer(network, digits.Image, 10, TestBackends.Registry(TestBackends.All[^1]),
            new TrainingOptions { Epochs = epochs, BatchSize = Count / 2, LearningRate = rate, Optimizer = new AdamOptimizer(), Schedule = new CosineSchedule(), Seed = 1 });
        trainer.Train(digits);
        Assert.InRange(trainer.Evaluate(digits, Count).Accuracy, 0.99, 1);
    }

    [Fact]
    public void Fit_ThirtyTwoDigitsInAPipeline_AreLearnedByHeart()
    {
        var mlContext = new MLContext(1);
        CnnClassificationTrainer.Options options = DigitRows.Options(epochs: 40);
        options.Architecture = CnnArchitectures.ResNet20Cifar;
        options.NetworkInput = new ImageShape(16, 16, 3);
        options.BatchSize = 16;
        IDataView digits = mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(0, Count).ToArray());
        MulticlassClassificationMetrics metrics = mlContext.MulticlassClassification.Evaluate(DigitRows.Pipeline(mlContext, options).Fit(digits).Transform(digits));
        Assert.InRange(metrics.MicroAccuracy, 0.99, 1);
    }

    /// <summary>Digits at any size by their nearest pixels, in all channels.</summary>
    private static ImageCache<byte> Cache(ImageShape shape)
    {
        var cache = new ImageCache<byte>(shape) { Normalization = PixelNormalization.Uniform(shape.Channels, 1 / 80f, -0.4f) };
        for (int i = 0; i < Count; i++)
        {
            var pixels = new byte[shape.Height * shape.Width * shape.Channels];
            for (int y = 0; y < shape.Height; y++)
                for (int x = 0; x < shape.Width; x++)
                    pixels.AsSpan(((y * shape.Width) + x) * shape.Channels, shape.Channels)
                        .Fill(Digits.Pixels(i)[(y * Digits.Side / shape.Height * Digits.Side) + (x * Digits.Side / shape.Width)]);
            cache.Add(pixels, Digits.Label(i));
        }
        return cache;
    }
}
