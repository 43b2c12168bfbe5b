using Google.Protobuf;
using Microsoft.ML.CnnZoo.Formats.Onnx;
using Microsoft.ML.CnnZoo.Formats.Onnx.Protos;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Formats.Onnx;

/// <summary>What is refused is refused at once, by name, and costs no memory that a file merely announces.</summary>
public sealed class OnnxRefusalTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("onnx").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void UnsupportedOperators_AreNamedAllAtOnce()
    {
        ModelProto model = Classifier();
        model.Graph.Node[0].OpType = "Einsum";
        model.Graph.Node.Insert(1, new NodeProto { OpType = "NonMaxSuppression", Name = "nms", Input = { "y" }, Output = { "z" } });
        model.Graph.Node[2].Input[0] = "z";
        string message = Refusal(model);
        Assert.Contains("Einsum", message, StringComparison.Ordinal);
        Assert.Contains("NonMaxSuppression (one node, first 'nms'; operator set 13)", message, StringComparison.Ordinal);
    }

    [Fact]
    public void UnsupportedForms_AreNamedAllAtOnce()
    {
        ModelProto model = Classifier();
        model.Graph.Node.Insert(0, Node("Pad", "first", ["x"], ["p"]));
        model.Graph.Node.Insert(1, Node("Slice", "second", ["x"], ["q"]));
        model.Graph.Node.Insert(2, Node("Add", "sum", ["p", "q"], ["s"]));
        model.Graph.Node[3].Input[0] = "s";
        string message = Refusal(model);
        Assert.Contains("Pad 'first': it has no pads", message, StringComparison.Ordinal);
        Assert.Contains("Slice 'second': it has no starts", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cycle_IsRefused()
    {
        ModelProto model = Classifier();
        model.Graph.Node[0].Input[0] = "flat";
        Assert.Contains("depends on itself", Refusal(model), StringComparison.Ordinal);
    }

    [Fact]
    public void AnnouncedTensor_TakesNoMemory()
    {
        ModelProto model = Classifier();
        model.Graph.Initializer[0].Dims[0] = 1L << 31;
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("'w'", Refusal(model), StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Theory]
    [InlineData("../outside.bin", "outside the model's folder")]
    [InlineData("/etc/hostname", "outside the model's folder")]
    [InlineData("missing.bin", "does not exist")]
    [InlineData("short.bin", "bytes")]
    public void ExternalData_OutsideOrMissing_IsRefused(string location, string why)
    {
        File.WriteAllBytes(Path.Combine(_folder, "short.bin"), new byte[5]);
        ModelProto model = Classifier();
        model.Graph.Initializer[0].RawData = ByteString.Empty;
        model.Graph.Initializer[0].FloatData.Clear();
        model.Graph.Initializer[0].DataLocation = TensorProto.Types.DataLocation.External;
        model.Graph.Initializer[0].ExternalData.Add(new StringStringEntryProto { Key = "location", Value = location });
        Assert.Contains(why, Refusal(model), StringComparison.Ordinal);
    }

    [Fact]
    public void NoClassifierOfImages_IsRefused()
    {
        ModelProto model = Classifier();
        model.Graph.Input[0].Type.TensorType.Shape.Dim.RemoveAt(0);
        Assert.Contains("rank 4", Refusal(model), StringComparison.Ordinal);
    }

    [Fact]
    public void OpenSize_IsAskedFor()
    {
        ModelProto model = Classifier();
        model.Graph.Input[0].Type.TensorType.Shape.Dim[2] = new() { DimParam = "height" };
        Assert.Contains("CnnImportOptions.Image", Refusal(model), StringComparison.Ordinal);
    }

    [Fact]
    public void Classifier_AsItIs_IsRead() => Assert.NotNull(OnnxReader.Read(Classifier(), "sound.onnx", _folder, null));

    private string Refusal(ModelProto model)
    {
        string path = Path.Combine(_folder, "model.onnx");
        File.WriteAllBytes(path, model.ToByteArray());
        string message = Assert.Throws<InvalidDataException>(() => OnnxReader.Read(path)).Message;
        Assert.Contains("model.onnx", message, StringComparison.Ordinal);
        return message;
    }

    /// <summary>A 1x1 convolution of 3 channels to 2, and means.</summary>
    private static ModelProto Classifier()
    {
        var model = new ModelProto { IrVersion = 8, Graph = new GraphProto { Name = "g" } };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 13 });
        model.Graph.Input.Add(new ValueInfoProto
        {
            Name = "x",
            Type = new TypeProto { TensorType = new() { ElemType = 1, Shape = new() { Dim = { Dim(2), Dim(3), Dim(4), Dim(4) } } } },
        });
        model.Graph.Output.Add(new ValueInfoProto { Name = "flat" });
        model.Graph.Initializer.Add(new TensorProto
        {
            Name = "w", DataType = 1, Dims = { 2, 3, 1, 1 }, FloatData = { 1, 2, 3, 4, 5, 6 },
        });
        model.Graph.Node.Add(Node("Conv", "conv", ["x", "w"], ["y"]));
        model.Graph.Node.Add(Node("GlobalAveragePool", "pool", ["y"], ["m"]));
        model.Graph.Node.Add(Node("Flatten", "flatten", ["m"], ["flat"]));
        return model;
    }

    private static TensorShapeProto.Types.Dimension Dim(long size) => new() { DimValue = size };

    private static NodeProto Node(string op, string name, string[] inputs, string[] outputs) =>
        new() { OpType = op, Name = name, Input = { inputs }, Output = { outputs } };
}
