using System.Text.Json;
using Microsoft.ML.CnnZoo.Analysis;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary>The verbs of <c>cnnzoo</c> that show networks: summary, compare, savings, graph.</summary>
public sealed class CnnZooCompareTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cnnzoo-graph-").FullName;

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Summary_Vgg16_GivesMemoryAndReceptiveFieldOfEachLayer()
    {
        JsonElement result = CnnZooCommand.Run("summary", "vgg16", "--json").Json();
        Dictionary<string, JsonElement> layers = result.GetProperty("layers").EnumerateArray()
            .ToDictionary(l => l.GetProperty("name").GetString()!);
        Assert.Equal(
            (196, 16),
            (layers["conv5_3"].GetProperty("receptiveField").GetProperty("size").GetInt32(), layers["conv5_3"]
            .GetProperty("receptiveField").GetProperty("stride").GetInt32()));
        Assert.Equal(4 * 14 * 14 * 512, layers["conv5_3"].GetProperty("activationBytes").GetInt64());
        Assert.True(layers["fc6"].GetProperty("receptiveField").GetProperty("wholeImage").GetBoolean());
        Assert.Equal("Dense", layers["fc6"].GetProperty("kind").GetString());
        Assert.Equal([-1, 4096], layers["fc6"].GetProperty("outputShape").EnumerateArray().Select(d => d.GetInt32()));
        Assert.Equal(212, result.GetProperty("receptiveField").GetProperty("size").GetInt32());
        Assert.Equal(
            result.GetProperty("activationBytes").GetInt64(),
            layers.Values.Sum(l => l.GetProperty("activationBytes").GetInt64()));
    }

    [Fact]
    public void Compare_WholeZoo_HasEveryNetworkWithoutLatency()
    {
        JsonElement[] zoo = [.. CnnZooCommand.Run("compare", "--json").Json().EnumerateArray()];
        Assert.Equal(CnnArchitectures.All.Select(a => a.Name), zoo.Select(e => e.GetProperty("name").GetString()));
        JsonElement alexNet = zoo.Single(e => e.GetProperty("name").GetString() == "alexnet");
        Assert.Equal(
            (2012, 8, 60_965_224),
            (alexNet.GetProperty("year").GetInt32(), alexNet.GetProperty("depth").GetInt32(),
            alexNet.GetProperty("parameters").GetInt32()));
        Assert.Equal(
            (40.7, 18.2), (alexNet.GetProperty("top1Error").GetDouble(), alexNet.GetProperty("top5Error").GetDouble()));
        Assert.Equal("ten crops, one network", alexNet.GetProperty("protocol").GetString());
        Assert.All(zoo, e => Assert.Equal(JsonValueKind.Null, e.GetProperty("latencyMilliseconds").ValueKind));
    }

    [Fact]
    public void Compare_TwoNamesWithLatency_MeasuresThoseTwo()
    {
        JsonElement[] entries = [
            .. CnnZooCommand.Run("compare", "lenet5_relu", "resnet20_cifar", "--latency", "--json").Json().EnumerateArray()];
        Assert.Equal(["lenet5_relu", "resnet20_cifar"], entries.Select(e => e.GetProperty("name").GetString()));
        Assert.All(
            entries, e =>
                Assert.True(
                    e.GetProperty("latencyMilliseconds").GetDouble() > 0 && e.GetProperty("peakBytes").GetInt64() > 0));
    }

    [Fact]
    public void Compare_Markdown_IsATableWithOneLinePerNetwork()
    {
        string[] lines = CnnZooCommand.Run("compare", "vgg16", "plain18", "--markdown")
            .AssertSuccess().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(4, lines.Length);
        Assert.All(lines, line => Assert.Equal(lines[0].Count(c => c == '|'), line.Count(c => c == '|')));
        Assert.StartsWith("| name | year | depth | parameters |", lines[0], StringComparison.Ordinal);
        Assert.Contains(
            "| 25.6 | 8.1 | ImageNet, one scale, whole image, one network (paper) |", lines[2],
            StringComparison.Ordinal);
    }

    [Fact]
    public void Savings_Json_HasModulesAndStacks()
    {
        JsonElement result = CnnZooCommand.Run("savings", "--channels", "8", "--size", "4", "--json").Json();
        Assert.Equal(10, result.GetProperty("inception").GetArrayLength());
        Assert.Equal(
            27 * 64, result.GetProperty("stacked")[1].GetProperty("lean").GetProperty("parameters").GetInt32());
        Assert.Contains("inception_5b", CnnZooCommand.Run("savings").AssertSuccess().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Graph_Pb_IsAGraphDefOfThatManyClasses()
    {
        string path = Path.Combine(_folder, "lenet5.pb");
        CnnZooCommand.Run("graph", "lenet5_relu", "--out", path, "--classes", "7").AssertSuccess();
        NetworkGraph graph = GraphDefFormat.Read(File.ReadAllBytes(path));
        Assert.Equal(new TensorShape(-1, 7), graph["scores/Softmax"].Outputs[0].Shape);
        Assert.Equal([path], Directory.GetFiles(_folder));
    }

    [Fact]
    public void Graph_Training_HasAuxiliaryClassifiersLossAndUpdates()
    {
        string path = Path.Combine(_folder, "googlenet.pb"), training = Path.Combine(_folder, "training.pb");
        CnnZooCommand.Run("graph", "googlenet_torchvision", "--out", path).AssertSuccess();
        CnnZooCommand.Run("graph", "googlenet_torchvision", "--out", training, "--training").AssertSuccess();
        NetworkGraph scoring = GraphDefFormat.Read(File.ReadAllBytes(path)),
            step = GraphDefFormat.Read(File.ReadAllBytes(training));
        Assert.DoesNotContain(scoring.Nodes, n => n.Name.StartsWith("aux1/", StringComparison.Ordinal));
        Assert.DoesNotContain(scoring.Nodes, n => n.Name == "label" || n.Op == "ResourceApplyMomentum");
        Assert.Contains(step.Nodes, n => n.Name.StartsWith("aux1/", StringComparison.Ordinal));
        Assert.Equal(1 + 2, step.Nodes.Count(n => n.Op == "SparseSoftmaxCrossEntropyWithLogits"));
        var trained = new GraphBuilder(GraphMode.Training);
        CnnArchitectures.Find("googlenet_torchvision")
            .Build(trained, trained.Placeholder("image", DataType.Float, new TensorShape(-1, 224, 224, 3)), 1000);
        Assert.Equal(
            trained.Variables.Count(v => v.IsTrainable), step.Nodes.Count(n => n.Op == "ResourceApplyMomentum"));
    }

    [Fact]
    public void Graph_Dot_IsTheLibrarysText()
    {
        string path = Path.Combine(_folder, "lenet5.dot");
        CnnZooCommand.Run("graph", "lenet5_relu", "--out", path).AssertSuccess();
        Assert.Equal(NetworkDiagram.ToDot(CnnArchitectures.LeNet5Relu, 10), File.ReadAllText(path));
    }

    [Fact]
    public void Graph_Svg_IsAPictureOrNamesThePackage()
    {
        string path = Path.Combine(_folder, "lenet5.svg");
        CnnZooCommand run = CnnZooCommand.Run("graph", "lenet5_relu", "--out", path);
        if (run.ExitCode == 0)
            Assert.Contains("Conv 5x5, ReLU", File.ReadAllText(path), StringComparison.Ordinal);
        else
            run.AssertFailure(1, "install the package 'graphviz'");
    }

    [Fact]
    public void Graph_SvgWithoutGraphviz_NamesThePackageAndWritesNothing()
    {
        string path = Path.Combine(_folder, "lenet5.svg");
        CnnZooCommand.Run(new() { ["PATH"] = _folder }, ["graph", "lenet5_relu", "--out", path])
            .AssertFailure(1, "install the package 'graphviz'");
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void Graph_OutputInMissingFolder_SaysSo() =>
        CnnZooCommand.Run("graph", "lenet5_relu", "--out", Path.Combine(_folder, "no", "lenet5.dot"))
            .AssertFailure(1, "of the output file does not exist");
}
