using System.Runtime.InteropServices;
using System.Text.Json;
using Google.Protobuf;
using Microsoft.ML.CnnZoo.Formats;
using Microsoft.ML.CnnZoo.Formats.Onnx;
using Microsoft.ML.CnnZoo.Formats.Onnx.Protos;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Formats.Onnx;

/// <summary>Published ONNX files give the values that ONNX Runtime computes.</summary>
public class OnnxReaderTests
{
    private const string MayBeRefused = "may be refused";

    public static TheoryData<string> Operators { get; } = [.. Names("onnx-ops")];

    public static TheoryData<string> Published { get; } = [.. Names("onnx-published")];

    [Theory]
    [MemberData(nameof(Operators))]
    public void Read_OperatorFile_GivesItsValues(string name)
    {
        JsonElement entry = Entry("onnx-ops", name);
        try
        {
            FrozenNetwork network = OnnxReader.Read(InteropFiles.PathOf("onnx-ops", $"{name}.onnx"));
            float[] logits = FrozenNetworkRun.Run(network, InteropFiles.Input(entry)).ToFloats();
            InteropFiles.Check(entry, InteropFiles.Numbers(entry, "logits"), logits);
        }
        catch (InvalidDataException e) when (InteropFiles.Text(entry, "note")?.Contains(MayBeRefused,
            StringComparison.Ordinal) == true)
        {
            Assert.Contains(name, e.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Published))]
    public void Read_PublishedNetwork_GivesItsValues(string name)
    {
        JsonElement entry = Entry("onnx-published", name);
        FrozenNetwork network = OnnxReader.Read(Filled(entry), name, folder: null, image: null);
        float[] values = FrozenNetworkRun.Run(network, InteropFiles.Input(entry)).ToFloats();
        InteropFiles.Check(entry, InteropFiles.Numbers(entry, "first"), values);
        // Only a channel shuffle moves elements.
        if (!name.Contains("shufflenet", StringComparison.Ordinal))
            Assert.DoesNotContain(network.Graph.Nodes, n => n.Op == "Transpose");
    }

    /// <summary>A skeleton with its initializers filled by the formula.</summary>
    internal static ModelProto Filled(JsonElement entry)
    {
        string name = entry.GetProperty("name").GetString()!;
        ModelProto model = ModelProto.Parser.ParseFrom(
            File.ReadAllBytes(InteropFiles.PathOf("onnx-published", $"{name}.onnx")));
        Dictionary<string, TensorProto> tensors = model.Graph.Initializer.Concat(model.Graph.Node
            .SelectMany(n => n.Attribute).Select(a => a.T).OfType<TensorProto>()).GroupBy(t => t.Name)
            .ToDictionary(g => g.Key, g => g.First());
        foreach (JsonProperty fill in entry.GetProperty("fills").EnumerateObject())
        {
            TensorProto tensor = tensors[fill.Name];
            float[] values = GoldenFill.Input(fill.Name, tensor.Dims.Aggregate(1L, (s, d) => s * d),
                fill.Value[1].GetDouble(), fill.Value[0].GetDouble());
            tensor.RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values.AsSpan()));
        }
        return model;
    }

    private static IEnumerable<string> Names(string folder) =>
        InteropFiles.Cases(folder).Select(c => c.GetProperty("name").GetString()!);

    private static JsonElement Entry(string folder, string name) =>
        InteropFiles.Cases(folder).Single(c => c.GetProperty("name").GetString() == name);
}
