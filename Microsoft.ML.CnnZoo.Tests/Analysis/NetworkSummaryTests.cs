using Microsoft.ML.CnnZoo.Analysis;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Layers;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Analysis;

/// <summary>Receptive fields and activation memory against known values and hand counts.</summary>
public class NetworkSummaryTests
{
    public static TheoryData<string> Names => [.. CnnArchitectures.All.Select(a => a.Name)];

    [Theory]
    [InlineData("vgg16", "conv1_2 5/1 pool1 6/2 conv3_3 40/4 conv5_3 196/16 pool5 212/32")]
    [InlineData("lenet5_relu", "conv1 5/1 pool1 6/2 conv2 14/2 pool2 16/4")]
    [InlineData("lenet5", "c1 5/1 s2 6/2 c3 14/2 s4 16/4 c5 32/4")]
    [InlineData("alexnet_torchvision", "conv1 11/4")]
    public void ReceptiveField_Layers_AreThePublishedOnes(string name, string expected)
    {
        Dictionary<string, LayerSummary> layers = NetworkSummary.Of(CnnArchitectures.Find(name),
            10).Layers.ToDictionary(l => l.Name);
        string[] pairs = expected.Split(' ');
        Assert.Equal(pairs, pairs.Chunk(2)
            .SelectMany(p =>
            new[] { p[0], $"{layers[p[0]].ReceptiveField!.Value.Size}/{layers[p[0]].ReceptiveField!.Value.Stride}" }));
    }

    // Araujo, Norris, Sim 2019, "Computing receptive fields of convolutional neural networks", table 1.
    [Theory]
    [InlineData("alexnet_torchvision", 195)]
    [InlineData("vgg16", 212)]
    [InlineData("resnet50", 483)]
    [InlineData("resnet101", 1027)]
    [InlineData("inception_v2", 699)]
    [InlineData("inception_v3", 1311)]
    [InlineData("inception_v4", 2071)]
    [InlineData("inception_resnet_v2", 3039)]
    public void ReceptiveField_WholeNetwork_IsThePublishedOne(string name, int expected)
    {
        ReceptiveField field = NetworkSummary.Of(CnnArchitectures.Find(name), 10).ReceptiveField!.Value;
        Assert.Equal((expected, expected, 32, 32), (field.Height, field.Width, field.StrideHeight, field.StrideWidth));
    }

    [Theory]
    [InlineData(new[] { 3 }, 1, 3, 1)]
    [InlineData(new[] { 3, 3 }, 1, 5, 1)]
    [InlineData(new[] { 3, 3, 3 }, 1, 7, 1)]
    [InlineData(new[] { 7 }, 1, 7, 1)]
    [InlineData(new[] { 3, 3 }, 2, 7, 4)]
    [InlineData(new[] { 3, 3, 3 }, 2, 15, 8)]
    public void ReceptiveField_StackedConvolutions_FollowsTheFormula(int[] kernels, int strides, int size, int stride)
    {
        GraphBuilder g = ImageGraph(out NodeOutput x);
        for (int i = 0; i < kernels.Length; i++)
            x = g.Conv2D(x, 4, kernels[i], Padding.Same, $"conv{i}", strides);
        Assert.Equal(new ReceptiveField(size, size, stride, stride), ReceptiveField.Of(g.ToGraph())[x.Node]);
    }

    [Fact]
    public void ReceptiveField_DilatedAndOblongKernels_WidensEachAxis()
    {
        GraphBuilder g = ImageGraph(out NodeOutput x);
        x = g.Conv2D(x, 4, 3, Padding.Same, "dilated", options: new() { DilationRate = 2 });
        NodeOutput tall = g.Conv2D(x, 4, (7, 1), Padding.Same, "tall"),
            wide = g.Conv2D(x, 4, (1, 3), Padding.Same, "wide");
        NodeOutput sum = g.Add(tall, wide, "sum");
        IReadOnlyDictionary<NodeDef, ReceptiveField> fields = ReceptiveField.Of(g.ToGraph());
        Assert.Equal(new ReceptiveField(5, 5, 1, 1), fields[x.Node]);
        Assert.Equal(new ReceptiveField(11, 5, 1, 1), fields[tall.Node]);
        Assert.Equal(new ReceptiveField(5, 7, 1, 1), fields[wide.Node]);
        Assert.Equal(new ReceptiveField(11, 7, 1, 1), fields[sum.Node]);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ReceptiveField_EveryLayer_GrowsToTheWholeImage(string name)
    {
        CnnArchitecture architecture = CnnArchitectures.Find(name);
        NetworkSummary summary = NetworkSummary.Of(architecture, 10);
        ImageShape image = architecture.DefaultInput;
        Assert.All(summary.Layers, l =>
            Assert.True(l.ReceptiveField is { Height: >= 1, Width: >= 1, StrideHeight: >= 1, StrideWidth: >= 1 },
            l.Name));
        Assert.Equal(new ReceptiveField(image.Height, image.Width, image.Height, image.Width, IsWholeImage: true),
            summary.Layers[^1].ReceptiveField);
        int first = summary.Layers.ToList().FindIndex(l => l.ReceptiveField!.Value.IsWholeImage);
        Assert.All(summary.Layers.Skip(first), l => Assert.True(l.ReceptiveField!.Value.IsWholeImage, l.Name));
        Assert.False(summary.ReceptiveField!.Value.IsWholeImage);
    }

    [Fact]
    public void ActivationBytes_LeNet5_CountsEveryResultOnce()
    {
        NetworkSummary summary = NetworkSummary.Of(CnnArchitectures.LeNet5Relu, 10);
        Assert.Equal(4 * 28 * 28 * 6, summary.Layers.Single(l => l.Name == "conv1").ActivationBytes);
        // Convolutions, dense layers and their activations; pools; the flattened map; logits and scores.
        Assert.Equal(4 * ((2 * 4704) + 1176 + (2 * 1600) + 400 + 400 + (2 * 120) + (2 * 84) + 10 + 10),
            summary.ActivationBytes);
    }

    [Fact]
    public void ActivationBytes_ImageOfTwiceTheSize_IsFourfoldInConvolutions()
    {
        CnnArchitecture vgg = CnnArchitectures.Vgg16;
        long small = NetworkSummary.Of(vgg, 10, new(64, 64, 3)).Layers.Where(l => l.Kind == "Conv2D")
            .Sum(l => l.ActivationBytes);
        Assert.Equal(4 * small, NetworkSummary.Of(vgg, 10, new(128, 128, 3)).Layers.Where(l => l.Kind == "Conv2D")
            .Sum(l => l.ActivationBytes));
    }

    private static GraphBuilder ImageGraph(out NodeOutput image)
    {
        var g = new GraphBuilder(GraphMode.Inference);
        image = g.Placeholder("image", DataType.Float, new TensorShape(-1, 32, 32, 4));
        return g;
    }
}
