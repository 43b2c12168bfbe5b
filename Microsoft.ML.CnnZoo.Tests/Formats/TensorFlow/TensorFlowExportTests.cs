using Google.Protobuf;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Formats;
using Microsoft.ML.CnnZoo.Formats.TensorFlow.Writing;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Tests.Formats.Onnx;
using Xunit;
using Xunit.Abstractions;
using Protos = Microsoft.ML.CnnZoo.Graph.Protos;

namespace Microsoft.ML.CnnZoo.Tests.Formats.TensorFlow;

/// <summary>Frozen GraphDefs of all networks: what they compute, and that TensorFlow 2.3 knew all that is in them.</summary>
public class TensorFlowExportTests(ITestOutputHelper log)
{
    /// <summary>Of the largest logit. Folded batch norms round differently.</summary>
    private const double Tolerance = 1e-5;

    private const string Strides = "begin_mask end_mask ellipsis_mask new_axis_mask shrink_axis_mask";

    /// <summary>Attributes of ops in TensorFlow 2.3.</summary>
    private static readonly Dictionary<string, string> KnownTo23 = new()
    {
        ["AddV2"] = "T", ["Const"] = "dtype value", ["Identity"] = "T", ["Mul"] = "T", ["Placeholder"] = "dtype shape",
        ["AvgPool"] = "T data_format ksize padding strides", ["MaxPool"] = "T data_format ksize padding strides",
        ["BiasAdd"] = "T data_format", ["ConcatV2"] = "N T Tidx", ["ExpandDims"] = "T Tdim",
        ["Conv2D"] = "T data_format dilations explicit_paddings padding strides use_cudnn_on_gpu",
        ["DepthwiseConv2dNative"] = "T data_format dilations padding strides",
        ["FusedBatchNormV3"] = "T U data_format epsilon exponential_avg_factor is_training",
        ["LRN"] = "T alpha beta bias depth_radius", ["MatMul"] = "T transpose_a transpose_b",
        ["Mean"] = "T Tidx keep_dims", ["Sum"] = "T Tidx keep_dims", ["Pad"] = "T Tpaddings",
        ["PadV2"] = "T Tpaddings", ["Relu"] = "T", ["Relu6"] = "T", ["Reshape"] = "T Tshape", ["Sigmoid"] = "T",
        ["Slice"] = "Index T", ["Softmax"] = "T", ["SquaredDifference"] = "T", ["Squeeze"] = "T squeeze_dims",
        ["StridedSlice"] = $"Index T {Strides}", ["Tanh"] = "T",
    };

    [Theory]
    [MemberData(nameof(Exports.All), MemberType = typeof(Exports))]
    public void Export_EveryNetwork_HoldsOnlyWhatTensorFlow23Knew(string network)
    {
        CnnArchitecture architecture = CnnArchitectures.Find(network);
        var image = new ImageShape(architecture.MinimumSize, architecture.MinimumSize, architecture.DefaultInput.Channels);
        using var zeros = new VariableStore();
        foreach (VariableDefinition variable in architecture.BuildGraph(2, image).Variables)
            zeros.GetOrAdd(variable.Name, variable.Spec);
        AssertKnown(TensorFlowWriter.ToGraphDef(FrozenGraph.Of(architecture, image, 2, zeros, KernelSet.Shared,
            PixelNormalization.Identity(image.Channels), foldsBatchNorms: true)));
    }

    [Theory]
    [MemberData(nameof(Exports.EveryKind), MemberType = typeof(Exports))]
    public void Export_EveryKind_GivesItsLogits(string network)
    {
        using CnnClassificationModel model = Create(network);
        AssertEqual(model, Export(model, new()), normalizes: true);
    }

    [Theory]
    [InlineData("resnet18", 17)]
    [InlineData("googlenet", 12)]
    [InlineData("densenet121", 33)]
    [InlineData("mobilenet_v2", 7)]
    [InlineData("squeezenet1_1", 30)]
    [InlineData("resnext50_32x4d", 1)]
    public void Export_OtherSizesAndOptions_GivesItsLogits(string network, int larger)
    {
        using CnnClassificationModel model = Create(network, larger);
        Protos.GraphDef proto = Export(model, new() { NormalizesPixels = false, FoldsBatchNorms = false });
        AssertKnown(proto);
        AssertEqual(model, proto, normalizes: false);
        Assert.DoesNotContain(proto.Node, n => n.Name.StartsWith("normalization", StringComparison.Ordinal));
        Assert.Equal(model.Weights.Variables.Count(v => v.Name.EndsWith("moving_mean", StringComparison.Ordinal)),
            proto.Node.Count(n => n.Op == "FusedBatchNormV3"));
    }

    [Fact]
    public void Export_Constants_AreInTheFormThatTensorFlowWrites()
    {
        using CnnClassificationModel model = Create("googlenet");
        Protos.GraphDef proto = Export(model, new());
        Protos.NodeDef[] constants = [.. proto.Node.Where(n => n.Op == "Const")];
        Assert.All(constants, c =>
        {
            Protos.TensorProto value = c.Attr["value"].Tensor;
            bool single = value.TensorShape.Dim.All(d => d.Size == 1);
            Assert.Equal(single ? 1 : 0, value.IntVal.Count + value.FloatVal.Count);
            Assert.Equal(single, value.TensorContent.IsEmpty);
        });
        Assert.Contains(constants, c => c.Name.EndsWith("/axis", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("conv1/kernel", "conv1/kernel")]
    [InlineData("/conv1/Conv.2-a_b", "conv1/Conv.2-a_b")]
    [InlineData("onnx::Conv_193", "onnx__Conv_193")]
    public void Names_OfImports_AreMadeLegalAndStayApart(string name, string legal)
    {
        var g = new GraphBuilder();
        NodeOutput first = g.Constant(TensorLiteral.Scalar(1f), name), second = g.Constant(TensorLiteral.Scalar(2f), "x");
        var names = new TensorFlowNames(g.ToGraph());
        Assert.Equal((legal, "x"), (names.Of(first), names.Of(second)));
        if (name == legal)
            return;
        first = g.Constant(TensorLiteral.Scalar(1f), legal);
        Assert.Equal([$"{legal}_1", "x", legal], g.Nodes.Select(new TensorFlowNames(g.ToGraph()).Of));
    }

    [Theory]
    [MemberData(nameof(OnnxReaderTests.Operators), MemberType = typeof(OnnxReaderTests))]
    public void Export_ImportedNetwork_GivesItsLogits(string name)
    {
        CnnArchitecture architecture;
        try
        {
            architecture = CnnArchitecture.FromOnnx(InteropFiles.PathOf("onnx-ops", $"{name}.onnx"),
                new() { Preprocessing = ImagePreprocessing.Raw });
        }
        catch (InvalidDataException)
        {
            return; // refused: OnnxReaderTests knows which
        }
        using CnnClassificationModel model = RandomNetwork.Create(architecture, architecture.DefaultInput);
        AssertEqual(model, Export(model, new()), normalizes: true);
    }

    private static CnnClassificationModel Create(string network, int larger = 0)
    {
        CnnArchitecture architecture = CnnArchitectures.Find(network);
        int side = architecture.MinimumSize + larger;
        return RandomNetwork.Create(architecture, new(side, side, architecture.DefaultInput.Channels));
    }

    private static Protos.GraphDef Export(CnnClassificationModel model, TensorFlowExportOptions options)
    {
        using var bytes = new MemoryStream();
        TensorFlowWriter.ToGraphDef(model.Freeze(options.NormalizesPixels, options.FoldsBatchNorms)).WriteTo(bytes);
        return Protos.GraphDef.Parser.ParseFrom(bytes.ToArray());
    }

    private void AssertEqual(CnnClassificationModel model, Protos.GraphDef proto, bool normalizes)
    {
        NetworkGraph graph = GraphDefFormat.Read(proto.ToByteArray());
        Assert.Empty(graph.Variables);
        Assert.Equal([TensorShape.Unknown, model.Image.Height, model.Image.Width, model.Image.Channels],
            graph["image"].Outputs[0].Shape.Dimensions.ToArray());
        NodeOutput scores = graph["scores/Softmax"].Output();
        Assert.Equal([TensorShape.Unknown, model.Classes], scores.Shape.Dimensions.ToArray());
        float[] pixels = RandomNetwork.Pixels(2 * model.Image.ValueCount), input = pixels;
        if (!normalizes)
            model.Normalization.Apply(pixels, input = new float[pixels.Length]);
        double difference = Exports.Difference(RandomNetwork.Run(model, pixels).Logits,
            Exports.Run(graph, scores.Node.Inputs[0], input));
        log.WriteLine($"{model.Architecture.Name}: {difference:e1} of the largest logit, {graph.Nodes.Count} nodes");
        Assert.InRange(difference, 0, Tolerance);
    }

    private static void AssertKnown(Protos.GraphDef proto)
    {
        Assert.Equal(440, proto.Versions.Producer);
        foreach (Protos.NodeDef node in proto.Node)
        {
            Assert.True(KnownTo23.TryGetValue(node.Op, out string? attributes), $"{node.Op} '{node.Name}'");
            Assert.Empty(node.Attr.Keys.Except(attributes.Split(' ')));
            if (node.Op is "MaxPool" or "AvgPool" or "DepthwiseConv2dNative")
                Assert.Contains(node.Attr["padding"].S.ToStringUtf8(), new[] { "SAME", "VALID" });
        }
        NetworkGraph graph = new GraphDefReader(proto).Read();
        Assert.All(graph.Nodes.Where(n => n.Op == "Conv2D"), // the rest runs on GPUs only
            n => Assert.Equal(n.Inputs[0].Channels, n.Inputs[1].Shape[2]));
    }
}
