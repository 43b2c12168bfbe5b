using System.Collections.Immutable;
using System.Reflection;
using Microsoft.ML.CnnZoo.Tests.MLNet;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Training;

/// <summary>
/// Options are checked when Fit is called: every field, with a message that names it and says what was expected and
/// found.
/// </summary>
public class OptionsTests
{
    private static readonly (Action<CnnClassificationTrainer.Options> Spoil, string Message)[] Faults =
    [
        (o => o.TopK = -1, "Options.TopK is -1; expected 0 or more"),
        (o => o.AbstainPrecision = 1.5f, "Options.AbstainPrecision is 1.5; expected null, or above 0 and at most 1"),
        (o => o.ExpectedClassShares = new Dictionary<string, float> { ["digit 1"] = -1 },
            "Options.ExpectedClassShares is digit 1 -1; expected null, or shares of 0 or more, not all 0"),
        (o => o.LabelColumnName = "", "Options.LabelColumnName is empty; expected the name of a column"),
        (o => o.FeatureColumnName = null!, "Options.FeatureColumnName is null; expected the name of a column"),
        (o => o.ScoreColumnName = "", "Options.ScoreColumnName is empty"),
        (o => o.ScoreColumnName = "PredictedLabel",
            "Options.ScoreColumnName is 'PredictedLabel'; expected another name"),
        (o => o.PredictedLabelColumnName = "", "Options.PredictedLabelColumnName is empty"),
        (o => o.Architecture = null, "Options.Architecture is null; expected a network: one of CnnArchitectures"),
        (o => o.NetworkInput = new(8, 32, 1),
            "Options.NetworkInput is 8x32x1; expected 1 or 3 channels and sides of 16"),
        (o => o.NetworkInput = new(32, 32, 2), "Options.NetworkInput is 32x32x2"),
        (o => o.NetworkInput = new(32, 20_000, 1), "to 16384 pixels"),
        (o => o.ResetHead = true, "Options.ResetHead is True; expected false where InitialWeights and InitialModel are null"),
        (o => o.FineTuning = (FineTuning)9, "Options.FineTuning is 9; expected one of AllLayers, HeadOnly, HeadFirst"),
        (o => o.FineTuning = FineTuning.HeadOnly,
            "Options.FineTuning is HeadOnly; expected AllLayers where there are no weights to start from"),
        (o => (o.Architecture, o.FineTuning) = (CnnArchitectures.LeNet5, FineTuning.HeadOnly),
            "Options.FineTuning is HeadOnly; expected AllLayers: the codes in which LeNet-5 gives its classes"),
        (o => (o.FineTuning, o.Epochs) = (FineTuning.HeadFirst, 1),
            "Options.Epochs is 1; expected 2 or more with FineTuning.HeadFirst"),
        (o => o.HeadEpochs = 1, "Options.HeadEpochs is 1; expected null, or with FineTuning.HeadFirst 1 or more"),
        (o => o.FreezeUntil = "conv1", "Options.FreezeUntil is 'conv1'; expected null where there are no weights"),
        (o => o.BodyLearningRateFactor = 0, "Options.BodyLearningRateFactor is 0; expected a number greater than 0"),
        (o => o.LearningRateFactors = new() { ["c1"] = -1 }, "Options.LearningRateFactors[\"c1\"] is -1"),
        (o => o.LearningRateFactors = new() { ["c2"] = 1 },
            "A key of Options.LearningRateFactors is 'c2'; expected the name of a stage or layer: fc2, conv1,"),
        (o => o.Epochs = 0, "Options.Epochs is 0; expected 1 or more"),
        (o => o.BatchSize = -1, "Options.BatchSize is -1; expected 1 or more"),
        (o => o.LearningRate = 0, "Options.LearningRate is 0; expected a number greater than 0"),
        (o => o.LearningRate = float.NaN, "Options.LearningRate is NaN"),
        (o => (o.FindLearningRate, o.LearningRate) = (true, 0.1f),
            "Options.FindLearningRate is True; expected false where LearningRate is set"),
        (o => o.Momentum = 1, "Options.Momentum is 1; expected at least 0 and less than 1"),
        (o => o.WeightDecay = -0.5f, "Options.WeightDecay is -0.5; expected a number, 0 or more"),
        (o => o.KernelInitializer = Initializer.Normal(float.PositiveInfinity),
            "Options.KernelInitializer is Normal Infinity"),
        (o => o.Optimizer = new MomentumOptimizer(1.5f), "MomentumOptimizer.Momentum is 1.5"),
        (o => o.Optimizer = new AdamOptimizer(Beta1: 1), "AdamOptimizer.Beta1 is 1"),
        (o => o.Optimizer = new AdamOptimizer(Beta2: -1), "AdamOptimizer.Beta2 is -1"),
        (o => o.Optimizer = new AdamOptimizer(Epsilon: 0), "AdamOptimizer.Epsilon is 0"),
        (o => o.Optimizer = new RmsPropOptimizer(Decay: 2), "RmsPropOptimizer.Decay is 2"),
        (o => o.Optimizer = new RmsPropOptimizer(Momentum: 1), "RmsPropOptimizer.Momentum is 1"),
        (o => o.Optimizer = new RmsPropOptimizer(Epsilon: -1), "RmsPropOptimizer.Epsilon is -1"),
        (o => o.Optimizer = new AdamWOptimizer(Beta1: 1), "AdamWOptimizer.Beta1 is 1"),
        (o => o.Optimizer = new NAdamOptimizer(MomentumDecay: -1), "NAdamOptimizer.MomentumDecay is -1"),
        (o => o.GradientClipNorm = 0, "Options.GradientClipNorm is 0; expected a number greater than 0"),
        (o => o.WeightAveraging = new WeightAveraging(1),
            "Options.WeightAveraging.Decay is 1; expected at least 0 and less than 1"),
        (o => o.LearningRateSchedule = new MultiStepSchedule([2, 1]),
            "MultiStepSchedule.Epochs is 2 1; expected rising numbers greater than 0"),
        (o => o.LearningRateSchedule = new MultiStepSchedule(default), "MultiStepSchedule.Epochs is empty"),
        (o => o.LearningRateSchedule = new PolynomialSchedule(0), "PolynomialSchedule.Power is 0"),
        (o => o.LearningRateSchedule = new CosineRestartSchedule(0), "CosineRestartSchedule.Epochs is 0"),
        (o => o.LearningRateSchedule = new CosineRestartSchedule(1, 0.5f), "CosineRestartSchedule.Lengthening is 0.5"),
        (o => o.LearningRateSchedule = new OneCycleSchedule(1), "OneCycleSchedule.RiseShare is 1"),
        (o => o.LearningRateSchedule = new OneCycleSchedule(0.5f, HasThreePhases: true),
            "OneCycleSchedule.RiseShare is 0.5; expected between 0 and 0.5"),
        (o => o.LearningRateSchedule = new OneCycleSchedule(StartDivisor: 0), "OneCycleSchedule.StartDivisor is 0"),
        (o => o.LearningRateSchedule = new OneCycleSchedule(EndDivisor: 0.5f), "OneCycleSchedule.EndDivisor is 0.5"),
        (o => o.LearningRateSchedule = new OneCycleSchedule(LowestMomentum: 1), "OneCycleSchedule.LowestMomentum is 1"),
        (o => o.LearningRateSchedule = new CyclicSchedule(-1), "CyclicSchedule.MinimumRate is -1"),
        (o => o.LearningRateSchedule = new CyclicSchedule(0, 0), "CyclicSchedule.Rise is 0"),
        (o => o.LearningRateSchedule = new CyclicSchedule(0, 1, -1), "CyclicSchedule.Fall is -1"),
        (o => o.LearningRateSchedule = new WarmupSchedule(1, LearningRateSchedule.Constant, 1),
            "WarmupSchedule.StartFactor is 1"),
        (o => o.LearningRateSchedule = new StepSchedule(0), "StepSchedule.EpochsPerDrop is 0"),
        (o => o.LearningRateSchedule = new StepSchedule(1, 0), "StepSchedule.Factor is 0"),
        (o => o.LearningRateSchedule = new ExponentialSchedule(0), "ExponentialSchedule.DecayRate is 0"),
        (o => o.LearningRateSchedule = new ExponentialSchedule(0.5f, 0), "ExponentialSchedule.EpochsPerDecay is 0"),
        (o => o.LearningRateSchedule = new CosineSchedule(-1), "CosineSchedule.MinimumRate is -1"),
        (o => o.LearningRateSchedule = new WarmupSchedule(-1, LearningRateSchedule.Constant),
            "WarmupSchedule.Epochs is -1"),
        (o => o.LearningRateSchedule = new WarmupSchedule(1, null!), "WarmupSchedule.Then is null"),
        (o => o.LearningRateSchedule = new WarmupSchedule(1, new CosineSchedule(-2)),
            "CosineSchedule.MinimumRate is -2"),
        (o => o.LearningRateSchedule = new PlateauSchedule(-1), "PlateauSchedule.Patience is -1"),
        (o => o.LearningRateSchedule = new PlateauSchedule(1, 1), "PlateauSchedule.Factor is 1"),
        (o => o.LearningRateSchedule = new PlateauSchedule(1, 0.1f, -1), "PlateauSchedule.MinimumDelta is -1"),
        (o => o.LearningRateSchedule = new PlateauSchedule(1, 0.1f, 0, -1), "PlateauSchedule.MinimumRate is -1"),
        (o => o.Loss = new SoftmaxCrossEntropyLoss(1), "SoftmaxCrossEntropyLoss.LabelSmoothing is 1"),
        (o => o.Loss = new FocalLoss(-1), "FocalLoss.Gamma is -1"),
        (o => o.Loss = new FocalLoss(Alpha: 0), "FocalLoss.Alpha is 0"),
        (o => o.ClassWeights = ClassWeights.Of(1, 0),
            "A weight of Options.ClassWeights is 0; expected a number greater than 0"),
        (o => o.Loss = new RbfMaximumAPosterioriLoss(0), "RbfMaximumAPosterioriLoss.RubbishPenalty is 0"),
        (o => o.Loss = new RbfMeanSquaredErrorLoss(),
            "Options.Loss is RbfMeanSquaredErrorLoss; expected a loss for the Softmax outputs of LeNet-5 (ReLU)"),
        (o => o.ValidationSetFraction = 1,
            "Options.ValidationSetFraction is 1; expected null, or at least 0 and less than 1"),
        (o => o.ValidationSetFraction = float.NaN, "Options.ValidationSetFraction is NaN"),
        (o => o.EarlyStopping = new EarlyStopping(0), "EarlyStopping.Patience is 0"),
        (o => o.EarlyStopping = new EarlyStopping(1, -1), "EarlyStopping.MinimumDelta is -1"),
        (o => o.StoppingMetric = (StoppingMetric)9,
            "Options.StoppingMetric is 9; expected one of ValidationAccuracy, ValidationLoss"),
        (o => o.MaxDivergences = -1, "Options.MaxDivergences is -1; expected 0 or more"),
        (o => o.CheckpointFolder = "", "Options.CheckpointFolder is empty"),
        (o => o.RunFolder = "", "Options.RunFolder is empty"),
        (o => o.CheckpointInterval = TimeSpan.FromSeconds(-1), "Options.CheckpointInterval is -00:00:01"),
        (o => o.Resume = true, "Options.Resume is True; expected false where CheckpointFolder and RunFolder are null"),
        (o => o.OnCancel = (CancelBehavior)9, "Options.OnCancel is 9; expected one of ReturnBest, Throw"),
        (o => o.Precision = (CnnPrecision)9, "Options.Precision is 9; expected one of Float32, BFloat16"),
        (o => o.Threads = -1, "Options.Threads is -1; expected 0 or more"),
        (o => o.PixelLayout = (PixelLayout)9, "Options.PixelLayout is 9"),
        (o => o.ImageHeight = -1, "Options.ImageHeight is -1"),
        (o => o.ImageWidth = -1, "Options.ImageWidth is -1"),
        (o => o.ImageChannels = -1, "Options.ImageChannels is -1"),
        (o => o.ImageFit = (ImageFit)9, "Options.ImageFit is 9"),
        (o => o.ImageNormalization = PixelNormalization.Identity(3),
            "Options.ImageNormalization is 3 scales and 3 offsets; expected one of each for each of the network's 1 channels"),
        (o => o.ImageNormalization = new(default(ImmutableArray<float>), default),
            "Options.ImageNormalization is 0 scales"),
        (o => o.ImageNormalization = PixelNormalization.Uniform(1, 0, 0), "scales that are not 0"),
        (o => o.BadImages = (BadImageHandling)9, "Options.BadImages is 9"),
        (o => o.BadImagesWhenScoring = (BadImageScoring)9, "Options.BadImagesWhenScoring is 9"),
        (o => o.Augmentation = null!, "Options.Augmentation is null"),
        (o => o.MaxImagePixels = 0, "Options.MaxImagePixels is 0; expected 1 or more"),
        (o => o.TestCrops = (TestCrops)9, "Options.TestCrops is 9; expected one of Center, Ten"),
        (o => o.CacheBudget = -1, "Options.CacheBudget is -1"),
        (o => o.CacheFileBudget = -1, "Options.CacheFileBudget is -1"),
        (o => o.CacheFolder = "", "Options.CacheFolder is empty"),
        (o => o.DecodingThreads = -1, "Options.DecodingThreads is -1"),
    ];

    /// <summary>Fields that take any value.</summary>
    private static readonly string[] Unchecked =
        ["Calibrate", "Distributed", "InitialWeights", "InitialModel", "RefreshBatchNormStatistics", "Seed", "ValidationSet",
            "RecomputeActivations", "ProgressCallback", "BatchCallback", "CancellationToken"];

    public static TheoryData<string> Messages => [.. Faults.Select(f => f.Message)];

    [Theory]
    [MemberData(nameof(Messages))]
    public void Fit_OptionOutOfRange_NamesTheFieldAndSaysWhatWasExpected(string message)
    {
        CnnClassificationTrainer.Options options = DigitRows.Options(epochs: 1);
        Faults.Single(f => f.Message == message).Spoil(options);
        var mlContext = new MLContext(1);
        CnnClassificationTrainer trainer = mlContext.MulticlassClassification.Trainers.CnnClassification(
            options); // checks nothing yet
        var error = Assert.Throws<ArgumentOutOfRangeException>(() =>
            trainer.Fit(mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(0, 1))));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Faults_EveryField_IsAmongThemOrTakesAnyValue()
    {
        string messages = string.Join('\n', Faults.Select(f => f.Message));
        string[] types = ["Optimizer", "LearningRateSchedule", "Loss", "EarlyStopping"]; // by records of their own
        Assert.All(typeof(CnnClassificationTrainer.Options).GetFields(BindingFlags.Public | BindingFlags.Instance)
            .Select(f => f.Name).Except(Unchecked).Except(types),
            name => Assert.Contains($"Options.{name}", messages, StringComparison.Ordinal));
    }

    [Fact]
    public void Fit_ChangedOptions_ReadsThemAnew()
    {
        CnnClassificationTrainer.Options options = DigitRows.Options(epochs: 1);
        options.Epochs = 0;
        var mlContext = new MLContext(1);
        IDataView digits = mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, 4)
            .SelectMany(i => DigitRows.Bytes(i, 1)).ToArray());
        var pipeline = DigitRows.Pipeline(mlContext, options);
        Assert.Throws<ArgumentOutOfRangeException>(() => pipeline.Fit(digits));
        options.Epochs = 1;
        using var model = pipeline.Fit(digits) as IDisposable;
    }
}
