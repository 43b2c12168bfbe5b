using System.Reflection;
using System.Text.Json;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Differentiation;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Layers;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Weights.Names;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Architectures;

/// <summary>Every network of the catalog against golden/architectures.json, and what every network must do.</summary>
public class ArchitectureTests
{
    public static TheoryData<string> Names => [.. CnnArchitectures.All.Select(a => a.Name)];

    public static TheoryData<string> GoldenNames =>
        [.. CnnArchitectures.All.Select(a => a.Name).Where(GoldenFiles.HasArchitecture)];

    [Theory]
    [MemberData(nameof(GoldenNames))]
    public void Summary_DefaultInputTenOrThousandClasses_EqualsGolden(string name)
    {
        JsonElement golden = GoldenFiles.Architecture(name);
        int[] chw = [.. golden.GetProperty("input_chw").EnumerateArray().Select(e => e.GetInt32())];
        int classes = golden.GetProperty("output_shape")[1].GetInt32();
        NetworkSummary summary = NetworkSummary.Of(CnnArchitectures.Find(name), classes);

        Assert.Equal(new ImageShape(chw[1], chw[2], chw[0]), summary.Input);
        Assert.Equal(golden.GetProperty("params_trainable").GetInt64() - golden.GetProperty("params_aux").GetInt64(),
            summary.Parameters);
        Assert.Equal(golden.GetProperty("macs").GetInt64(), summary.MultiplyAdds);
        Assert.Equal(golden.GetProperty("bn_statistics").GetInt64(),
            NetworkSummary.Of(CnnArchitectures.Find(name).WithAuxiliariesInInference(), classes).NonTrainable);
        if (golden.GetProperty("weighted_layers")
            .GetProperty("paper_depth") is { ValueKind: JsonValueKind.Number } depth)
            Assert.Equal(depth.GetInt32(), CnnArchitectures.Find(name).Depth);
    }

    [Theory]
    [MemberData(nameof(GoldenNames))]
    public void Variables_TorchNames_AreGoldensTensorsInShape(string name)
    {
        CnnArchitecture architecture = CnnArchitectures.Find(name);
        IReadOnlyList<GoldenTensor> expected = GoldenFiles.Tensors(name);
        NetworkGraph graph = Build(architecture, GraphMode.Training, GoldenFiles.Architecture(name)
            .GetProperty("output_shape")[1].GetInt32()).Graph;
        TorchNames names = TorchNames.Of(architecture);
        Assert.Equal(expected.Select(t => t.Name).Order(), graph.Variables.Select(v => names.Variable(v.Name)).Order());
        foreach (VariableDefinition variable in graph.Variables)
        {
            GoldenTensor tensor = expected.Single(t => t.Name == names.Variable(variable.Name));
            tensor = GoldenLayout.AsDense(tensor, variable.Spec.Shape);
            Assert.Equal(variable.Spec.Shape, GoldenLayout.VariableShape(tensor,
                GoldenLayout.IsDepthwise(tensor, variable.Spec.Shape)));
            int[]? flatten = GoldenFiles.FlattenShape(name, tensor.Name);
            Assert.Equal(flatten is null ? null : new TensorShape(flatten[1], flatten[2], flatten[0]),
                variable.FlattenShape);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradients_OfTheLoss_ReachEveryTrainableVariable(string name)
    {
        CnnArchitecture architecture = CnnArchitectures.Find(name);
        (GraphBuilder g, NetworkOutputs outputs) = BuildIn(architecture, GraphMode.Training, 10);
        NodeOutput labels = g.Placeholder("label", DataType.Int32, new TensorShape(-1));
        NodeOutput loss = ClassificationLoss.For(architecture).Build(g, outputs.Output, labels, "loss");
        for (int i = 0; i < outputs.Auxiliary.Count; i++)
            loss = g.Add(loss, ClassificationLoss.SoftmaxCrossEntropy.Build(g, outputs.Auxiliary[i].Logits, labels,
                $"loss_auxiliary{i}"),
                $"total{i}");
        List<VariableDefinition> trainable = [.. g.Variables.Where(v => v.IsTrainable)];
        IReadOnlyList<NodeOutput?> gradients = ReverseMode.AddGradients(g, loss, [.. trainable.Select(g.ReadVariable)]);
        Assert.All(trainable.Zip(gradients), pair => Assert.Equal(pair.First.Spec, pair.Second!.Value.Spec));
        Assert.DoesNotContain(g.Nodes, n => n.Op == "Conv2DBackpropInput"
            && n.Outputs[0].Shape[3] == architecture.DefaultInput.Channels
            && n.Outputs[0].Shape[1] == architecture.DefaultInput.Height);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Build_SmallestImage_FitsAndOnePixelLessIsRefused(string name)
    {
        CnnArchitecture architecture = CnnArchitectures.Find(name);
        int size = architecture.MinimumSize;
        Assert.Equal(7, BuildIn(architecture, GraphMode.Inference, 7, size).Outputs.Scores.Channels);
        GraphException refusal = Assert.Throws<GraphException>(() =>
            BuildIn(architecture, GraphMode.Inference, 7, size - 1));
        Assert.Contains($"at least {size}x{size} pixels", refusal.Message, StringComparison.Ordinal);
        Assert.Contains($"received {size - 1}x{size - 1}x", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Build_OneClass_Throws(string name) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => BuildIn(CnnArchitectures.Find(name), GraphMode.Inference, 1));

    /// <summary>A word means one network, whether it is a property, a name or a display name.</summary>
    [Fact]
    public void Find_PropertyNameOrDisplayNameInAnySpelling_GivesTheNetwork()
    {
        PropertyInfo[] properties = [.. typeof(CnnArchitectures).GetProperties()
            .Where(p => p.PropertyType == typeof(CnnArchitecture))];
        Assert.True(properties.Length > 70);
        Assert.All(properties, p => Assert.Same(p.GetValue(null), CnnArchitectures.Find(p.Name)));
        Assert.All(CnnArchitectures.All, a => Assert.All(
            (string[])[a.Name, a.DisplayName, a.Name.ToUpperInvariant(), a.Name.Replace('_', '-'),
                a.DisplayName.Replace('-', ' '), .. a.Aliases],
            name => Assert.Same(a, CnnArchitectures.Find(name))));
        Assert.Equal(properties.Select(p => ((CnnArchitecture)p.GetValue(null)!).Name).Order(),
            CnnArchitectures.All.Select(a => a.Name).Where(n => !n.EndsWith("_noaux", StringComparison.Ordinal))
                .Order());
    }

    [Theory]
    [InlineData("alexnet", 60_965_224)]
    [InlineData("googlenet", 6_998_552)]
    [InlineData("squeezenet", 1_248_424)]
    public void Find_BareName_IsThePapersForm(string name, long parameters) =>
        Assert.Equal(parameters, NetworkSummary.Of(CnnArchitectures.Find(name), 1000).Parameters);

    [Fact]
    public void Find_BareLeNet5AndResNet50_ArePapersForm()
    {
        Assert.Equal(60_000, NetworkSummary.Of(CnnArchitectures.Find("lenet5"), 10).Parameters);
        LayerSummary first = NetworkSummary.Of(CnnArchitectures.Find("resnet50"), 1000).Layers.First(l =>
            l.Name.StartsWith("conv3_1/a", StringComparison.Ordinal));
        Assert.Equal(new TensorShape(-1, 28, 28, 128), first.OutputShape);
    }

    [Theory]
    [InlineData("lenet5_1989", "lenet5_1998")]
    [InlineData("restnet50", "resnet50")]
    [InlineData("mobilenetv3", "mobilenet_v2")]
    [InlineData("densenet", "densenet121")]
    public void Find_NearMiss_SuggestsTheName(string typed, string meant)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => CnnArchitectures.Find(typed));
        Assert.Contains($"no architecture '{typed}'. Did you mean ", error.Message, StringComparison.Ordinal);
        Assert.Contains(meant, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("efficientnet_b0")]
    [InlineData("x")]
    [InlineData("yolo")]
    public void Find_FarOffName_SuggestsTheListOnly(string typed)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => CnnArchitectures.Find(typed));
        Assert.DoesNotContain("Did you mean", error.Message, StringComparison.Ordinal);
        Assert.Contains("'cnnzoo list'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Aliases_Table_NamesNetworksOfTheCatalog() =>
        Assert.Empty(ArchitectureAliases.Names.Except(CnnArchitectures.All.Select(a => a.Name)));

    [Fact]
    public void BuildGraph_DefaultAndOtherSize_RunsFromImageToScores()
    {
        NetworkGraph graph = CnnArchitectures.ResNet20Cifar.BuildGraph(classes: 7, new ImageShape(48, 40, 3));
        Assert.Equal(new TensorShape(-1, 48, 40, 3), graph["image"].Outputs[0].Shape);
        Assert.Equal(new TensorShape(-1, 7), graph["scores/Softmax"].Outputs[0].Shape);
        Assert.Equal(graph.Nodes.Count, GraphDefFormat.Read(GraphDefFormat.Write(graph)).Nodes.Count);
        Assert.Equal(new TensorShape(-1, 32, 32, 3),
            CnnArchitectures.ResNet20Cifar.BuildGraph(10)["image"].Outputs[0].Shape);
    }

    [Fact]
    public void Summary_LeNet5Original_CountsLikeThePaper()
    {
        Dictionary<string, LayerSummary> layers = NetworkSummary.Of(CnnArchitectures.LeNet5,
            10).Layers.ToDictionary(l => l.Name);
        (string, string, long)[] paper = [("c1", "Conv2D", 156), ("s2", "TrainableSubsampling", 12),
            ("c3", "Conv2D", 1516), ("s4", "TrainableSubsampling", 32), ("c5", "Conv2D", 48120), ("f6", "Dense", 10164),
            ("rbf", "RbfOutput", 0)];
        Assert.Equal(paper, paper.Select(p => (p.Item1, layers[p.Item1].Kind, layers[p.Item1].Parameters)));
        Assert.Equal(new TensorShape(-1, 28, 28, 6), layers["c1"].OutputShape);
        Assert.Equal(150_000, layers["c3"].MultiplyAdds);
        Assert.Equal(60_000, layers.Values.Sum(l => l.Parameters));
    }

    private static (NetworkGraph Graph, NetworkOutputs Outputs) Build(CnnArchitecture architecture, GraphMode mode,
        int classes)
    {
        (GraphBuilder g, NetworkOutputs outputs) = BuildIn(architecture, mode, classes);
        return (g.ToGraph(), outputs);
    }

    private static (GraphBuilder Builder, NetworkOutputs Outputs) BuildIn(CnnArchitecture architecture, GraphMode mode,
        int classes, int? size = null)
    {
        var g = new GraphBuilder(mode);
        ImageShape input = architecture.DefaultInput;
        NodeOutput image = g.Placeholder("image", DataType.Float,
            new TensorShape(-1, size ?? input.Height, size ?? input.Width, input.Channels));
        return (g, architecture.Build(g, image, classes));
    }
}
