using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Execution.Passes;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Differentiation;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Execution.Passes;

/// <summary>Each pass on a small graph: the ops before, the ops after.</summary>
public sealed class PassTests
{
    private static readonly Dictionary<string, TensorShape> Feeds = new() { ["image"] = new TensorShape(4, 8, 8, 3) };

    [Fact]
    public void Specialize_UnneededNodes_AreDroppedAndTheBatchIsFixed()
    {
        (GraphBuilder g, NodeOutput relu, _) = ConvBiasRelu();
        g.AddNode("Tanh", [relu], null, "unused");
        GraphRequest after = new Specialize(Feeds).Apply(new GraphRequest(g.ToGraph(), [relu], []));
        Assert.Null(after.Graph.Find("unused"));
        Assert.Equal(new TensorShape(4, 8, 8, 5), after.Fetches[0].Shape);
    }

    [Fact]
    public void Specialize_PlaceholderNotFed_NamesIt()
    {
        (GraphBuilder g, NodeOutput relu, _) = ConvBiasRelu();
        var request = new GraphRequest(g.ToGraph(), [relu], []);
        Assert.Contains("'image' of shape [?,8,8,3] is needed but not fed",
            Assert.Throws<GraphException>(() => new Specialize(new Dictionary<string, TensorShape>())
            .Apply(request)).Message);
        var wrong = new Dictionary<string, TensorShape> { ["image"] = new(4, 9, 8, 3) };
        Assert.Contains("cannot be fed [4,9,8,3]",
            Assert.Throws<GraphException>(() => new Specialize(wrong).Apply(request)).Message);
    }

    [Fact]
    public void FoldShapes_ShapeNode_BecomesAConstantOfTheFixedSize()
    {
        (GraphBuilder g, NodeOutput relu, _) = ConvBiasRelu();
        NodeOutput shape = g.AddNode("Shape", [relu]).Output();
        GraphRequest after = new FoldShapes()
            .Apply(new Specialize(Feeds).Apply(new GraphRequest(g.ToGraph(), [shape], [])));
        Assert.Equal("Const", after.Fetches[0].Node.Op);
        Assert.Equal([4, 8, 8, 5], after.Fetches[0].Node.Attributes["value"].Tensor.Values<int>().ToArray());
    }

    [Theory]
    [InlineData("Relu")]
    [InlineData("Tanh")]
    [InlineData("Sigmoid")]
    [InlineData("Relu6")]
    public void Fuse_ConvBiasActivation_BecomesOneNode(string activation)
    {
        (GraphBuilder g, NodeOutput y, _) = ConvBiasRelu(activation);
        GraphRequest before = new Specialize(Feeds).Apply(new GraphRequest(g.ToGraph(), [y], []));
        Assert.Equal(["Conv2D", "BiasAdd", activation], Compute(before));
        GraphRequest after = new FuseBiasActivation().Apply(before);
        Assert.Equal(["_FusedConv2D"], Compute(after));
        NodeDef fused = after.Fetches[0].Node;
        Assert.Equal(["BiasAdd", activation], fused.Attributes["fused_ops"].Strings.ToArray());
        Assert.Equal(before.Graph["conv"].Attributes["strides"], fused.Attributes["strides"]);
        Assert.Equal(y.Node.Name, fused.Name);
        Assert.Equal(["image", "w/Read", "b/Read"], fused.Inputs.Select(i => i.Node.Name));
    }

    [Fact]
    public void Fuse_InnerTensorIsFetched_StaysApart()
    {
        (GraphBuilder g, NodeOutput relu, NodeOutput bias) = ConvBiasRelu();
        GraphRequest onlyBias = Fused(g, [relu, bias]);
        Assert.Equal(["_FusedConv2D", "Relu"], Compute(onlyBias));
        Assert.Equal(["BiasAdd"], onlyBias.Graph["bias"].Attributes["fused_ops"].Strings.ToArray());
        GraphRequest none = Fused(g, [relu, bias.Node.Inputs[0]]);
        Assert.Equal(["Conv2D", "BiasAdd", "Relu"], Compute(none));
    }

    [Fact]
    public void Fuse_MatMulBias_BecomesFusedMatMul()
    {
        var g = new GraphBuilder();
        NodeOutput x = g.Placeholder("x", DataType.Float, new TensorShape(-1, 6));
        NodeOutput y = g.AddNode("BiasAdd", [g.AddNode("MatMul", [x, Read(g, "w", 6, 2)]).Output(), Read(g, "b", 2)],
            null, "y").Output();
        GraphRequest after = new FuseBiasActivation()
            .Apply(new Specialize(new Dictionary<string, TensorShape> { ["x"] = new(3, 6) })
            .Apply(new GraphRequest(g.ToGraph(), [y], [])));
        Assert.Equal(["_FusedMatMul"], Compute(after));
    }

    [Fact]
    public void Fuse_TrainingGraph_IsFusedTooAsGradientsReadTheOutput()
    {
        (GraphBuilder g, NodeOutput relu, _) = ConvBiasRelu();
        NodeOutput loss = g.AddNode("Mean", [relu, g.Constant(TensorLiteral.Vector(0, 1, 2, 3))]).Output();
        NodeOutput[] sources = [g.Find("w/Read")!.Output(), g.Find("b/Read")!.Output()];
        IReadOnlyList<NodeOutput?> gradients = ReverseMode.AddGradients(g, loss, sources);
        GraphRequest after = Fused(g, [.. gradients.Select(x => x!.Value)]);
        Assert.Contains("_FusedConv2D", Compute(after));
        Assert.DoesNotContain("Conv2D", Compute(after));
        Assert.DoesNotContain("Conv2DBackpropInput", Compute(after)); // the image's gradient is not needed
    }

    [Fact]
    public void FoldBatchNorm_ConvolutionAndNorm_BecomeOneConvolutionOfFoldedParameters()
    {
        (GraphBuilder g, NodeOutput y) = ConvNormRelu(training: false);
        GraphRequest before = new Specialize(Feeds).Apply(new GraphRequest(g.ToGraph(), [y], []));
        Assert.Equal(["Conv2D", "FusedBatchNormV3", "Relu"], Compute(before));
        GraphRequest after = new FoldBatchNorm().Apply(before);
        Assert.Equal(["AddV2", "Rsqrt", "Mul", "Mul", "Sub", "Mul", "Conv2D", "BiasAdd", "Relu"], Compute(after));
        NodeDef bias = after.Fetches[0].Node.Inputs[0].Node;
        Assert.Equal(["Conv2D", "Sub"], bias.Inputs.Select(i => i.Node.Op));
        Assert.Equal("Mul", bias.Inputs[0].Node.Inputs[1].Node.Op);
    }

    [Fact]
    public void FoldBatchNorm_TrainingStatisticsOrASecondReader_IsLeftAlone()
    {
        (GraphBuilder g, NodeOutput y) = ConvNormRelu(training: true);
        Assert.Contains("FusedBatchNormV3",
            Compute(new FoldBatchNorm().Apply(new Specialize(Feeds).Apply(new GraphRequest(g.ToGraph(), [y], [])))));
        (g, y) = ConvNormRelu(training: false);
        Assert.Contains("FusedBatchNormV3",
            Compute(new FoldBatchNorm()
            .Apply(new Specialize(Feeds).Apply(new GraphRequest(g.ToGraph(), [y, g.Find("conv")!.Output()], [])))));
    }

    [Fact]
    public void Fuse_ResidualSum_GoesToTheLaterConvolution()
    {
        (GraphBuilder g, NodeOutput first, _) = ConvBiasRelu();
        NodeOutput conv = g.AddNode("Conv2D", [first, Read(g, "w2", 1, 1, 5, 5)],
            new Conv2DAttributes(1, 1, Padding.Same).ToAttributes(), "conv2").Output();
        NodeOutput bias = g.AddNode("BiasAdd", [conv, Read(g, "b2", 5)], null, "bias2").Output();
        NodeOutput shortcut = g.AddNode("Conv2D", [first, Read(g, "w3", 1, 1, 5, 5)],
            new Conv2DAttributes(1, 1, Padding.Same).ToAttributes(), "conv3").Output();
        NodeOutput shortcutBias = g.AddNode("BiasAdd", [shortcut, Read(g, "b3", 5)], null, "bias3").Output();
        NodeOutput y = g.AddNode("Relu", [g.AddNode("AddV2", [bias, shortcutBias], null, "sum").Output()], null,
            "y").Output();
        GraphRequest after = Fused(g, [y]);
        Assert.Equal(["_FusedConv2D", "_FusedConv2D", "_FusedConv2D"], Compute(after));
        NodeDef last = after.Fetches[0].Node;
        Assert.Equal(["BiasAdd", "Add", "Relu"], last.Attributes["fused_ops"].Strings.ToArray());
        Assert.Equal("w3/Read", last.Inputs[1].Node.Name);
        Assert.Equal("bias2", last.Inputs[3].Node.Name);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void FuseBatchNorm_TrainingGraph_ForwardAndGradientAreFused(bool residual)
    {
        (GraphBuilder g, NodeOutput y) = ConvNormRelu(training: true, residual);
        NodeOutput loss = g.AddNode("Mean", [y, g.Constant(TensorLiteral.Vector(0, 1, 2, 3))]).Output();
        IReadOnlyList<NodeOutput?> gradients = ReverseMode.AddGradients(g, loss,
            [g.Find("w/Read")!.Output(), g.Find("gamma/Read")!.Output(), g.Find("side/Read")?.Output() ?? y]);
        var request = new GraphRequest(g.ToGraph(), [loss, .. gradients.Select(x => x!.Value)], []);
        string[] ops = [.. Compute(Session.Optimize(request, Feeds, new CompileOptions()))];
        Assert.Contains("_FusedBatchNormEx", ops);
        Assert.DoesNotContain("Relu", ops);
        Assert.DoesNotContain("AddV2", ops);
        Assert.Contains("_FusedBatchNormGradEx", ops);
        Assert.DoesNotContain("ReluGrad", ops);
    }

    private static (GraphBuilder Builder, NodeOutput Activation) ConvNormRelu(bool training, bool residual = false)
    {
        var g = new GraphBuilder();
        NodeOutput image = g.Placeholder("image", DataType.Float, new TensorShape(-1, 8, 8, 3));
        NodeOutput conv = g.AddNode("Conv2D", [image, Read(g, "w", 3, 3, 3, 5)],
            new Conv2DAttributes(1, 1, Padding.Same).ToAttributes(), "conv").Output();
        NodeOutput y = g.AddNode("FusedBatchNormV3",
            [conv, Read(g, "gamma", 5), Read(g, "beta", 5), Read(g, "mean", 5), Read(g, "variance", 5)],
            [new("is_training", AttributeValue.Of(training))], "norm").Output();
        if (residual)
            y = g.AddNode("AddV2", [Read(g, "side", 4, 8, 8, 5), y], null, "sum").Output();
        return (g, g.AddNode("Relu", [y], null, "activation").Output());
    }

    private static GraphRequest Fused(GraphBuilder g, NodeOutput[] fetches) =>
        Session.Optimize(new GraphRequest(g.ToGraph(), fetches, []), Feeds, new CompileOptions());

    private static IEnumerable<string> Compute(GraphRequest request) => request.Graph.Nodes.Select(n => n.Op)
        .Where(op => op is not ("Placeholder" or "VarHandleOp" or "ReadVariableOp" or "Const"));

    private static NodeOutput Read(GraphBuilder g, string name, params int[] shape) =>
        g.ReadVariable(new VariableDefinition(name, new TensorSpec(DataType.Float, new TensorShape(shape)),
            VariableRole.Kernel, Initializer.Zeros));

    private static (GraphBuilder Builder, NodeOutput Activation,
        NodeOutput Bias) ConvBiasRelu(string activation = "Relu")
    {
        var g = new GraphBuilder();
        NodeOutput image = g.Placeholder("image", DataType.Float, new TensorShape(-1, 8, 8, 3));
        NodeOutput conv = g.AddNode("Conv2D", [image, Read(g, "w", 3, 3, 3, 5)],
            new Conv2DAttributes(1, 1, Padding.Same).ToAttributes(), "conv").Output();
        NodeOutput bias = g.AddNode("BiasAdd", [conv, Read(g, "b", 5)], null, "bias").Output();
        return (g, g.AddNode(activation, [bias], null, "activation").Output(), bias);
    }
}
