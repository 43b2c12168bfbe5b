using System.Security.Cryptography;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Layers;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Training;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Training;

/// <summary>
/// Every network of the catalog trains: gradients reach all variables, statistics run, the loss of a fixed batch falls,
/// auxiliary classifiers do their part.
/// </summary>
public class TrainableZooTests
{
    private const int Classes = 3, BatchSize = 4, Steps = 3;

    /// <summary>
    /// Longer or wider forms of networks that are trained anyway, of tens of millions of parameters each: with
    /// CNNZOO_FULL=1 only.
    /// </summary>
    private static readonly string[] Large =
    [
        "alexnet_ungrouped", "zfnet_large", "vgg13", "vgg16_c", "vgg16", "vgg19", "vgg13_bn", "vgg16_bn", "vgg19_bn",
            "googlenet_naive",
        "resnet101_torchvision", "resnet152_torchvision", "resnet101", "resnet152", "resnet50_option_c",
            "wide_resnet50_2", "resnet101_v2", "resnet152_v2",
        "densenet161", "densenet201", "densenet264", "densenet100_k12_cifar", "densenet_bc250_k24_cifar",
            "densenet_bc190_k40_cifar",
    ];

    /// <summary>The networks that are trained.</summary>
    public static TheoryData<string> Networks =>
        [.. CnnArchitectures.All.Select(a => a.Name).Where(name => TestScope.IsFull || !Large.Contains(name))];

    /// <summary>Networks with classifiers that only training has.</summary>
    public static TheoryData<string> WithAuxiliaries =>
        [.. CnnArchitectures.All.Where(a => a.HasAuxiliaries).Select(a => a.Name)];

    /// <summary>Networks whose last layer is trained.</summary>
    public static TheoryData<string> WithTrainedHeads =>
        [.. CnnArchitectures.All.Where(a => a.Output == OutputKind.Softmax).Select(a => a.Name)];

    [Theory]
    [MemberData(nameof(Networks))]
    public void Step_EveryNetwork_MovesAllVariablesAndLowersTheLoss(string name) =>
        Train(CnnArchitectures.Find(name));

    [Fact]
    public void Networks_LeftToFullRuns_AreInTheCatalog() =>
        Assert.All(Large, name => Assert.Equal(name, CnnArchitectures.Find(name).Name));

    [Theory]
    [MemberData(nameof(WithTrainedHeads))]
    public void Training_HeadOnly_MovesTheHeadAndNothingElse(string name)
    {
        CnnArchitecture network = CnnArchitectures.Find(name);
        ClassificationGraph graph = new ClassificationGraphs(network, Image(network), Classes).Training(
            new TrainingOptions { Optimizer = Optimizer.GradientDescent, FineTuning = FineTuning.HeadOnly });
        string[] head = [.. network.HeadVariables(Classes, Image(network)).Select(v => v.Name)];
        Assert.InRange(head.Length, 1, 2);
        Assert.Equal(head.Order(), graph.Targets.Select(t => t.Inputs[0].Node.Name).Order());
        Assert.DoesNotContain(graph.Graph.Nodes, n => n.Op == "FusedBatchNormV3" && n.Attributes["is_training"].Bool);
        Assert.DoesNotContain(graph.Graph.Nodes, n => n.Op == "Conv2DBackpropInput"
            || n.Op.StartsWith("FusedBatchNormGrad", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(WithAuxiliaries))]
    public void Training_AuxiliaryClassifiers_AddTheirWeightedLosses(string name)
    {
        CnnArchitecture network = CnnArchitectures.Find(name);
        var graphs = new ClassificationGraphs(network, Image(network), Classes);
        ClassificationGraph graph = graphs.Training(new TrainingOptions { Optimizer = Optimizer.GradientDescent,
            Loss = ClassificationLoss.SoftmaxCrossEntropy });
        AuxiliaryOutput[] auxiliaries = Auxiliaries(network, GraphMode.Training);
        Assert.Equal(name.StartsWith("googlenet", StringComparison.Ordinal) ? [0.3f, 0.3f] : [0.4f],
            auxiliaries.Select(a => a.LossWeight));
        NodeOutput[] fetches = [.. graph.Fetches, .. auxiliaries.Select(a => graph.Graph[a.Logits.Node.Name]
            .Output(a.Logits.Port))];
        using var store = new VariableStore();
        VariableInitialization.Initialize(store, graph.Graph.Variables, 1);
        using Executable plan = new Session(KernelSet.Shared)
            .Compile(graph.Graph, graph.Feeds(BatchSize), fetches, [], store);
        int[] labels = Feed(plan, network);
        plan.Run();

        double main = CrossEntropy(plan.Fetch<float>(0), labels), total = main;
        for (int i = 0; i < auxiliaries.Length; i++)
            total += auxiliaries[i].LossWeight * CrossEntropy(plan.Fetch<float>(2 + i), labels);
        Assert.InRange(plan.Fetch<float>(1)[0], total * (1 - 1e-5), total * (1 + 1e-5));
        Assert.True(total > main * 1.1);
    }

    [Theory]
    [MemberData(nameof(WithAuxiliaries))]
    public void Scoring_AuxiliaryClassifiers_AreAbsent(string name)
    {
        CnnArchitecture network = CnnArchitectures.Find(name);
        Assert.Empty(Auxiliaries(network, GraphMode.Inference));
        var graphs = new ClassificationGraphs(network, Image(network), Classes);
        string[] scoring = VariableNames(graphs.Scoring()),
            training = VariableNames(graphs.Training(new TrainingOptions { Optimizer = Optimizer.GradientDescent }));
        string[] only = [.. training.Except(scoring)];
        Assert.NotEmpty(only);
        Assert.All(only, v => Assert.StartsWith("aux", v, StringComparison.OrdinalIgnoreCase));
        Assert.Empty(scoring.Except(training));
        Assert.DoesNotContain(graphs.Scoring().Graph.Nodes, n =>
            n.Name.StartsWith("aux", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>
    /// Trains on one batch, with dropout's masks of step 1 throughout, so that losses are comparable.
    /// </summary>
    private static void Train(CnnArchitecture network)
    {
        // Adam moves every weight by about the rate, however small its gradient: all must change, and dozens of layers
        // must not overshoot together.
        var options = new TrainingOptions { Optimizer = new AdamOptimizer(), LearningRate = network.Depth > 30 ? 5e-7f
            : 5e-5f };
        ClassificationGraph graph = new ClassificationGraphs(network, Image(network), Classes).Training(options);
        using var store = new VariableStore();
        VariableInitialization.Initialize(store, graph.Graph.Variables, 1);
        VariableDefinition[] moving = [.. graph.Graph.Variables.Where(v => v.IsTrainable
            || v.Role == VariableRole.Statistic)];
        byte[][] start = Digests(store, moving);
        using Executable plan = new Session(KernelSet.Shared)
            .Compile(graph.Graph, graph.Feeds(BatchSize), graph.Fetches, graph.Targets, store);
        Feed(plan, network);
        var losses = new float[Steps + 1];
        for (int s = 0; s <= Steps; s++)
        {
            graph.Optimizer!.Feed(plan, new OptimizerStepContext(s + 1, options.LearningRate, null));
            plan.Run();
            losses[s] = plan.Fetch<float>(1)[0];
            if (s == 0)
                AssertAllMoved(moving, start, Digests(store, moving));
        }
        Assert.True(losses.All(float.IsFinite) && losses[^1] < losses[0], $"Losses {string.Join(", ", losses)}");
    }

    private static void AssertAllMoved(VariableDefinition[] variables, byte[][] before, byte[][] after)
    {
        string[] still = [.. variables.Where((_, i) => before[i].AsSpan().SequenceEqual(after[i])).Select(v => v.Name)];
        Assert.True(still.Length == 0,
            $"{still.Length} of {variables.Length} variables did not change: {string.Join(", ", still.Take(10))}");
    }

    private static byte[][] Digests(VariableStore store, VariableDefinition[] variables) =>
        [.. variables.Select(v => SHA256.HashData(store[v.Name].Get().Bytes))];

    /// <summary>
    /// The smallest legal image: every layer has work to do, and there is least of it. Deep plain networks get twice
    /// that, batch normalized GoogLeNets, the deepest Inceptions and ImageNet's deep ResNets a last map of 2x2: on single
    /// pixels they normalize the all but equal signals of four images, and the loss jumps however small the step.
    /// </summary>
    private static ImageShape Image(CnnArchitecture network)
    {
        int size = network.Name.StartsWith("plain", StringComparison.Ordinal) ? 2 * network.MinimumSize
            : network.Name is "googlenet_torchvision" or "googlenet_torchvision_noaux" or "inception_v4"
                or "inception_resnet_v1" or "inception_resnet_v2" || IsDeepResNet(network)
                ? network.MinimumSize + 32 : network.MinimumSize;
        return new(size, size, network.DefaultInput.Channels);
    }

    private static bool IsDeepResNet(CnnArchitecture network) => network is ResNet && network.Depth >= 50;

    private static int[] Feed(Executable plan, CnnArchitecture network)
    {
        var random = new PhiloxRandom(5, RandomPurpose.Initialization, network.Name);
        foreach (ref float value in plan.Feed<float>(ClassificationGraph.ImageInput))
            value = (float)(2 * random.NextDouble() - 1);
        int[] labels = [.. Enumerable.Range(0, BatchSize).Select(i => i % Classes)];
        labels.CopyTo(plan.Feed<int>(ClassificationGraph.LabelInput));
        if (plan.HasFeed(ClassificationGraph.StepInput))
            plan.Feed<long>(ClassificationGraph.StepInput)[0] = 1;
        return labels;
    }

    private static AuxiliaryOutput[] Auxiliaries(CnnArchitecture network, GraphMode mode)
    {
        var g = new GraphBuilder(mode);
        ImageShape image = Image(network);
        return [.. network.Build(g, g.Placeholder(ClassificationGraph.ImageInput, DataType.Float,
            new TensorShape(-1, image.Height, image.Width, image.Channels)), Classes).Auxiliary];
    }

    private static string[] VariableNames(ClassificationGraph graph) =>
        [.. graph.Graph.Variables.Where(v => v.Role != VariableRole.Slot).Select(v => v.Name)];

    private static double CrossEntropy(ReadOnlySpan<float> logits, int[] labels)
    {
        double sum = 0;
        for (int i = 0; i < labels.Length; i++)
        {
            float[] row = logits.Slice(i * Classes, Classes).ToArray();
            sum += Math.Log(row.Sum(z => Math.Exp(z))) - row[labels[i]];
        }
        return sum / labels.Length;
    }
}
