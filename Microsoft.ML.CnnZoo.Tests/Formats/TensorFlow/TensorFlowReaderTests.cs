using System.Runtime.InteropServices;
using System.Text.Json;
using Google.Protobuf;
using Microsoft.ML.CnnZoo.Formats;
using Microsoft.ML.CnnZoo.Formats.TensorFlow;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Xunit;
using Protos = Microsoft.ML.CnnZoo.Graph.Protos;

namespace Microsoft.ML.CnnZoo.Tests.Formats.TensorFlow;

/// <summary>Files that TensorFlow and Keras wrote give the values that TensorFlow computes.</summary>
public class TensorFlowReaderTests
{
    public static TheoryData<string> Frozen { get; } =
        [.. InteropFiles.Cases("tensorflow-frozen").Select(c => c.GetProperty("name").GetString()!)];

    public static TheoryData<string> TensorFlow1 { get; } =
        [.. InteropFiles.Cases("tensorflow-small", "tf1.json").Select(c => c.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Frozen))]
    public void Read_FrozenKerasNetwork_GivesItsValues(string name)
    {
        JsonElement entry = Entry("tensorflow-frozen", "all.json", name);
        FrozenNetwork network = TensorFlowReader.Read(Filled(entry), name);
        Assert.Equal(InteropFiles.Text(entry, "input"), network.Input.Name);
        Assert.Equal(InteropFiles.Text(entry, "output"), network.Output.Name);
        InteropFiles.Check(entry, InteropFiles.Numbers(entry, "first"), Run(network, entry));
    }

    [Theory]
    [MemberData(nameof(TensorFlow1))]
    public void Read_FrozenGraphOfTensorFlow1_GivesItsValues(string name)
    {
        JsonElement entry = Entry("tensorflow-small", "tf1.json", name);
        FrozenNetwork network = TensorFlowReader.Read(InteropFiles.PathOf("tensorflow-small", $"{name}.pb"));
        Assert.Equal(InteropFiles.Text(entry, "input"), network.Input.Name);
        Assert.Equal(InteropFiles.Text(entry, "scores") ?? InteropFiles.Text(entry, "output"), network.Output.Name);
        InteropFiles.Check(entry, InteropFiles.Numbers(entry, "logits"),
            Run(network, entry, InteropFiles.Text(entry, "output")));
    }

    [Theory]
    [MemberData(nameof(TensorFlow1))]
    public void Read_SavedModelOfTensorFlow1_GivesItsValues(string name)
    {
        JsonElement entry = Entry("tensorflow-small", "tf1.json", name);
        FrozenNetwork network = TensorFlowReader.Read(InteropFiles.PathOf("tensorflow-small", $"{name}_savedmodel"));
        Assert.Equal(InteropFiles.Text(entry, "input"), network.Input.Name);
        Assert.Equal(InteropFiles.Text(entry, "output"), network.Output.Name);
        Assert.Equal(network.Output.Tensor, network.Tensors["logits"].Tensor);
        InteropFiles.Check(entry, InteropFiles.Numbers(entry, "logits"), Run(network, entry));
        if (InteropFiles.Text(entry, "scores") is string scores)
            Assert.Equal("Softmax", network.Tensors[scores].Tensor.Node.Op);
    }

    [Theory]
    [InlineData("keras3_seq", "keras3.json", "output_0")]
    [InlineData("keras2_fun", "keras2.json", "logits")]
    public void Read_SavedModelOfKeras_GivesItsValues(string name, string list, string output)
    {
        JsonElement entry = Entry("tensorflow-small", list, name);
        string folder = InteropFiles.PathOf("tensorflow-small", $"{name}_savedmodel");
        FrozenNetwork network = TensorFlowReader.Read(folder);
        Assert.Equal("serving_default_photo:0", network.Input.Name);
        Assert.Equal(network.Output.Tensor, network.Tensors[output].Tensor);
        InteropFiles.Check(entry, InteropFiles.Numbers(entry, "output"), Run(network, entry));
        FrozenNetwork byFile = TensorFlowReader.Read(Path.Combine(folder, "saved_model.pb"));
        Assert.Equal(network.Graph.Nodes.Select(n => n.ToString()), byFile.Graph.Nodes.Select(n => n.ToString()));
    }

    [Fact]
    public void Read_OurSavedModel_HasItsNodes()
    {
        FrozenNetwork network = TensorFlowReader.Read(
            InteropFiles.PathOf("tensorflow-small", "ours_lenet5_modern_tanh_savedmodel"));
        Assert.Equal("scores/Softmax:0", network.Output.Name);
        Assert.Equal(new TensorShape(-1, 10), network.Output.Tensor.Shape);
        Assert.Equal(5, network.Graph.Nodes.Count(n => n.Op is "Conv2D" or "MatMul"));
    }

    [Theory]
    [InlineData("k_vgg16", 13, 0, 3, 0)]
    [InlineData("k_resnet50v2", 53, 0, 1, 49)]
    [InlineData("k_inception_v3", 94, 0, 1, 94)]
    [InlineData("k_xception", 40, 34, 1, 40)]
    [InlineData("k_mobilenet_v2", 35, 17, 1, 52)]
    public void Read_FrozenKerasNetwork_HasItsLayersAndLittleElse(string name, int convolutions, int depthwise,
        int dense, int batchNorms)
    {
        NetworkGraph graph = TensorFlowReader.Read(InteropFiles.PathOf("tensorflow-frozen", $"{name}.pb")).Graph;
        Assert.Equal([convolutions, depthwise, dense, batchNorms],
            new[] { "Conv2D", "DepthwiseConv2dNative", "MatMul", "FusedBatchNormV3" }
                .Select(op => graph.Nodes.Count(n => n.Op == op)));
        Assert.DoesNotContain(graph.Nodes, n => n.Op is "Mul" or "Sub" or "Rsqrt" or "Identity" or "Squeeze");
        Assert.Single(graph.Nodes, n => n.Op == "Placeholder");
    }

    /// <summary>A skeleton with its constants filled by the formula.</summary>
    private static Protos.GraphDef Filled(JsonElement entry)
    {
        string name = entry.GetProperty("name").GetString()!;
        Protos.GraphDef graph = Protos.GraphDef.Parser.ParseFrom(
            File.ReadAllBytes(InteropFiles.PathOf("tensorflow-frozen", $"{name}.pb")));
        Dictionary<string, Protos.NodeDef> nodes = graph.Node.ToDictionary(n => n.Name);
        foreach (JsonProperty fill in entry.GetProperty("fills").EnumerateObject())
        {
            Protos.TensorProto tensor = nodes[fill.Name].Attr["value"].Tensor;
            float[] values = GoldenFill.Input(fill.Name, tensor.TensorShape.Dim.Aggregate(1L, (s, d) => s * d.Size),
                fill.Value[1].GetDouble(), fill.Value[0].GetDouble());
            tensor.TensorContent = ByteString.CopyFrom(MemoryMarshal.AsBytes(values.AsSpan()));
        }
        return graph;
    }

    private static float[] Run(FrozenNetwork network, JsonElement entry, string? node = null) =>
        FrozenNetworkRun.Run(network, InteropFiles.Input(entry), node).ToFloats();

    private static JsonElement Entry(string folder, string list, string name) =>
        InteropFiles.Cases(folder, list).Single(c => c.GetProperty("name").GetString() == name);
}
