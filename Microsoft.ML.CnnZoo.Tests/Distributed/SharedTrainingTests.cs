using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Distributed;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Training;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Distributed;

/// <summary>Ranks of batch b train as one process of batch n·b does.</summary>
public class SharedTrainingTests
{
    private static readonly TrainingOptions s_options = new()
    {
        Epochs = 2, BatchSize = 12, LearningRate = 0.02f, Seed = 3, Shuffle = false, WeightDecay = 1e-3f, GradientClipNorm = 2,
    };

    /// <summary>Shared by all: what runs on one thread needs no turn.</summary>
    private static readonly WorkerPool s_oneThread = new(1);

    /// <summary>What a rank ends with.</summary>
    private sealed record Outcome(TrainingResult Result, Dictionary<string, float[]> Variables);

    public static TheoryData<int, string, bool, bool> Networks => new()
    {
        // ranks, network, class weights, synchronized batch norms
        { 2, "lenet5_relu", false, false }, { 3, "lenet5_relu", true, false }, { 2, "resnet8_cifar", true, true },
        { 3, "resnet8_cifar", false, true },
    };

    [Theory]
    [MemberData(nameof(Networks))]
    public void Train_RanksOfAPart_AgreeWithOneProcessOfTheWhole(int ranks, string network, bool weighted, bool synchronized)
    {
        TrainingOptions options = s_options with
        {
            ClassWeights = weighted ? new LossWeights([1, 2, 3, 4, 5, 1, 2, 3, 4, 5], DivideByCount: false) : null,
            SynchronizesBatchNorms = synchronized, RefreshBatchNormStatistics = synchronized, StandardizesLayers = !synchronized,
            LearningRate = synchronized ? 0.002f : 0.02f, // batch norms of twelve images multiply rounding
        };
        // 40 images: the last batch has 4, which three ranks do not share evenly.
        Outcome alone = Train(null, options, network, 40), together = TrainTogether(ranks, options, network, 40)[0];
        double bound = synchronized ? 2e-3 : 2e-5;
        foreach ((string name, float[] values) in alone.Variables
            .Where(v => !v.Key.Contains("momentum", StringComparison.OrdinalIgnoreCase)))
            AssertNear(name, values, together.Variables[name], bound);
        foreach ((EpochProgress a, EpochProgress b) in alone.Result.History.Zip(together.Result.History))
        {
            Assert.Equal(a.Loss, b.Loss, bound * 10);
            Assert.Equal(a.ValidationLoss!.Value, b.ValidationLoss!.Value, bound * 100);
            Assert.Equal(a.ValidationAccuracy!.Value, b.ValidationAccuracy!.Value, 0.1);
        }
    }

    [Fact]
    public void Train_BatchNormsOfEachRank_DifferFromSynchronizedOnes()
    {
        // What the test above would not see if synchronizing did nothing.
        Outcome alone = Train(null, s_options with { Epochs = 1 }, "resnet8_cifar", 24),
            apart = TrainTogether(2, s_options with { Epochs = 1 }, "resnet8_cifar", 24)[0];
        Assert.True(Math.Abs(alone.Result.History[0].Loss - apart.Result.History[0].Loss) > 1e-3);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Train_Twice_SameBitsOnEveryRankAndInEveryRun(bool bfloat16)
    {
        TrainingOptions options = s_options with { Shuffle = true, SendsBFloat16 = bfloat16 };
        Outcome[] first = TrainTogether(3, options, "resnet8_cifar", 50), second = TrainTogether(3, options, "resnet8_cifar", 50);
        foreach (Outcome other in first.Concat(second))
            foreach ((string name, float[] values) in first[0].Variables)
                Assert.Equal(values, other.Variables[name]);
    }

    [Fact]
    public void Train_BFloat16OnTheWire_LearnsAsMuch()
    {
        TrainingOptions options = s_options with { Epochs = 12, Shuffle = true, BatchSize = 20, WeightDecay = 0 };
        Outcome exact = TrainTogether(2, options, "lenet5_relu", 300)[0],
            rounded = TrainTogether(2, options with { SendsBFloat16 = true }, "lenet5_relu", 300)[0];
        Assert.InRange(rounded.Result.History[^1].Loss, 0, exact.Result.History[^1].Loss + 0.05);
        Assert.Equal(exact.Result.History[0].BytesSent, rounded.Result.History[0].BytesSent * 2);
        Assert.All(exact.Result.History, e => Assert.True(e.ComputeTime > TimeSpan.Zero && e.RankWait > TimeSpan.Zero
            && e.ComputeTime + e.RankWait + e.DataWait <= e.TrainingTime, $"{e}"));
    }

    [Fact]
    public void Train_OneRanksCallerCancels_AllEndAfterTheSameStep()
    {
        using var cancellation = new CancellationTokenSource();
        int[] steps = ThreadRun.On(2, group =>
        {
            int step = 0;
            TrainingOptions options = s_options with
            {
                Epochs = 50, Ranks = group, CancellationToken = group.Rank == 1 ? cancellation.Token : default,
                BatchCompleted = _ =>
                {
                    if (++step == 7 && group.Rank == 1)
                        cancellation.Cancel();
                },
            };
            Assert.Equal(TrainingEnd.Canceled, Train(group, options, "lenet5_relu", 40).Result.End);
            return step;
        });
        Assert.Equal([8, 8], steps);
    }

    [Fact]
    public void Train_BadImageInOneRanksFeedingThread_AllEndAndNameTheRank()
    {
        (Outcome?[] _, Exception?[] failures) = ThreadRun.Try<Outcome?>(3, group =>
        {
            using NetworkTrainer trainer = Trainer(s_options with { Ranks = group }, "lenet5_relu");
            IBatchSource digits = Part(group, 0, 60);
            trainer.Train(group.Rank == 2 ? new FailingSource(digits) : digits);
            return null;
        });
        Assert.IsType<IOException>(failures[2]);
        Assert.All(failures.Take(2), e =>
            Assert.Equal("Rank 2 of 3 failed: image 13 is gone", Assert.IsType<RankFailedException>(e).Message));
    }

    [Fact]
    public void Train_RankWithoutImages_IsRefusedAtTheStart()
    {
        (Outcome[] _, Exception?[] failures) = ThreadRun.Try(2,
            group => Train(group, s_options with { BatchSize = 2 }, "lenet5_relu", 1));
        Assert.Contains("Rank 1 of 2 has no images", failures[1]!.Message, StringComparison.Ordinal);
        Assert.Contains("Rank 1 of 2 failed", failures[0]!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_FewerRowsThanRanks_NamesTheRankWithoutImages()
    {
        (byte[][] _, Exception?[] failures) = ThreadRun.Try(3,
            group => RankProgram.Fit(RankProgram.Options(DistributedTraining.Of(group)), images: 2));
        Assert.Equal("Rank 2 of 3 has no images: the training data have 2 that can be used. Start fewer ranks.",
            failures[2]!.Message);
        Assert.All(failures.Take(2), e =>
            Assert.Contains("Rank 2 of 3", Assert.IsType<RankFailedException>(e).Message, StringComparison.Ordinal));
    }

    private static Outcome[] TrainTogether(int ranks, TrainingOptions options, string network, int images) =>
        ThreadRun.On(ranks, group => Train(group, options with { Ranks = group }, network, images));

    private static Outcome Train(RankGroup? group, TrainingOptions options, string network, int images)
    {
        using NetworkTrainer trainer = Trainer(options with { Ranks = group }, network);
        TrainingResult result = trainer.Train(Part(group, 0, images), Part(group, 300, 21));
        return new Outcome(result, trainer.Variables.Variables.ToDictionary(v => v.Name, v => v.Values<float>().ToArray()));
    }

    private static NetworkTrainer Trainer(TrainingOptions options, string network) =>
        new(network == "resnet8_cifar" ? CifarResNet.Residual(8) : CnnArchitectures.Find(network), new ImageShape(32, 32, 1), 10,
            KernelSet.Shared,
            options with { Workers = s_oneThread });

    /// <summary>Every n-th digit, from that of the rank's number on.</summary>
    private static ImageCache<byte> Part(RankGroup? group, int first, int count)
    {
        var cache = new ImageCache<byte>(new ImageShape(32, 32, 1)) { Normalization = PixelNormalization.Uniform(1, 1 / 80f, -0.4f) };
        for (int i = first + (group?.Rank ?? 0); i < first + count; i += group?.Size ?? 1)
            cache.Add(Digits.Padded(i), Digits.Label(i));
        return cache;
    }

    private static void AssertNear(string name, float[] expected, float[] actual, double bound)
    {
        double difference = 0, norm = 0;
        for (int i = 0; i < expected.Length; i++)
            (difference, norm) = (difference + Math.Pow(expected[i] - actual[i], 2), norm + Math.Pow(expected[i], 2));
        Assert.True(Math.Sqrt(difference) <= bound * Math.Max(1e-3, Math.Sqrt(norm)),
            $"{name} is off by {Math.Sqrt(difference / Math.Max(1e-30, norm)):g2} of its norm.");
    }

    private sealed class FailingSource(IBatchSource source) : IBatchSource
    {
        public int Count => source.Count;

        public ImageShape Image => source.Image;

        public IReadOnlyList<int> Labels => source.Labels;

        public void Fill(ReadOnlySpan<int> indices, Span<float> images, Span<int> labels)
        {
            if (indices.Contains(13))
                throw new IOException("image 13 is gone");
            source.Fill(indices, images, labels);
        }
    }
}
