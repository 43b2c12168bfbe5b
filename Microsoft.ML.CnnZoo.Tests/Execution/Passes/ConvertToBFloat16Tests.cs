using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Execution.Passes;
using Microsoft.ML.CnnZoo.Execution.Planning;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Training;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Execution.Passes;

/// <summary>Which tensors of a graph become bfloat16, and where casts are inserted.</summary>
public sealed class ConvertToBFloat16Tests
{
    private static readonly Dictionary<string, TensorShape> Feeds = new() { ["image"] = new TensorShape(4, 8, 8, 3) };

    [Fact]
    public void Apply_TwoReadersOfAnImage_ShareOneCast()
    {
        var g = new GraphBuilder();
        NodeOutput image = Image(g);
        NodeOutput sum = g.AddNode("AddV2", [Convolve(g, image, "a"), Convolve(g, image, "b")], null, "sum").Output();
        GraphRequest after = Optimize(g, [sum]);
        Assert.Equal(["Cast", "Conv2D", "Conv2D", "AddV2", "Cast"], Steps(after));
        Assert.Equal(DataType.BFloat16, after.Graph["sum"].Outputs[0].Type);
        Assert.Equal(DataType.Float, after.Fetches[0].Type);
        Assert.Equal(2, after.Graph["image/bfloat16"].Outputs[0].Type.ByteSize());
    }

    [Fact]
    public void Apply_Weights_AreReadThroughFoldedCasts()
    {
        var g = new GraphBuilder();
        GraphRequest after = Optimize(g, [Convolve(g, Image(g), "a")]);
        NodeDef cast = after.Graph["a"].Inputs[1].Node;
        Assert.Equal("Cast", cast.Op);
        Assert.True(cast.IsView);
        Assert.Equal("VarHandleOp", Schedule.Root(cast.Output()).Node.Op);
    }

    [Fact]
    public void Apply_DropoutsMask_IsCastFromBooleansAtOnce()
    {
        var g = new GraphBuilder();
        NodeOutput x = Convolve(g, Image(g), "a");
        NodeOutput keep = g.AddNode("GreaterEqual",
            [g.Placeholder("uniform", DataType.Float, x.Shape), g.Constant(TensorLiteral.Scalar(0.5f))]).Output();
        NodeOutput mask = g.AddNode("Cast", [keep], [new("DstT", AttributeValue.Of(DataType.Float))], "mask").Output();
        NodeOutput y = g.AddNode("Mul", [x, mask], null, "y").Output();
        GraphRequest after = Optimize(g, [y], new() { ["image"] = new(4, 8, 8, 3), ["uniform"] = new(4, 8, 8, 5) });
        Assert.Equal(DataType.Bool, after.Graph["y"].Inputs[1].Node.Inputs[0].Type);
        Assert.Equal(DataType.BFloat16, after.Graph["y"].Inputs[1].Type);
    }

    [Fact]
    public void Apply_GraphWithoutConvolutions_IsLeftAlone()
    {
        var g = new GraphBuilder();
        NodeOutput y = g.AddNode("Mul", [Image(g), g.Constant(TensorLiteral.Scalar(2f))]).Output();
        Assert.Equal(["Mul"], Steps(Optimize(g, [g.AddNode("Relu", [y]).Output()])).Take(1));
        Assert.DoesNotContain(Optimize(g, [y]).Graph.Nodes, n => n.Op == "Cast");
    }

    /// <summary>The tensors of a training graph that must be float32 and those that must not.</summary>
    [Theory]
    [InlineData("resnet20_cifar")]
    [InlineData("densenet_bc40_k12_cifar")]
    [InlineData("googlenet_torchvision")]
    [InlineData("mobilenet_v2")]
    [InlineData("alexnet_torchvision")]
    [InlineData("lenet5")]
    public void Apply_TrainingGraph_KeepsParametersLogitsAndLossInFloat(string name)
    {
        CnnArchitecture network = CnnArchitectures.Find(name);
        ClassificationGraph graph = new ClassificationGraphs(network, network.DefaultInput, 10)
            .Training(new TrainingOptions { WeightDecay = 1e-4f });
        GraphRequest after = Session.Optimize(new GraphRequest(graph.Graph, graph.Fetches, graph.Targets),
            graph.Feeds(2), new CompileOptions { Precision = CnnPrecision.BFloat16 });

        Assert.All(after.Fetches, f => Assert.Equal(DataType.Float, f.Type));
        foreach (NodeDef node in after.Graph.Nodes)
        {
            if (node.Definition.IsStateful || node.Op.Contains("Softmax", StringComparison.Ordinal))
                Assert.All(node.Inputs, i => Assert.NotEqual(DataType.BFloat16, i.Type));
            if (node.Op is "Conv2D" or "_FusedConv2D" or "MaxPool" or "LRN" or "FusedBatchNormV3" or "_FusedBatchNormEx"
                or "Conv2DBackpropInput")
                Assert.Equal(DataType.BFloat16, node.Outputs[0].Type);
            if (node.Op.Contains("BatchNorm", StringComparison.Ordinal))
                Assert.All(node.Outputs.Skip(1).Take(4), o => Assert.Equal(DataType.Float, o.Type));
            if (node.Op is "Conv2DBackpropFilter" or "BiasAddGrad")
                Assert.Equal(DataType.Float, node.Outputs[0].Type);
        }
        IGrouping<(NodeOutput, DataType), NodeDef>[] repeated =
            [.. after.Graph.Nodes.Where(n => n.Op == "Cast" && n.Inputs[0].Type.IsFloating())
            .GroupBy(n => (n.Inputs[0], n.Outputs[0].Type)).Where(g => g.Count() > 1)];
        Assert.Empty(repeated);
        Assert.DoesNotContain(after.Graph.Nodes,
            n => n is { Op: "Cast" } && n.Inputs[0].Node.Op == "Cast" && n.Inputs[0].Node.Inputs[0].Type.IsFloating());
    }

    /// <summary>Logits of networks that end with a matrix product, and of those that end with an average.</summary>
    [Theory]
    [InlineData("resnet20_cifar", "_FusedMatMul")]
    [InlineData("squeezenet1_1", "Mean")]
    public void Apply_InferenceGraph_SumsLogitsInFloat(string name, string last)
    {
        CnnArchitecture network = CnnArchitectures.Find(name);
        ClassificationGraph graph = new ClassificationGraphs(network, network.DefaultInput, 10).Scoring();
        GraphRequest after = Session.Optimize(new GraphRequest(graph.Graph, graph.Fetches, []), graph.Feeds(2),
            new CompileOptions { Precision = CnnPrecision.BFloat16 });
        NodeDef sum = after.Graph.Nodes.Last(n => n.Op == last);
        Assert.Equal(DataType.Float, sum.Outputs[0].Type);
        Assert.Equal(DataType.Float, sum.Attributes[OpSchema.OutputType].Type);
        Assert.Equal(DataType.BFloat16, sum.Inputs[0].Type);
    }

    [Fact]
    public void Apply_ConvertedGraph_GoesThroughGraphDefUnchanged()
    {
        var g = new GraphBuilder();
        NetworkGraph graph = Optimize(g, [Convolve(g, Image(g), "a")]).Graph;
        NetworkGraph read = GraphDefFormat.Read(GraphDefFormat.Write(graph));
        Assert.Equal(graph.Nodes.Select(n => (n.Name, n.Op, n.Outputs[0])),
            read.Nodes.Select(n => (n.Name, n.Op, n.Outputs[0])));
    }

    private static NodeOutput Image(GraphBuilder g) =>
        g.Placeholder("image", DataType.Float, new TensorShape(-1, 8, 8, 3));

    private static NodeOutput Convolve(GraphBuilder g, NodeOutput x, string name)
    {
        NodeOutput w = g.ReadVariable(new VariableDefinition($"{name}/kernel",
            new TensorSpec(DataType.Float, new(3, 3, 3, 5)), VariableRole.Kernel, Initializer.HeNormal));
        return g.AddNode("Conv2D", [x, w], [new("strides", AttributeValue.OfInts(1, 1, 1, 1)),
            new("padding", AttributeValue.Of("SAME"))], name).Output();
    }

    private static GraphRequest Optimize(GraphBuilder g, NodeOutput[] fetches,
        Dictionary<string, TensorShape>? feeds = null) =>
        Session.Optimize(new GraphRequest(g.ToGraph(), fetches, []), feeds ?? Feeds,
            new CompileOptions { Precision = CnnPrecision.BFloat16 });

    private static IEnumerable<string> Steps(GraphRequest request) => Schedule.Order(request.Graph).Select(n => n.Op);
}
