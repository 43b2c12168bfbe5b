using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Training;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Training;

/// <summary>Stages that are frozen, and learning rates of their own.</summary>
public class FreezingTests
{
    private const int Classes = 10;
    private static readonly ImageShape Image = new(28, 28, 1);

    [Theory]
    [InlineData("conv2", "conv1 conv2_1 conv2_2 conv2_3")]
    [InlineData("conv2_1", "conv1 conv2_1")]
    [InlineData("CONV1", "conv1")]
    public void Train_FrozenStages_KeepWeightsAndStatisticsBitForBitAndOthersMove(string until, string frozen)
    {
        using NetworkTrainer trainer = Trainer(new TrainingOptions { FreezeUntil = until, Epochs = 2, BatchSize = 16,
            RefreshBatchNormStatistics = true });
        Dictionary<string, float[]> before = Values(trainer);
        trainer.Train(Cache(48));
        string[] same = [.. Values(trainer).Where(v => before.TryGetValue(v.Key, out float[]? old)
            && old.AsSpan().SequenceEqual(v.Value)).Select(v => v.Key)];
        Assert.Equal(frozen.Split(' '), same.Select(n => n.Split('/')[0]).Distinct().Order());
        Assert.Equal(before.Keys.Where(n => frozen.Split(' ').Contains(n.Split('/')[0])).Order(), same.Order());
        Assert.Contains("conv1/bn/moving_variance", same);
    }

    [Fact]
    public void Training_FrozenStages_HaveNoGradients()
    {
        NetworkGraph all = Graph(new TrainingOptions()), part = Graph(new TrainingOptions { FreezeUntil = "conv3" });
        Assert.Equal(6, Count(part, "Conv2DBackpropFilter"));
        Assert.Equal(19, Count(all, "Conv2DBackpropFilter"));
        // The first trained convolution needs no gradient of its input.
        Assert.Equal(5, Count(part, "Conv2DBackpropInput"));
        Assert.Equal(6, part.Nodes.Count(n => n.Op == "FusedBatchNormV3" && n.Attributes["is_training"].Bool));

        static int Count(NetworkGraph graph, string op) => graph.Nodes.Count(n => n.Op == op);
    }

    [Theory]
    [InlineData("conv5_4", null, "fc6/dropout fc7/dropout")]
    [InlineData("fc6", null, "fc6/dropout fc7/dropout")]
    [InlineData("fc7", null, "fc7/dropout")]
    [InlineData(null, FineTuning.HeadOnly, "fc7/dropout")]
    public void Training_DropoutThatAFrozenLayerReads_IsOff(string? until, FineTuning? what, string left)
    {
        ClassificationGraph graph = new ClassificationGraphs(CnnArchitectures.Vgg19, new(32, 32, 3), Classes).Training(
            new TrainingOptions { FreezeUntil = until, FineTuning = what ?? FineTuning.AllLayers });
        Assert.Equal(left.Split(' '), graph.Graph.Nodes.Where(n => n.Op == "StatelessRandomUniformV2")
            .Select(n => n.Name[..^"/uniform".Length]));
    }

    [Fact]
    public void Training_FrozenStages_LeaveAuxiliaryClassifiersOut()
    {
        var graphs = new ClassificationGraphs(CnnArchitectures.GoogLeNet, new(64, 64, 3), Classes);
        Assert.Contains(graphs.Training(new TrainingOptions()).Graph.Variables, v => IsAuxiliary(v.Name));
        Assert.DoesNotContain(graphs.Training(new TrainingOptions { FreezeUntil = "conv2" }).Graph.Variables,
            v => IsAuxiliary(v.Name));

        static bool IsAuxiliary(string name) => name.StartsWith("aux", StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Train_OneStepWithFactors_MovesEachLayerByItsRate()
    {
        const float Rate = 0.01f;
        using NetworkTrainer trainer = Trainer(new TrainingOptions
        {
            Epochs = 1, BatchSize = 16, LearningRate = Rate, BodyLearningRateFactor = 0.3f,
            LearningRateFactors = new Dictionary<string, float> { ["conv2"] = 0.07f, ["conv2_2"] = 2, ["fc/bias"] = 5 },
        });
        Dictionary<string, float[]> before = Values(trainer);
        trainer.Train(Cache(16));
        Dictionary<string, float[]> after = Values(trainer);
        string[] moved = [.. after.Keys.Where(n => n.EndsWith("/Momentum", StringComparison.Ordinal)
            && !n.StartsWith("head_alone", StringComparison.Ordinal)).Select(n => n[..^"/Momentum".Length])];
        Assert.Equal(59, moved.Length);
        Assert.All(moved, name =>
        {
            float rate = Rate * (name switch
            {
                "fc/kernel" => 1,
                "fc/bias" => 5,
                _ when name.StartsWith("conv2_2/", StringComparison.Ordinal) => 2,
                _ when name.StartsWith("conv2_", StringComparison.Ordinal) => 0.07f,
                _ => 0.3f,
            });
            // After the first step the velocity is the gradient.
            float[] gradient = after[$"{name}/Momentum"], old = before[name], now = after[name];
            Assert.Contains(gradient, g => g != 0);
            for (int i = 0; i < now.Length; i++)
                Assert.True(now[i] == old[i] - (rate * gradient[i])
                    || now[i] == MathF.FusedMultiplyAdd(-rate, gradient[i], old[i]), $"{name}[{i}] by {rate}");
        });
    }

    [Fact]
    public void Train_HeadFirst_MovesTheHeadAloneThenAllLayersWithAFreshOptimizer()
    {
        Dictionary<string, float[]>[] states = new Dictionary<string, float[]>[4];
        NetworkTrainer? trainer = null;
        var options = new TrainingOptions
        {
            FineTuning = FineTuning.HeadFirst, Epochs = 3, HeadEpochs = 2, BatchSize = 16,
            EpochCompleted = e => states[e.Epoch] = Values(trainer!),
        };
        using (trainer = Trainer(options))
        {
            states[0] = Values(trainer);
            trainer.Train(Cache(48));
        }
        Assert.Equal(["fc/bias", "fc/kernel", "head_alone/fc/bias/Momentum", "head_alone/fc/kernel/Momentum"],
            Moved(states[0], states[2]));
        string[] later = Moved(states[2], states[3]);
        Assert.DoesNotContain(later, n => n.StartsWith("head_alone", StringComparison.Ordinal));
        Assert.Equal(states[0].Keys.Count(n => !n.StartsWith("head_alone", StringComparison.Ordinal)), later.Length);

        static string[] Moved(Dictionary<string, float[]> from, Dictionary<string, float[]> to) =>
            [.. to.Where(v => !from[v.Key].AsSpan().SequenceEqual(v.Value)).Select(v => v.Key).Order()];
    }

    [Theory]
    [InlineData(10, null, 1)]
    [InlineData(2, null, 1)]
    [InlineData(40, null, 4)]
    [InlineData(40, 7, 7)]
    public void HeadEpochs_ByDefault_AreATenth(int epochs, int? given, int expected) => Assert.Equal(expected,
        new TrainingOptions { FineTuning = FineTuning.HeadFirst, Epochs = epochs, HeadEpochs = given }.LastHeadEpoch);

    [Theory]
    [InlineData("conv2_4", "expected the name of a stage or layer: conv2_1, conv2_2, conv2_3, conv1, conv3_1")]
    [InlineData("fc", "Options.FreezeUntil is 'fc'; expected a stage before the head")]
    public void FreezeUntil_UnknownOrTheHead_SaysWhatThereIs(string until, string message)
    {
        var e = Assert.Throws<ArgumentOutOfRangeException>(() => Graph(new TrainingOptions { FreezeUntil = until }));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    private static NetworkTrainer Trainer(TrainingOptions options) =>
        new(CnnArchitectures.ResNet20Cifar, Image, Classes, KernelSet.Shared, options);

    private static NetworkGraph Graph(TrainingOptions options) =>
        new ClassificationGraphs(CnnArchitectures.ResNet20Cifar, Image, Classes).Training(options).Graph;

    private static ImageCache<byte> Cache(int count)
    {
        var cache = new ImageCache<byte>(Image) { Normalization = PixelNormalization.Uniform(1, 1 / 80f, -0.4f) };
        for (int i = 0; i < count; i++)
            cache.Add(Digits.Pixels(i).ToArray(), Digits.Label(i));
        return cache;
    }

    private static Dictionary<string, float[]> Values(NetworkTrainer trainer) =>
        trainer.Variables.Variables.ToDictionary(v => v.Name, v => v.Values<float>().ToArray());
}
