using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Training;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Training;

/// <summary>Features of a frozen body that are computed once.</summary>
public class FrozenFeaturesTests
{
    private const int Classes = 10, Images = 40;
    private const long Megabyte = 1 << 20;
    private static readonly ImageShape Image = new(32, 32, 1);
    private readonly List<string> _messages = [];

    /// <summary>Networks whose last layer is trained.</summary>
    public static TheoryData<string> WithTrainedHeads =>
        [.. CnnArchitectures.All.Where(a => a.Output == OutputKind.Softmax).Select(a => a.Name)];

    [Theory]
    [InlineData("resnet20_cifar", FineTuning.HeadOnly)] // batch norms
    [InlineData("mobilenet_v2", FineTuning.HeadOnly)]   // dropout in front of the head
    [InlineData("vgg11", FineTuning.HeadOnly)]          // dropout between frozen layers too
    [InlineData("squeezenet1_1", FineTuning.HeadOnly)]  // a convolution as head
    [InlineData("resnet20_cifar", FineTuning.HeadFirst)]
    [InlineData("resnet20_cifar", FineTuning.AllLayers, "conv3_1")] // batch norms on both sides
    [InlineData("squeezenet1_1", FineTuning.AllLayers, "fire5")]    // dropout behind it
    [InlineData("vgg11", FineTuning.AllLayers, "conv4")]
    [InlineData("resnet20_cifar", FineTuning.HeadOnly, "conv2")]    // the head's are computed once
    [InlineData("resnet20_cifar", FineTuning.HeadFirst, "conv2")]   // the same
    public void Train_OnFeatures_IsTrainingOnImagesToRounding(string name, FineTuning what, string? until = null)
    {
        var options = new TrainingOptions { FineTuning = what, Epochs = 4, HeadEpochs = what == FineTuning.HeadFirst ? 3 : null,
            FreezeUntil = until, BatchSize = 16, Seed = 3,
            LearningRate = what == FineTuning.AllLayers ? 0.0005f : 0.005f }; // rounding grows from layer to layer
        (float[] weights, TrainingResult result, int reads) = Train(name, options);
        (float[] cached, TrainingResult again, int few) = Train(name, options with { FeatureStore = PixelStore.Unlimited() });
        Assert.Collection(_messages, m => Assert.Contains("in every epoch, for the images are augmented", m, StringComparison.Ordinal),
            m => Assert.Contains("Features of 60 images (", m, StringComparison.Ordinal));
        Assert.Equal((4 * Images, what == FineTuning.HeadFirst ? 2 * Images : Images), (reads, few));
        double scale = weights.Max(Math.Abs);
        Assert.All(weights.Zip(cached), w => Assert.InRange(Math.Abs(w.First - w.Second), 0, 2e-4 * scale));
        Assert.All(result.History.Zip(again.History), e =>
        {
            Assert.Equal(e.First.Loss, e.Second.Loss, 1e-3 * e.First.Loss);
            Assert.Equal(e.First.ValidationLoss!.Value, e.Second.ValidationLoss!.Value, 1e-3 * e.First.Loss);
        });
        Assert.NotEqual(result.History[0].Loss, result.History[^1].Loss);
    }

    [Fact]
    public void Train_FeaturesInAFile_AreThoseInMemory()
    {
        var options = new TrainingOptions { FineTuning = FineTuning.HeadOnly, Epochs = 3, BatchSize = 16 };
        using var file = new PixelStore(1000, Megabyte);
        float[] inMemory = Train("resnet20_cifar", options with { FeatureStore = PixelStore.Unlimited() }).Weights;
        Assert.Equal(inMemory, Train("resnet20_cifar", options with { FeatureStore = file }).Weights);
        Assert.Equal((768, 57 * 64 * 4), (file.InMemory, file.InFile));
    }

    [Fact]
    public void Train_FeaturesLargerThanTheBudget_ComputesThemInEveryEpoch()
    {
        var options = new TrainingOptions { FineTuning = FineTuning.HeadOnly, Epochs = 3, BatchSize = 16 };
        using var small = new PixelStore(5000, 5000);
        (float[] weights, _, int reads) = Train("resnet20_cifar", options with { FeatureStore = small });
        Assert.Equal(3 * Images, reads);
        Assert.Contains("The frozen layers are computed in every epoch: the features", Assert.Single(_messages), StringComparison.Ordinal);
        Assert.Equal(Train("resnet20_cifar", options).Weights, weights);
    }

    [Fact]
    public void Train_FrozenWithinABlock_ComputesTheFrozenLayersInEveryEpochAndSaysWhy()
    {
        var options = new TrainingOptions { FreezeUntil = "conv2_2/a", Epochs = 2, BatchSize = 16 };
        Assert.Equal(2 * Images, Train("resnet20_cifar", options with { FeatureStore = PixelStore.Unlimited() }).Reads);
        Assert.Contains("read more than one tensor of them; freeze whole stages", Assert.Single(_messages), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(WithTrainedHeads))]
    public void FindCut_HeadOnly_IsBehindAllFrozenLayers(string name)
    {
        CnnArchitecture network = CnnArchitectures.Find(name);
        var image = new ImageShape(network.MinimumSize, network.MinimumSize, network.DefaultInput.Channels);
        var graphs = new ClassificationGraphs(network, image, Classes);
        ClassificationGraph training = graphs.Training(new TrainingOptions { FineTuning = FineTuning.HeadOnly });
        NodeOutput? cut = FrozenBody.FindCut(training);
        Assert.NotNull(cut);
        NetworkGraph head = FrozenBody.Head(training, cut.Value).Graph,
            measured = FrozenBody.Head(graphs.Evaluation(null), cut.Value).Graph;
        string[] trained = [.. network.HeadVariables(Classes, image).Select(v => v.Name).Order()];
        Assert.All([head, measured], graph => Assert.Equal(trained, graph.Nodes.Where(n => n.Op == "ReadVariableOp")
            .Select(n => n.Inputs[0].Node.Name).Order()));
    }

    private (float[] Weights, TrainingResult Result, int Reads) Train(string name, TrainingOptions options)
    {
        using var trainer = new NetworkTrainer(CnnArchitectures.Find(name), Image, Classes, KernelSet.Shared,
            options with { Message = _messages.Add });
        var source = new CountingSource(Cache(0, Images));
        TrainingResult result = trainer.Train(source, Cache(Images, 20));
        return ([.. trainer.Variables[HeadKernel(name)].Values<float>()], result, source.Reads);
    }

    private static string HeadKernel(string name) =>
        CnnArchitectures.Find(name).HeadVariables(Classes, Image).First(v => v.Role == VariableRole.Kernel).Name;

    private static ImageCache<byte> Cache(int first, int count)
    {
        var cache = new ImageCache<byte>(Image) { Normalization = PixelNormalization.Uniform(1, 1 / 80f, -0.4f) };
        for (int i = first; i < first + count; i++)
            cache.Add(Digits.Padded(i), Digits.Label(i));
        return cache;
    }

    /// <summary>Counts the images that are asked for.</summary>
    private sealed class CountingSource(IBatchSource inner) : IBatchSource
    {
        public int Reads { get; private set; }
        public IReadOnlyList<int> Labels => inner.Labels;
        public int Count => inner.Count;
        public ImageShape Image => inner.Image;

        public void Fill(ReadOnlySpan<int> indices, Span<float> images, Span<int> labels)
        {
            Reads += indices.Length;
            inner.Fill(indices, images, labels);
        }
    }
}
