using System.Text.RegularExpressions;
using Microsoft.ML.CnnZoo.Analysis;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Analysis;

/// <summary>Pictures of networks: boxes, frames and arrows of the DOT text.</summary>
public partial class NetworkDiagramTests
{
    public static TheoryData<string> Names => [.. CnnArchitectures.All.Select(a => a.Name)];

    [Fact]
    public void ToDot_LeNet5_IsAChainOfEightBoxes()
    {
        string dot = NetworkDiagram.ToDot(CnnArchitectures.LeNet5Relu, 10);
        Assert.Equal(
        [
            @"image\n32x32x1", @"conv1\nConv 5x5, ReLU\n28x28x6", @"pool1\nAvgPool 2x2/2\n14x14x6",
                @"conv2\nConv 5x5, ReLU\n10x10x16", @"pool2\nAvgPool 2x2/2, flatten\n5x5x16 = 400",
            @"fc1\nDense, ReLU\n120", @"fc2\nDense, ReLU\n84", @"fc3\nDense, softmax\n10",
        ], Labels(dot));
        Assert.Equal(Enumerable.Range(0, 7).Select(i => (i, i + 1)), Edges(dot));
    }

    [Fact]
    public void ToDot_ResNet18_FramesBlocksAndDrawsShortcuts()
    {
        string dot = NetworkDiagram.ToDot(CnnArchitectures.ResNet18, 1000);
        Assert.Equal(8, Regex.Count(dot, "subgraph cluster_"));
        Assert.Contains("label=\"conv3_1\"", dot, StringComparison.Ordinal);
        Assert.Equal(3, Labels(dot).Count(l => l.StartsWith("shortcut", StringComparison.Ordinal)));
        List<string> labels = Labels(dot);
        foreach (int sum in Enumerable.Range(0, labels.Count)
            .Where(i => labels[i].Contains("add, ReLU", StringComparison.Ordinal)))
            Assert.Equal(2, Edges(dot).Count(e => e.To == sum));
    }

    [Fact]
    public void ToDot_Training_ShowsDropoutAndAuxiliaryClassifiers()
    {
        string training = NetworkDiagram.ToDot(CnnArchitectures.GoogLeNet, 1000, GraphMode.Training),
            inference = NetworkDiagram.ToDot(CnnArchitectures.GoogLeNet, 1000);
        Assert.Contains("dropout", training, StringComparison.Ordinal);
        Assert.Contains("label=\"aux1\"", training, StringComparison.Ordinal);
        Assert.DoesNotContain("dropout", inference, StringComparison.Ordinal);
        Assert.DoesNotContain("aux1", inference, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ToDot_EveryNetwork_IsConnectedWithoutCircles(string name)
    {
        foreach (GraphMode mode in new[] { GraphMode.Inference, GraphMode.Training })
        {
            string dot = NetworkDiagram.ToDot(CnnArchitectures.Find(name), 10, mode);
            int boxes = Labels(dot).Count;
            List<(int From, int To)> edges = Edges(dot);
            Assert.All(edges, e => Assert.True(e.From < e.To, $"n{e.From} -> n{e.To}"));
            Assert.Equal(Enumerable.Range(1, boxes - 1), edges.Select(e => e.To).Distinct().Order());
            Assert.Equal(dot.Count(c => c == '{'), dot.Count(c => c == '}'));
            Assert.DoesNotContain("Const", dot, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ToDot_TitleWithQuotes_IsEscaped()
    {
        var g = new GraphBuilder();
        NodeOutput image = g.Placeholder("image", DataType.Float, new TensorShape(-1, 8, 8, 1));
        Assert.StartsWith("digraph \"a \\\"b\\\" \\\\\" {", NetworkDiagram.ToDot(g.ToGraph(), [image], "a \"b\" \\"),
            StringComparison.Ordinal);
    }

    private static List<string> Labels(string dot) =>
        [.. Box().Matches(dot).OrderBy(m => int.Parse(m.Groups[1].Value)).Select(m => m.Groups[2].Value)];

    private static List<(int From, int To)> Edges(string dot) =>
        [.. Arrow().Matches(dot).Select(m => (int.Parse(m.Groups[1].Value), int.Parse(m.Groups[2].Value)))];

    [GeneratedRegex("n(\\d+) \\[label=\"([^\"]*)\"")]
    private static partial Regex Box();

    [GeneratedRegex("n(\\d+) -> n(\\d+);")]
    private static partial Regex Arrow();
}
