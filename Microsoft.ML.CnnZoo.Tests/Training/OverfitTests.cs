using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Tests.MLNet;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Training;

/// <summary>
/// Networks of all families overfit 32 digits, through ML.NET's pipeline and measured by its evaluator: forward pass,
/// gradients, statistics and the way from training to scoring fit together.
/// </summary>
/// <remarks>
/// Images are about the smallest that the network takes; where a network is slow to tell ten digits apart, it gets the
/// digits of fewer classes.
/// </remarks>
public sealed class OverfitTests
{
    private const int Count = 32;

    /// <summary>
    /// Name, side of the images, classes, learning rate, epochs. One network per family, the others with CNNZOO_FULL=1.
    /// </summary>
    public static TheoryData<string, int, int, float, int> FromThePapersStart => Chosen(
    [
        ("lenet5_relu", 32, 10, 0.003f, 40), ("resnet20_cifar", 16, 10, 0.003f, 25),
            ("densenet_bc40_k12_cifar", 16, 10, 0.003f, 25),
    ],
    [
        ("lenet1", 28, 10, 0.01f, 60), ("lenet5_tanh", 32, 10, 0.003f, 40),
            ("googlenet_torchvision", 32, 10, 0.001f, 25), ("inception_v2", 32, 4, 0.001f, 40),
        ("resnet18", 32, 10, 0.001f, 20), ("plain20_cifar", 16, 10, 0.003f, 25),
            ("resnet110_v2_cifar", 8, 10, 0.002f, 25), ("mobilenet_v2", 32, 4, 0.001f, 60),
    ]);

    [Theory]
    [MemberData(nameof(FromThePapersStart))]
    public void Fit_ThirtyTwoDigits_AreOverfit(string name, int size, int classes, float rate, int epochs) =>
        AssertOverfit(Options(name, size, rate, epochs), classes);

    /// <summary>
    /// Deep networks without batch normalization: from their papers' N(0, 0.01²) the signal of small images fades on
    /// its way, from He's start it does not. Gradient descent over all images at once.
    /// </summary>
    [Theory]
    [InlineData("alexnet", 67, 2, 0.0003f, 60)]
    [InlineData("zfnet", 63, 4, 0.001f, 40)]
    [InlineData("vgg11", 32, 2, 0.002f, 40)]
    public void Fit_ThirtyTwoDigitsFromHesStart_AreOverfit(string name, int size, int classes, float rate, int epochs)
    {
        CnnClassificationTrainer.Options options = Options(name, size, rate, epochs);
        options.KernelInitializer = Initializer.HeNormal;
        options.Optimizer = new MomentumOptimizer();
        options.BatchSize = Count;
        AssertOverfit(options, classes);
    }

    /// <summary>Likewise for <see cref="Fit_ThirtyTwoDigitsInAFewSteps_AreOverfit"/>.</summary>
    public static TheoryData<string, int, int, float, int> InAFewSteps => Chosen(
        [("mobilenet_v2", 32, 2, 0.002f, 10), ("inception_v3", 75, 2, 0.002f, 8), ("xception", 71, 2, 0.001f, 4)],
        [("inception_v4", 75, 2, 0.002f, 9), ("inception_resnet_v1", 75, 2, 0.001f, 5),
            ("inception_resnet_v2", 75, 2, 0.001f, 5)]);

    /// <summary>
    /// Dozens of batch norms in a row, and too few steps for running averages: each layer's lag adds to the ones
    /// before. Measured anew over all images, which are the one batch that they are trained in, the statistics are
    /// those of training.
    /// </summary>
    [Theory]
    [MemberData(nameof(InAFewSteps))]
    public void Fit_ThirtyTwoDigitsInAFewSteps_AreOverfit(string name, int size, int classes, float rate, int epochs)
    {
        CnnClassificationTrainer.Options options = Options(name, size, rate, epochs);
        options.BatchSize = Count;
        options.RefreshBatchNormStatistics = true;
        AssertOverfit(options, classes);
    }

    /// <summary>Their scores are averages of rectified maps: one that is zero for every image would stay so.</summary>
    [Theory]
    [InlineData("nin", 12, 4, 50)]
    [InlineData("squeezenet1_1", 32, 10, 100)]
    public void Fit_ThirtyTwoDigitsWithRectifiedScores_AreOverfit(string name, int size, int classes, int epochs) =>
        AssertOverfit(Options(name, size, 0.0005f, epochs), classes);

    private static TheoryData<string, int, int, float, int> Chosen(
        (string Name, int Size, int Classes, float Rate, int Epochs)[] always,
            (string Name, int Size, int Classes, float Rate, int Epochs)[] full)
    {
        var data = new TheoryData<string, int, int, float, int>();
        foreach ((string name, int size, int classes, float rate, int epochs) in TestScope.IsFull ? [.. always, .. full]
            : always)
            data.Add(name, size, classes, rate, epochs);
        return data;
    }

    private static CnnClassificationTrainer.Options Options(string name, int size, float rate, int epochs)
    {
        CnnClassificationTrainer.Options options = DigitRows.Options(epochs);
        options.Architecture = CnnArchitectures.Find(name);
        options.NetworkInput = new ImageShape(size, size, options.Architecture.DefaultInput.Channels);
        options.BatchSize = Count / 2;
        options.LearningRate = rate;
        options.Optimizer = new AdamOptimizer();
        // What learns by heart: nothing that is there against it.
        (options.WeightDecay, options.GradientClipNorm) = (0, 1e9f);
        options.Loss = options.Architecture.LabelSmoothing > 0 ? null : ClassificationLoss.SoftmaxCrossEntropy;
        options.RefreshBatchNormStatistics = false;
        return options;
    }

    private static void AssertOverfit(CnnClassificationTrainer.Options options, int classes)
    {
        var mlContext = new MLContext(1);
        ByteRow[] rows = [.. Enumerable.Range(0, Digits.Count).Where(i => Digits.Label(i) < classes).Take(Count)
            .SelectMany(i => DigitRows.Bytes(i, 1))];
        IDataView digits = mlContext.Data.LoadFromEnumerable(rows);
        ITransformer model = DigitRows.Pipeline(mlContext, options).Fit(digits);
        Assert.InRange(mlContext.MulticlassClassification.Evaluate(model.Transform(digits)).MicroAccuracy, 0.99, 1);
        (model as IDisposable)?.Dispose();
    }
}
