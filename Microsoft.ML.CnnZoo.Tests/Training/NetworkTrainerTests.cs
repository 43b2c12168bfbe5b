using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Execution.Passes;
using Microsoft.ML.CnnZoo.Execution.Planning;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Training;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Training;

/// <summary>The training loop on real digits.</summary>
public class NetworkTrainerTests
{
    [Fact]
    public void Train_SameSeedTwice_SameWeightsBitForBit()
    {
        var options = new TrainingOptions { Epochs = 2, BatchSize = 24, LearningRate = 0.02f, Seed = 7 };
        byte[] first = Weights(options), second = Weights(options);
        Assert.Equal(first, second);
        Assert.NotEqual(first, Weights(options with { Seed = 8 }));
    }

    [Fact]
    public void Train_ThirtyTwoImages_AreOverfit()
    {
        ImageCache<byte> digits = Cache(0, 32);
        using var trainer = Trainer(new TrainingOptions { Epochs = 60, BatchSize = 16, LearningRate = 0.02f });
        trainer.Train(digits);
        Assert.InRange(trainer.Evaluate(digits).Accuracy, 0.99, 1);
    }

    [Fact]
    public void Train_OriginalLeNetBothLosses_AreOverfit()
    {
        foreach (ClassificationLoss loss in new ClassificationLoss[] { new RbfMeanSquaredErrorLoss(),
            new RbfMaximumAPosterioriLoss() })
        {
            ImageCache<byte> digits = Cache(0, 32);
            using var trainer = new NetworkTrainer(CnnArchitectures.LeNet5, new ImageShape(32, 32, 1), 10,
                KernelSet.Shared,
                new TrainingOptions { Epochs = 80, BatchSize = 16, LearningRate = 0.0005f, Loss = loss });
            trainer.Train(digits);
            Assert.InRange(trainer.Evaluate(digits).Accuracy, 0.99, 1);
        }
    }

    [Fact]
    public void Train_LastBatchSmaller_EpochMeansAreOverImages()
    {
        // With a rate of (nearly) nothing the weights stand still: the epoch's means must be those of an evaluation,
        // whatever the batch size.
        ImageCache<byte> digits = Cache(0, 50);
        using var trainer = Trainer(new TrainingOptions { Epochs = 1, BatchSize = 32, LearningRate = 1e-30f });
        EpochProgress epoch = trainer.Train(digits).History[0];
        (double loss, double accuracy) = trainer.Evaluate(digits, batchSize: 50);
        Assert.Equal(loss, epoch.Loss, 1e-5);
        Assert.Equal(accuracy, epoch.Accuracy, 1e-12);
    }

    [Fact]
    public void Train_WithValidation_KeepsTheBestEpochsWeights()
    {
        ImageCache<byte> training = Cache(0, 200), validation = Cache(200, 100);
        using var trainer = Trainer(new TrainingOptions { Epochs = 6, BatchSize = 20, LearningRate = 0.3f,
            Optimizer = Optimizer.GradientDescent });
        TrainingResult result = trainer.Train(training, validation);
        Assert.Equal(TrainingEnd.Completed, result.End);
        Assert.Equal(result.History.Max(e => e.ValidationAccuracy), result.Best!.ValidationAccuracy);
        (double loss, double accuracy) = trainer.Evaluate(validation, batchSize: 64);
        Assert.Equal(result.Best.ValidationAccuracy!.Value, accuracy, 1e-12);
        Assert.Equal(result.Best.ValidationLoss!.Value, loss, 1e-9);
    }

    [Fact]
    public void Train_WeightAveraging_KeepsTheAverageOfEveryStep()
    {
        ImageCache<byte> digits = Cache(0, 40);
        var options = new TrainingOptions { Epochs = 2, BatchSize = 10, LearningRate = 0.05f, Shuffle = false,
            WeightAveraging = new WeightAveraging(0.8f, HasWarmup: false) };
        NetworkTrainer? plain = null;
        var expected = new Dictionary<string, double[]>();
        void Add(BatchProgress batch)
        {
            foreach (string name in expected.Keys)
                expected[name] = [.. expected[name].Zip(Doubles(plain!, name), (a, w) => (0.8 * a) + (0.2 * w))];
        }
        using (plain = Trainer(options with { WeightAveraging = null, BatchCompleted = Add }))
        {
            expected = plain.Variables.Variables.Where(v => !v.Name.EndsWith("/Momentum", StringComparison.Ordinal))
                .ToDictionary(v => v.Name, v => Doubles(plain, v.Name));
            plain.Train(digits);
        }
        using NetworkTrainer averaged = Trainer(options);
        averaged.Train(digits);
        Assert.InRange(expected.Count, 8, 12);
        foreach ((string name, double[] values) in expected)
            Assert.All(values.Zip(Doubles(averaged, name)), p => Assert.Equal(p.First, p.Second, 1e-5));
    }

    [Fact]
    public void Train_WeightAveragingAndValidation_MeasuresWhatItKeeps()
    {
        ImageCache<byte> training = Cache(0, 100), validation = Cache(200, 50);
        using var trainer = Trainer(new TrainingOptions { Epochs = 3, BatchSize = 20, LearningRate = 0.05f,
            WeightAveraging = new WeightAveraging(0.9f) });
        TrainingResult result = trainer.Train(training, validation);
        (double loss, double accuracy) = trainer.Evaluate(validation, batchSize: 64);
        Assert.Equal(result.Best!.ValidationAccuracy!.Value, accuracy, 1e-12);
        Assert.Equal(result.Best.ValidationLoss!.Value, loss, 1e-9);
    }

    [Fact]
    public void Train_CanceledInMidEpoch_ReturnsAtOnceWithUsableWeights()
    {
        using var cancellation = new CancellationTokenSource();
        int batches = 0;
        using var trainer = Trainer(new TrainingOptions
        {
            Epochs = 100,
            BatchSize = 10,
            CancellationToken = cancellation.Token,
            BatchCompleted = progress =>
            {
                if (++batches == 13) // the third batch of the second epoch
                    cancellation.Cancel();
            },
        });
        TrainingResult result = trainer.Train(Cache(0, 100), Cache(100, 20));
        Assert.Equal(TrainingEnd.Canceled, result.End);
        Assert.Equal(13, batches);
        Assert.Equal(1, Assert.Single(result.History).Epoch);
        Assert.Equal(result.Best!.ValidationLoss!.Value, trainer.Evaluate(Cache(100, 20), 64).Loss, 1e-9);
    }

    [Fact]
    public void Train_RateFarTooGreat_SaysWhereItDiverged()
    {
        using var trainer = Trainer(new TrainingOptions { Epochs = 3, BatchSize = 10, LearningRate = 1e18f,
            MaxDivergences = 0 });
        var error = Assert.Throws<TrainingDivergedException>(() => trainer.Train(Cache(0, 100)));
        Assert.Equal(1, error.Epoch);
        Assert.Contains("epoch 1, step", error.Message, StringComparison.Ordinal);
        Assert.Contains("1e+18", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_DivergesInALaterEpoch_KeepsTheLastGoodWeights()
    {
        var schedule = new ExplodingSchedule(FromStep: 10);
        using var trainer = Trainer(new TrainingOptions { Epochs = 4, BatchSize = 10, LearningRate = 0.01f,
            Schedule = schedule });
        TrainingResult result = trainer.Train(Cache(0, 100));
        Assert.Equal(TrainingEnd.Diverged, result.End);
        Assert.Equal(2, result.Divergence!.Epoch);
        Assert.Equal(1, result.Best!.Epoch);
        Assert.True(double.IsFinite(trainer.Evaluate(Cache(0, 100)).Loss));
    }

    [Fact]
    public void Train_FewerImagesThanABatch_MakesOneSmallBatch()
    {
        var batches = new List<BatchProgress>();
        using var trainer = Trainer(new TrainingOptions { Epochs = 1, BatchSize = 64, BatchCompleted = batches.Add });
        TrainingResult result = trainer.Train(Cache(0, 5));
        Assert.Equal(1, Assert.Single(batches).Batches);
        Assert.True(double.IsFinite(result.History[0].Loss));
    }

    [Fact]
    public void Train_NoImagesOrOtherSize_Throws()
    {
        using var trainer = Trainer(new TrainingOptions());
        Assert.Contains("no images", Assert.Throws<ArgumentException>(() => trainer.Train(Cache(0, 0))).Message,
            StringComparison.Ordinal);
        Assert.Contains("28x28x1", Assert.Throws<ArgumentException>(() =>
            trainer.Train(Filled(new ImageShape(28, 28, 1)))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_WeightDecay_ShrinksKernelsOnlyUnlessAllAreAsked()
    {
        (float kernel, float bias) Norms(float decay, bool all)
        {
            using var trainer = Trainer(new TrainingOptions { Epochs = 1, BatchSize = 32, LearningRate = 0.1f,
                Optimizer = Optimizer.GradientDescent, WeightDecay = decay, DecayAllParameters = all, Seed = 1 });
            trainer.Variables["fc3/bias"].Values<float>().Fill(1);
            trainer.Train(Cache(0, 32));
            return (trainer.Variables["fc1/kernel"].Values<float>().ToArray().Sum(Math.Abs),
                trainer.Variables["fc3/bias"].Values<float>().ToArray().Sum());
        }
        (float kernel, float bias) without = Norms(0, false), kernels = Norms(0.5f, false),
            everything = Norms(0.5f, true);
        Assert.True(kernels.kernel < 0.97f * without.kernel);
        Assert.Equal(without.bias, kernels.bias, 0.02f);
        Assert.Equal(without.bias * 0.95f, everything.bias, 0.02f); // one step: 1 - 0.1·0.5
    }

    [Fact]
    public void Train_DropoutAndAuxiliaryHead_LearnRepeatably()
    {
        var options = new TrainingOptions { Epochs = 12, BatchSize = 20, LearningRate = 0.02f, Seed = 4 };
        (double accuracy, double loss, float[] head) Train(TrainingOptions chosen)
        {
            using var trainer = new NetworkTrainer(TraceNetworks.DropoutAndAuxiliary, new ImageShape(32, 32, 1), 10,
                KernelSet.Shared, chosen);
            float[] before = trainer.Variables["aux/kernel"].Values<float>().ToArray();
            TrainingResult result = trainer.Train(Cache(0, 100));
            float[] after = trainer.Variables["aux/kernel"].Values<float>().ToArray();
            Assert.NotEqual(before, after);
            return (trainer.Evaluate(Cache(0, 100)).Accuracy, result.History[^1].Loss, after);
        }
        (double accuracy, double loss, float[] head) first = Train(options), second = Train(options),
            other = Train(options with { Seed = 5 });
        Assert.InRange(first.accuracy, 0.8, 1);
        Assert.Equal(first.loss, second.loss);
        Assert.Equal(first.head, second.head);
        Assert.NotEqual(first.loss, other.loss);
    }

    [Theory]
    [InlineData(CnnPrecision.Float32)]
    [InlineData(CnnPrecision.BFloat16)]
    public void Train_RecomputedActivations_SameWeightsInLessMemory(CnnPrecision precision)
    {
        (byte[] Weights, long Peak) Train(bool recompute)
        {
            var shape = new ImageShape(32, 32, 1);
            var options = new TrainingOptions { BatchSize = 8, LearningRate = 0.02f, Seed = 3,
                RecomputeActivations = recompute };
            ClassificationGraph graph = new ClassificationGraphs(CnnArchitectures.Find("densenet_bc40_k12_cifar"),
                shape, 10).Training(options);
            using var variables = new VariableStore();
            VariableInitialization.Initialize(variables, graph.Graph.Variables, options.Seed);
            using var step = new TrainingStep(new Session(KernelSet.Shared), graph,
                variables, new CompileOptions { RecomputeActivations = recompute, Precision = precision });
            for (int i = 0; i < 3; i++)
                step.Run([.. Enumerable.Range(8 * i, 8).SelectMany(d => Digits.Padded(d))
                    .Select(b => (b / 80f) - 0.4f)], [.. Enumerable.Range(8 * i, 8).Select(Digits.Label)], 0.02f);
            return ([.. variables.Variables.SelectMany(v => v.Get().Bytes.ToArray())], step.PeakBytes);
        }
        (byte[] Weights, long Peak) kept = Train(false), recomputed = Train(true);
        Assert.Equal(kept.Weights, recomputed.Weights);
        Assert.InRange(recomputed.Peak, 1,
            kept.Peak * 2 / 3); // 0.5 to 0.61, by the scratch memory of the convolution that runs last
    }

    [Fact]
    public void Training_AuxiliaryHead_AddsItsWeightedLoss()
    {
        var options = new TrainingOptions { Epochs = 1, BatchSize = 20, LearningRate = 1e-30f, Shuffle = false };
        double Loss(float auxiliaryBias)
        {
            using var trainer = new NetworkTrainer(TraceNetworks.DropoutAndAuxiliary, new ImageShape(32, 32, 1), 10,
                KernelSet.Shared, options);
            trainer.Variables["aux/kernel"].Values<float>().Clear();
            trainer.Variables["aux/bias"]
                .Values<float>()[0] = auxiliaryBias; // the first image of the 20 that shows a 0 gains, the others lose
            return trainer.Train(Cache(0, 20)).History[0].Loss;
        }
        int zeros = Enumerable.Range(0, 20).Count(i => Digits.Label(i) == 0);
        double Entropy(double bias) => Math.Log(Math.Exp(bias) + 9) - (bias * zeros / 20);
        Assert.Equal(0.3 * (Entropy(2) - Entropy(0)), Loss(2) - Loss(0), 1e-5);
    }

    private sealed record ExplodingSchedule(long FromStep) : LearningRateSchedule
    {
        public override float Rate(ScheduleContext context) => context.Step >= FromStep ? 1e18f : context.BaseRate;
    }

    private static double[] Doubles(NetworkTrainer trainer, string variable) =>
        Array.ConvertAll(trainer.Variables[variable].Values<float>().ToArray(), v => (double)v);

    private static NetworkTrainer Trainer(TrainingOptions options) =>
        new(CnnArchitectures.LeNet5Relu, new ImageShape(32, 32, 1), 10, KernelSet.Shared, options);

    private static byte[] Weights(TrainingOptions options)
    {
        using var trainer = Trainer(options);
        trainer.Train(Cache(0, 100), Cache(100, 20));
        return [.. trainer.Variables.Variables.SelectMany(v => v.Get().Bytes.ToArray())];
    }

    internal static ImageCache<byte> Cache(int first, int count)
    {
        var cache = new ImageCache<byte>(new ImageShape(32, 32, 1)) { Normalization = PixelNormalization.Uniform(1,
            1 / 80f, -0.4f) };
        for (int i = first; i < first + count; i++)
            cache.Add(Digits.Padded(i), Digits.Label(i));
        return cache;
    }

    private static ImageCache<byte> Filled(ImageShape shape)
    {
        var cache = new ImageCache<byte>(shape);
        cache.Add(new byte[shape.Height * shape.Width * shape.Channels], 0);
        return cache;
    }
}
