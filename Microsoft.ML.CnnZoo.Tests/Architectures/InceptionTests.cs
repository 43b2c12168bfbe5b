using System.Text.Json;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Weights.Names;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Architectures;

/// <summary>
/// GoogLeNet, Inception v2 to v4, Inception-ResNet: auxiliary classifiers, module names, naive modules, depths.
/// </summary>
public class InceptionTests
{
    private static readonly IReadOnlyList<CnnArchitecture> Family =
        [.. GoogLeNet.All, InceptionV2.Instance, .. InceptionV3.All, InceptionV4.Instance, InceptionResNetV1.Instance,
            InceptionResNetV2.Instance];

    public static TheoryData<string> Names => [.. Family.Select(a => a.Name)];

    public static TheoryData<string> GoldenNames => [.. Family.Select(a => a.Name).Where(GoldenFiles.HasArchitecture)];

    [Theory]
    [MemberData(nameof(GoldenNames))]
    public void Summary_WithAuxiliaries_EqualsGolden(string name)
    {
        JsonElement golden = GoldenFiles.Architecture(name);
        NetworkSummary summary = NetworkSummary.Of(Find(name).WithAuxiliariesInInference(), classes: 1000);
        Assert.Equal(golden.GetProperty("params_trainable").GetInt64(), summary.Parameters);
        Assert.Equal(golden.GetProperty("bn_statistics").GetInt64(), summary.NonTrainable);
        Assert.Equal(golden.GetProperty("macs").GetInt64() + golden.GetProperty("macs_aux").GetInt64(),
            summary.MultiplyAdds);
        Assert.Equal(golden.GetProperty("params_aux").GetInt64(),
            summary.Parameters - NetworkSummary.Of(Find(name), classes: 1000).Parameters);
    }

    [Theory]
    [InlineData("googlenet", 2, 0.3f)]
    [InlineData("googlenet_torchvision", 2, 0.3f)]
    [InlineData("inception_v3", 1, 0.4f)]
    [InlineData("googlenet_noaux", 0, 0)]
    [InlineData("googlenet_torchvision_noaux", 0, 0)]
    [InlineData("inception_v3_noaux", 0, 0)]
    public void Auxiliary_TrainingAndInference_OnlyInTraining(string name, int count, float weight)
    {
        CnnArchitecture network = Find(name);
        (GraphBuilder training, NetworkOutputs outputs) = Build(network, GraphMode.Training);
        Assert.Equal(Enumerable.Repeat(weight, count), outputs.Auxiliary.Select(a => a.LossWeight));
        Assert.All(outputs.Auxiliary, a => Assert.Equal(outputs.Output.Shape, a.Logits.Shape));
        (GraphBuilder inference, NetworkOutputs scoring) = Build(network, GraphMode.Inference);
        Assert.Empty(scoring.Auxiliary);
        Assert.DoesNotContain(inference.Nodes, n => n.Name.StartsWith("aux", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(count > 0, training.Variables.Count > inference.Variables.Count);
        Assert.Equal(network.HasAuxiliaries ? $"{name}_noaux" : name, network.WithoutAuxiliaries().Name);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Build_SmallestImage_FitsForTrainingToo(string name)
    {
        CnnArchitecture network = Find(name);
        foreach (CnnArchitecture form in new[] { network, network.WithTensorFlowPadding() })
        {
            NetworkOutputs outputs = Build(form, GraphMode.Training, network.MinimumSize).Outputs;
            Assert.Equal(network.HasAuxiliaries, outputs.Auxiliary.Count > 0);
        }
        GraphException refusal = Assert.Throws<GraphException>(() =>
            Build(network, GraphMode.Training, network.MinimumSize - 1));
        Assert.Contains($"at least {network.MinimumSize}x{network.MinimumSize} pixels", refusal.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("googlenet",
        "conv1 112x64 pool1 56x64 norm1 56x64 conv2_reduce 56x64 conv2 56x192 norm2 56x192 pool2 "
        + "28x192 inception_3a 28x256 inception_3a.b3x3_reduce 28x96 inception_3a.pool_proj 28x32 "
        + "inception_3b 28x480 pool3 14x480 inception_4a 14x512 inception_4d 14x528 inception_4e 14x832 "
        + "pool4 7x832 inception_5b 7x1024")]
    [InlineData("googlenet_torchvision",
        "conv1 112x64 conv1.conv 112x64 conv1.bn 112x64 maxpool1 56x64 conv2 56x64 conv3 56x192 "
        + "maxpool2 28x192 inception3a 28x256 inception3a.branch2 28x128 inception3a.branch2.0 28x96 "
        + "inception3a.branch4.0 28x192 inception3a.branch4.1.conv 28x32 inception3b 28x480 maxpool3 "
        + "14x480 inception4a 14x512 inception4d 14x528 maxpool4 7x832 inception5b 7x1024")]
    [InlineData("inception_v3",
        "Conv2d_1a_3x3 149x32 Conv2d_1a_3x3.conv 149x32 Conv2d_2b_3x3 147x64 maxpool1 73x64 "
        + "Conv2d_4a_3x3 71x192 maxpool2 35x192 Mixed_5b 35x256 Mixed_5b.branch_pool 35x32 Mixed_5d "
        + "35x288 Mixed_6a 17x768 Mixed_6e 17x768 Mixed_7a 8x1280 Mixed_7c 8x2048")]
    [InlineData("inception_v4",
        "features.0 149x32 features.1 147x32 features.2 147x64 features.3 73x160 features.3.maxpool "
        + "73x64 features.3.conv 73x96 features.3.conv.conv 73x96 features.4 71x192 features.5 35x384 "
        + "features.6 35x384 features.9 35x384 features.10 17x1024 features.17 17x1024 features.18 "
        + "8x1536 features.19.branch1_1b 8x256 features.21 8x1536")]
    [InlineData("inception_resnet_v2",
        "conv2d_1a 149x32 conv2d_2b 147x64 maxpool_3a 73x64 conv2d_4a 71x192 maxpool_5a 35x192 "
        + "mixed_5b 35x320 repeat 35x320 repeat.3.conv2d 35x320 repeat.0.branch2.1 35x48 mixed_6a "
        + "17x1088 repeat_1 17x1088 repeat_1.19 17x1088 mixed_7a 8x2080 repeat_2 8x2080 block8 8x2080 "
        + "conv2d_7b 8x1536")]
    public void TorchModule_EveryLevel_IsANodeOfThatShape(string name, string modules)
    {
        CnnArchitecture network = Find(name);
        IReadOnlyList<NodeDef> nodes = Build(network, GraphMode.Inference).Builder.Nodes;
        foreach (string[] pair in modules.Split(' ').Chunk(2))
        {
            string node = TorchNames.Of(network).Module(pair[0]);
            NodeDef? last = nodes.LastOrDefault(n => n.Name == node
                || n.Name.StartsWith($"{node}/", StringComparison.Ordinal));
            Assert.True(last is not null, $"{pair[0]} is called {node}, which is not in the graph.");
            TensorShape shape = last.Outputs[0].Shape;
            Assert.Equal((pair[0], pair[1]), (pair[0], $"{shape[1]}x{shape[3]}"));
        }
    }

    [Fact]
    public void TorchModule_LibrarysUnits_IncludeTheReluAndOriginalsConvolutionsDoNot()
    {
        Assert.Equal("Relu", LastOp("googlenet_torchvision", "conv1"));
        Assert.Equal("Relu", LastOp("inception_v3", "Mixed_5b.branch1x1"));
        Assert.Equal("Conv2D", LastOp("inception_v4", "features.3.conv.conv"));
        Assert.Equal("BiasAdd", LastOp("googlenet", "conv1"));
        Assert.Equal("BiasAdd", LastOp("googlenet", "inception_3a.b1x1"));
        Assert.Equal("ConcatV2", LastOp("googlenet", "inception_3a"));
        Assert.Equal("Relu", LastOp("inception_resnet_v2", "repeat_2"));
        Assert.Equal("AddV2", LastOp("inception_resnet_v2", "block8"));
    }

    [Fact]
    public void Naive_FirstModule_CostsWhatTheBottlenecksSave()
    {
        long naive = ModuleMultiplyAdds(GoogLeNet.Naive, "inception_3a"),
            reduced = ModuleMultiplyAdds(GoogLeNet.Original, "inception_3a");
        Assert.Equal(28L * 28 * 192 * (64 + (9 * 128) + (25 * 32)), naive);
        Assert.Equal(28L * 28 * ((192 * (64 + 96 + 16 + 32)) + (9 * 96 * 128) + (25 * 16 * 32)), reduced);
        Assert.Equal(4944, Build(GoogLeNet.Naive, GraphMode.Inference).Outputs.Features.Channels);
        Assert.True(NetworkSummary.Of(GoogLeNet.Naive, 1000).MultiplyAdds > 4 * NetworkSummary.Of(GoogLeNet.Original,
            1000).MultiplyAdds);
    }

    [Theory]
    [InlineData("googlenet", 22)]
    [InlineData("googlenet_torchvision", 22)]
    [InlineData("inception_v2", 35)]
    [InlineData("inception_v4", 76)]
    [InlineData("inception_resnet_v1", 93)]
    [InlineData("inception_resnet_v2", 176)]
    public void LongestPath_ThroughWeightedLayers_IsTheDepth(string name, int expected)
    {
        NodeOutput output = Build(Find(name), GraphMode.Inference).Outputs.Output;
        var depths = new Dictionary<NodeDef, int>();
        Assert.Equal(expected, DepthOf(output.Node, depths));
    }

    [Fact]
    public void LabelSmoothing_InceptionV3_IsThePapers() =>
        Assert.Equal((0.1f, 0f), (InceptionV3.Instance.LabelSmoothing, GoogLeNet.Original.LabelSmoothing));

    private static int DepthOf(NodeDef node, Dictionary<NodeDef, int> known)
    {
        if (known.TryGetValue(node, out int depth))
            return depth;
        int own = node.Op is "Conv2D" or "MatMul" or "DepthwiseConv2dNative" ? 1 : 0;
        return known[node] = own + node.Inputs.Select(i => DepthOf(i.Node, known)).DefaultIfEmpty(0).Max();
    }

    private static long ModuleMultiplyAdds(CnnArchitecture network, string module) =>
        NetworkSummary.Of(network, 1000).Layers.Where(l => l.Name.StartsWith($"{module}/", StringComparison.Ordinal))
            .Sum(l => l.MultiplyAdds);

    private static string LastOp(string name, string module)
    {
        CnnArchitecture network = Find(name);
        string node = TorchNames.Of(network).Module(module);
        return Build(network, GraphMode.Inference).Builder.Nodes.Last(n => n.Name == node
            || n.Name.StartsWith($"{node}/", StringComparison.Ordinal)).Op;
    }

    private static CnnArchitecture Find(string name) => Family.Single(a => a.Name == name);

    private static (GraphBuilder Builder, NetworkOutputs Outputs) Build(CnnArchitecture network, GraphMode mode,
        int? size = null)
    {
        var g = new GraphBuilder(mode);
        ImageShape input = network.DefaultInput;
        NodeOutput image = g.Placeholder("image", DataType.Float,
            new TensorShape(-1, size ?? input.Height, size ?? input.Width, input.Channels));
        return (g, network.Build(g, image, 1000));
    }
}
