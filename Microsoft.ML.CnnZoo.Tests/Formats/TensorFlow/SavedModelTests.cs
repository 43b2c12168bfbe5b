using Google.Protobuf;
using Microsoft.ML.CnnZoo.Formats;
using Microsoft.ML.CnnZoo.Formats.TensorFlow;
using Microsoft.ML.CnnZoo.Formats.TensorFlow.Checkpoints;
using Microsoft.ML.CnnZoo.Formats.TensorFlow.Protos;
using Microsoft.ML.CnnZoo.Graph;
using Xunit;
using Protos = Microsoft.ML.CnnZoo.Graph.Protos;

namespace Microsoft.ML.CnnZoo.Tests.Formats.TensorFlow;

/// <summary>What stands around the graph in a SavedModel: signatures, tags, assets, checkpoints.</summary>
public sealed class SavedModelTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cnnzoo-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Open_SeveralDataFilesAndTypes_AreRead()
    {
        var writer = new CheckpointWriter(3);
        string[] keys = [.. Enumerable.Range(0, 20).Select(i => $"block{i}/weights")];
        for (int i = 0; i < keys.Length; i++)
            writer.Add(keys[i], TensorLiteral.Vector<float>(i, i + 0.5f));
        TensorLiteral[] others = [TensorLiteral.Scalar(3L), TensorLiteral.Vector(1.5, 2), TensorLiteral.Vector((Half)1),
            TensorLiteral.Of<int>(new(0, 2), []), new(DataType.BFloat16, new(1), [0x80, 0x3F])];
        for (int i = 0; i < others.Length; i++)
            writer.Add($"other{i}", others[i]);
        string prefix = Path.Combine(_folder, "model.ckpt-7");
        writer.Write(prefix);
        Checkpoint checkpoint = Checkpoint.Open(prefix);
        Assert.Equal(25, checkpoint.Keys.Count);
        for (int i = 0; i < keys.Length; i++)
            Assert.Equal([i, i + 0.5f], checkpoint.Read(keys[i]).Values<float>().ToArray());
        for (int i = 0; i < others.Length; i++)
            Assert.Equal(others[i], checkpoint.Read($"other{i}"));
        var missing = Assert.Throws<InvalidDataException>(() => checkpoint.Read("none"));
        Assert.Contains("has no tensor 'none'", missing.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("slices", "partitioned into 1 slices")]
    [InlineData("shard", "data file 5 of 1")]
    [InlineData("size", "has 8 bytes, but 1099511627776 are stored")]
    [InlineData("shape", "take bytes 0 to 4611686018427387904")]
    [InlineData("offset", "which has 8")]
    [InlineData("type", "the element type 99")]
    [InlineData("checksum", "its checksum does not match")]
    public void Read_EntryThatCannotBe_SaysWhy(string defect, string message)
    {
        var writer = new CheckpointWriter(1);
        writer.Add("w", TensorLiteral.Vector(1f, 2));
        BundleEntryProto entry = writer["w"];
        switch (defect)
        {
            case "slices": entry.Slices.Add(new TensorSliceProto()); break;
            case "shard": entry.ShardId = 5; break;
            case "size": entry.Size = 1L << 40; break;
            case "shape":
                entry.Shape = AttributeProto.ToProto(new TensorShape(1 << 30, 1 << 30));
                entry.Size = 1L << 62;
                break;
            case "offset": entry.Offset = long.MaxValue - 4; break;
            case "type": entry.Dtype = (Protos.DataType)99; break;
            default: entry.Crc32C ^= 1; break;
        }
        string prefix = Path.Combine(_folder, "model");
        writer.Write(prefix);
        Checkpoint checkpoint = Checkpoint.Open(prefix);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => checkpoint.Read("w")).Message,
            StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void Read_VariableThatOnlyTheObjectGraphKnows_IsFound()
    {
        var objects = new TrackableObjectGraph();
        objects.Nodes.Add(new TrackableObjectGraph.Types.TrackableObject());
        objects.Nodes[0].Attributes.Add(new TrackableObjectGraph.Types.TrackableObject.Types.SerializedTensor
        {
            Name = "VARIABLE_VALUE", FullName = "layer/scale", CheckpointKey = "layer/scale/.ATTRIBUTES/VARIABLE_VALUE",
        });
        var writer = new CheckpointWriter(1);
        writer.AddText(Checkpoint.ObjectGraphKey, objects.ToByteArray());
        writer.Add("layer/scale/.ATTRIBUTES/VARIABLE_VALUE", TensorLiteral.Vector((Half)1, (Half)2, (Half)4));
        var g = new SourceGraph();
        g.Node("VarHandleOp", "handle", [], ("dtype", DataType.Half), ("shape", (int[])[3]),
            ("shared_name", "layer/scale"));
        g.Node("Mul", "y", [g.Image(-1, 2, 2, 3), g.Node("ReadVariableOp", "read", ["handle"])]);
        Save(Model(g), writer);
        FrozenNetwork network = TensorFlowReader.Read(_folder);
        Assert.Equal("layer/scale", network.Output.Tensor.Node.Inputs[1].Node.Name);
        float[] input = SourceGraph.Values("input", [1, 2, 2, 3]), y = SourceGraph.Run(network, 1, 2, 2, 3);
        Assert.Equal(input.Select((v, i) => v * (1 << (i % 3))), y);
    }

    [Fact]
    public void Read_Signature_IsChosenByName()
    {
        var g = new SourceGraph();
        string x = g.Image(-1, 2, 2, 3);
        g.Node("Relu", "y", [x]);
        g.Node("Tanh", "other", [x]);
        MetaGraphDef model = Model(g);
        SignatureDef other = model.SignatureDef["serving_default"].Clone();
        other.Outputs["scores"].Name = "other:0";
        model.SignatureDef.Add("features", other);
        Save(model);
        Assert.Equal("Relu", TensorFlowReader.Read(_folder).Output.Tensor.Node.Op);
        Assert.Equal("Tanh", TensorFlowReader.Read(_folder, "features").Output.Tensor.Node.Op);
        Assert.Contains("has no signature 'score'; it has 'features', 'serving_default'",
            Assert.Throws<InvalidDataException>(() => TensorFlowReader.Read(_folder, "score")).Message,
            StringComparison.Ordinal);
        model.SignatureDef.Remove("serving_default");
        Save(model);
        Assert.Equal("Tanh", TensorFlowReader.Read(_folder).Output.Tensor.Node.Op);
    }

    [Fact]
    public void Read_GraphForServing_IsChosenByItsTag()
    {
        var g = new SourceGraph();
        g.Node("Relu", "y", [g.Image(-1, 2, 2, 3)]);
        MetaGraphDef serving = Model(g), training = serving.Clone();
        training.MetaInfoDef = new() { Tags = { "train" } };
        Save(training, null, training, serving);
        Assert.Equal("Relu", TensorFlowReader.Read(_folder).Output.Tensor.Node.Op);
        Save(training, null, training, training);
        var error = Assert.Throws<InvalidDataException>(() => TensorFlowReader.Read(_folder));
        Assert.Contains("holds 2 graphs and none has the tag 'serve'; tags are 'train'; 'train'", error.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cat\ndog\nfish\n", true)]
    [InlineData("cat\r\ndog\r\nfish", true)]
    [InlineData("cat\ndog\n", false)]
    [InlineData("cat\ndog\ndog\n", false)]
    public void Read_LabelsInAssets_AreTakenIfTheyFit(string text, bool taken)
    {
        var g = new SourceGraph();
        g.Node("Mean", "y", [g.Image(-1, 2, 2, 3), g.Ints("axes", 1, 2)]);
        Save(Model(g));
        Directory.CreateDirectory(Path.Combine(_folder, "assets"));
        File.WriteAllText(Path.Combine(_folder, "assets", "labels.txt"), text);
        Assert.Equal(taken ? ["cat", "dog", "fish"] : null, TensorFlowReader.Read(_folder).Labels);
        string frozen = Path.Combine(_folder, "assets", "model.pb");
        File.WriteAllBytes(frozen, g.Graph.ToByteArray());
        Assert.Equal(taken ? ["cat", "dog", "fish"] : null, TensorFlowReader.Read(frozen).Labels);
    }

    [Fact]
    public void Read_NestedCalls_AreInlined()
    {
        var g = new SourceGraph();
        for (int i = 0; i < 60; i++)
            g.Graph.Library.Function.Add(new Protos.FunctionDef
            {
                Signature = new()
                {
                    Name = $"f{i}", InputArg = { new Protos.OpDef.Types.ArgDef { Name = "a" } },
                    OutputArg = { new Protos.OpDef.Types.ArgDef { Name = "r" } },
                },
                NodeDef =
                {
                    SourceGraph.Make("Neg", "neg", ["a"]),
                    i == 59 ? SourceGraph.Make("Relu", "inner", ["neg:y:0"])
                        : SourceGraph.Make("PartitionedCall", "inner", ["neg:y:0"],
                            ("f", new Protos.NameAttrList { Name = $"f{i + 1}" })),
                },
                Ret = { ["r"] = i == 59 ? "inner:activations:0" : "inner:output:0" },
            });
        g.Node("StatefulPartitionedCall", "y", [g.Image(-1, 2, 2, 3)], ("f", new Protos.NameAttrList { Name = "f0" }));
        FrozenNetwork network = g.Read();
        Assert.Equal(60, network.Graph.Nodes.Count(n => n.Op == "Neg"));
        Assert.Equal(network.Output.Tensor, network.Tensors["y:0"].Tensor);
        Assert.Equal("Neg", network.Tensors["y/inner/neg"].Tensor.Node.Op);
    }

    private static MetaGraphDef Model(SourceGraph g) => new()
    {
        MetaInfoDef = new() { Tags = { "serve" } },
        GraphDef = g.Graph,
        SignatureDef =
        {
            ["serving_default"] = new SignatureDef
            {
                Inputs = { ["image"] = new() { Name = "x:0", Dtype = Protos.DataType.DtFloat } },
                Outputs = { ["scores"] = new() { Name = "y:0", Dtype = Protos.DataType.DtFloat } },
            },
        },
    };

    private void Save(MetaGraphDef model, CheckpointWriter? variables = null, params MetaGraphDef[] all)
    {
        var saved = new SavedModel { SavedModelSchemaVersion = 1 };
        saved.MetaGraphs.AddRange(all.Length > 0 ? all : [model]);
        File.WriteAllBytes(Path.Combine(_folder, "saved_model.pb"), saved.ToByteArray());
        variables?.Write(Path.Combine(_folder, "variables", "variables"));
    }
}
