using System.IO.Compression;
using System.Text.Json;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Weights;
using Microsoft.ML.CnnZoo.Weights.PyTorch;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Weights;

/// <summary>Files that PyTorch 2.14 wrote, with their values; and such as it would not write.</summary>
public sealed class PyTorchFileTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"cnnzoo-{Guid.NewGuid():N}.pth");

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData("state_dict.pth", "")]
    [InlineData("state_dict_old.pth", "")]
    [InlineData("protocol4.bin", "")]
    [InlineData("checkpoint_epoch7.pth.tar", "module.")]
    [InlineData("model.safetensors.index.json", "")]
    public void Open_PublishedFile_HasNamesTypesShapesAndValues(string file, string prefix)
    {
        using ITensorSource source = TensorFiles.Open(GoldenFile(file));
        using JsonDocument golden = GoldenFiles.Read("interop/pytorch-files/all.json");
        int seen = 0;
        foreach (JsonProperty expected in golden.RootElement.GetProperty("tensors").EnumerateObject())
        {
            if (source.Find(prefix + expected.Name) is not { } tensor)
                continue;
            seen++;
            Assert.Equal(expected.Value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64()), tensor.Shape);
            Assert.Equal(DataType(expected.Value.GetProperty("dtype").GetString()!), tensor.DataType);
            double[] values = [.. expected.Value.GetProperty("values").EnumerateArray().Select(v => v.GetDouble())];
            Assert.Equal(values.Select(v => (float)v), Values(source, tensor));
        }
        Assert.Equal(seen, source.Tensors.Count());
        Assert.True(seen >= 9);
    }

    [Theory]
    [InlineData("whole_module.pt", "names torch.nn.modules.container.Sequential")]
    [InlineData("executes_code.pth", "names posix.system")]
    [InlineData("truncated.pth", "the end of the archive is missing")]
    public void Open_FileToBeRefused_SaysWhy(string file, string expected)
    {
        string message = Assert.Throws<InvalidDataException>(() => CnnWeights.Load(GoldenFile(file))).Message;
        Assert.Contains(expected, message);
        Assert.Contains(file, message);
        Assert.Equal(file != "truncated.pth",
            message.Contains("torch.save(model.state_dict(), 'weights.pth')", StringComparison.Ordinal));
    }

    /// <summary>Lengths to cut a file off at; all with CNNZOO_FULL=1.</summary>
    private static int Lengths => TestScope.IsFull ? int.MaxValue : 300;

    [Theory]
    [InlineData("state_dict.pth")]
    [InlineData("state_dict_old.pth")]
    [InlineData("protocol4.bin")]
    [InlineData("checkpoint_epoch7.pth.tar")]
    public void Open_TruncatedAnywhere_IsRefused(string file)
    {
        foreach (byte[] truncated in DamagedFiles.Truncated(File.ReadAllBytes(GoldenFile(file)), Lengths))
        {
            File.WriteAllBytes(_path, truncated);
            Assert.Contains(_path, Assert.Throws<InvalidDataException>(() => TensorFiles.Open(_path)).Message);
        }
    }

    [Theory]
    [InlineData("state_dict.pth", 1)]
    [InlineData("state_dict_old.pth", 2)]
    [InlineData("protocol4.bin", 3)]
    [InlineData("checkpoint_epoch7.pth.tar", 4)]
    [InlineData("whole_module.pt", 5)]
    public void Open_DamagedBytes_NeverCrashesOrOverAllocates(string file, int seed)
    {
        int refused = 0;
        foreach (byte[] damaged in DamagedFiles.Mutated(File.ReadAllBytes(GoldenFile(file)), 600, seed))
        {
            File.WriteAllBytes(_path, damaged);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                using ITensorSource source = TensorFiles.Open(_path);
                foreach (TensorEntry tensor in source.Tensors.Where(t => t.ElementCount < 1 << 20))
                    using (Stream elements = source.OpenTensor(tensor.Name))
                        Assert.Equal(tensor.ElementCount * TensorElements.SizeOf(tensor.DataType), Length(elements));
            }
            catch (InvalidDataException e)
            {
                Assert.Contains(_path, e.Message);
                refused++;
            }
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 4_000_000);
        }
        Assert.InRange(refused, 100, 600);
    }

    [Fact]
    public void Open_StateDictWithMetadataAndParameters_IsRead()
    {
        PickleWriter.WriteZip(_path, new PickleWriter().Global("collections", "OrderedDict").Op(')').Op('R').Op('(')
            .Text("w").Global("torch._utils", "_rebuild_parameter").Op('(').Tensor("0", 2, 0, [2], [1]).Op(0x88).Op(')')
            .Op('t').Op('R').Op('u').Op('}').Op('b').ToArray(), 3, 4);
        using var file = PyTorchFile.Open(_path);
        Assert.Equal([3f, 4f], Values(file, Assert.Single(file.Tensors)));
    }

    [Fact]
    public void Open_UntypedStorage_HasTheTensorsType()
    {
        PickleWriter.WriteZip(_path, new PickleWriter().Op('}').Text("w").Global("torch._utils", "_rebuild_tensor_v3")
            .Op('(').Storage("0", 8, "UntypedStorage").Number(1).Tuple(3).Tuple(1).Op(0x89).Op(')')
            .Global("torch", "uint16").Op('}').Op('t').Op('R').Op('s').ToArray(), 0, 0);
        using var file = PyTorchFile.Open(_path);
        Assert.Equal(("U16", 3), (file.Find("w")!.DataType, file.Find("w")!.Shape[0]));
        using Stream elements = file.OpenTensor("w");
        Assert.Equal(6, Length(elements));
    }

    [Theory]
    [InlineData(0, new long[] { 3 }, new long[] { 1 })]
    [InlineData(1, new long[] { 2 }, new long[] { 1 })]
    [InlineData(-1, new long[] { 1 }, new long[] { 1 })]
    [InlineData(0, new long[] { -1 }, new long[] { 1 })]
    [InlineData(0, new long[] { 2 }, new long[] { -1 })]
    [InlineData(0, new long[] { 2 }, new long[] { 1, 1 })]
    [InlineData(0, new long[] { 1L << 40 }, new long[] { 0 })]
    [InlineData(0, new long[] { 1L << 32, 1L << 32 }, new long[] { 0, 0 })]
    [InlineData(0, new long[] { 3 }, new long[] { long.MaxValue })]
    public void Open_TensorThatItsStorageCannotHold_IsRefused(long offset, long[] shape, long[] strides)
    {
        WriteTensor(offset, shape, strides);
        Assert.Contains("a tensor that cannot be",
            Assert.Throws<InvalidDataException>(() => PyTorchFile.Open(_path)).Message);
    }

    [Theory]
    [InlineData(0, new long[] { 2, 2 }, new long[] { 0, 1 }, new float[] { 5, 6, 5, 6 })]
    [InlineData(0, new long[] { 2, 1 }, new long[] { 1, 7 }, new float[] { 5, 6 })]
    [InlineData(1, new long[] { }, new long[] { }, new float[] { 6 })]
    [InlineData(0, new long[] { 2, 3 }, new long[] { 1, 0 }, new float[] { 5, 5, 5, 6, 6, 6 })]
    public void OpenTensor_AnyStrides_GivesTheElementsInOrder(long offset, long[] shape, long[] strides,
        float[] expected)
    {
        WriteTensor(offset, shape, strides);
        using var file = PyTorchFile.Open(_path);
        Assert.Equal(expected, Values(file, file.Find("w")!));
    }

    [Fact]
    public void Open_StorageThatIsShorter_IsRefused()
    {
        PickleWriter.WriteZip(_path,
            new PickleWriter().Op('}').Text("w").Tensor("0", 3, 0, [3], [1]).Op('s').ToArray(), 1, 2);
        Assert.Contains("needs 12 bytes of the storage '0', which has 8",
            Assert.Throws<InvalidDataException>(() => PyTorchFile.Open(_path)).Message);
    }

    [Fact]
    public void Open_CheckpointOfSeveralParts_PrefersTheModelAndRefusesAnUnclearOne()
    {
        Write("optimizer", "ema", "model");
        using (var file = PyTorchFile.Open(_path))
            Assert.Equal("model.w", Assert.Single(file.Tensors).Name);
        Write("optimizer", "generator");
        using (var file = PyTorchFile.Open(_path))
            Assert.Equal("generator.w", Assert.Single(file.Tensors).Name);
        Write("generator", "critic");
        Assert.Contains("several dictionaries of tensors: generator, critic.",
            Assert.Throws<InvalidDataException>(() => PyTorchFile.Open(_path)).Message);
        Write("optimizer");
        Assert.Contains("holds no dictionary of tensors",
            Assert.Throws<InvalidDataException>(() => PyTorchFile.Open(_path)).Message);

        void Write(params string[] parts)
        {
            PickleWriter pickle = new PickleWriter().Op('}').Op('(').Text("epoch").Number(7);
            foreach (string part in parts)
                pickle.Text(part).Op('}').Text($"{part}.w").Tensor("0", 2, 0, [2], [1]).Op('s');
            PickleWriter.WriteZip(_path, pickle.Op('u').ToArray(), 1, 2);
        }
    }

    [Fact]
    public void Open_DictionariesThatContainThemselves_Ends()
    {
        PickleWriter pickle = new PickleWriter().Op('}').Op((byte)'q', 0).Op('(');
        for (int i = 0; i < 200; i++)
            pickle.Text($"k{i}").Op((byte)'h', 0);
        PickleWriter.WriteZip(_path, pickle.Op('u').ToArray());
        Assert.Throws<InvalidDataException>(() => PyTorchFile.Open(_path));
    }

    [Theory]
    [InlineData("archive/constants.pkl", CompressionLevel.NoCompression, "is a TorchScript file")]
    [InlineData("archive/constants.pkl", CompressionLevel.NoCompression, "torch.jit.load('")]
    [InlineData("archive/version", CompressionLevel.SmallestSize, "is compressed")]
    [InlineData("other/data.pkl", CompressionLevel.NoCompression, "has no data.pkl")]
    public void Open_ArchiveOfAnotherKind_SaysWhich(string entry, CompressionLevel level, string expected)
    {
        byte[] pickle = new PickleWriter().Op('}').Text("w").Tensor("0", 2, 0, [2], [1]).Op('s').ToArray();
        PickleWriter.WriteZip(_path, pickle, new float[100], entry, level);
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => TensorFiles.Open(_path)).Message);
    }

    [Theory]
    [InlineData("builtins", "eval")]
    [InlineData("__builtin__", "getattr")]
    [InlineData("argparse", "Namespace")]
    [InlineData("numpy.core.multiarray", "_reconstruct")]
    [InlineData("torch", "load")]
    [InlineData("torch.FloatStorage\ncollections", "OrderedDict")]
    public void Open_AnyOtherGlobal_IsRefusedByName(string module, string name)
    {
        PickleWriter.WriteZip(_path, new PickleWriter().Global(module, name).ToArray());
        Assert.Contains($"names {module.Replace('\n', '.').Split(".collections")[0]}",
            Assert.Throws<InvalidDataException>(() => PyTorchFile.Open(_path)).Message);
    }

    [Theory]
    [InlineData("../w.safetensors", "expected one in the index's own folder")]
    [InlineData("/etc/passwd", "expected one in the index's own folder")]
    [InlineData("..", "expected one in the index's own folder")]
    [InlineData("", "expected one in the index's own folder")]
    [InlineData("missing.safetensors", "is not there")]
    public void Open_IndexOfFilesElsewhere_IsRefused(string file, string expected)
    {
        File.WriteAllText(_path, JsonSerializer.Serialize(new { weight_map = new { w = file } }));
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => TensorFiles.Open(_path)).Message);
    }

    [Theory]
    [InlineData("""{"weight_map":{"w":"SELF"}}""", "is not a file of weights")]
    [InlineData("""{"weight_map":3}""", "cannot be read")]
    [InlineData("""{"metadata":{}}""", "cannot be read")]
    [InlineData("""{"weight_map":{"w":1}}""", "cannot be read")]
    [InlineData("""{"weight_map":""", "cannot be read")]
    public void Open_DamagedIndex_IsRefused(string index, string expected)
    {
        File.WriteAllText(_path, index.Replace("SELF", Path.GetFileName(_path), StringComparison.Ordinal));
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => TensorFiles.Open(_path)).Message);
    }

    [Fact]
    public void Open_ImageOrText_SaysWhatIsExpected()
    {
        File.WriteAllText(_path, "These are no weights at all.");
        Assert.Contains("expected safetensors, their index of shards (.index.json), or a state dict of torch.save",
            Assert.Throws<InvalidDataException>(() => CnnWeights.Load(_path)).Message);
    }

    [Theory]
    [InlineData("state_dict.pth")]
    [InlineData("state_dict_old.pth")]
    public void Copy_EveryType_KeepsNamesTypesAndBits(string file)
    {
        using ITensorSource source = TensorFiles.Open(GoldenFile(file));
        SafetensorsWriter.Copy(_path, source);
        using var copy = SafetensorsFile.Open(_path);
        Assert.Equal(source.Tensors.Select(t => (t.Name, t.DataType, string.Join(',', t.Shape))),
            copy.Tensors.Select(t => (t.Name, t.DataType, string.Join(',', t.Shape))).OrderBy(t =>
                source.Tensors.ToList().FindIndex(s => s.Name == t.Name)));
        Assert.All(source.Tensors, t => Assert.Equal(Values(source, t), Values(copy, t)));
    }

    private void WriteTensor(long offset, long[] shape, long[] strides) => PickleWriter.WriteZip(_path,
        new PickleWriter().Op('}').Text("w").Tensor("0", 2, offset, shape, strides).Op('s').ToArray(), 5, 6);

    private static string GoldenFile(string name) =>
        Path.Combine(GoldenFiles.Folder, "interop", "pytorch-files", name);

    private static long Length(Stream stream)
    {
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.Length;
    }

    private static string DataType(string torch) => torch switch
    {
        "float32" => "F32",
        "float16" => "F16",
        "bfloat16" => "BF16",
        "float64" => "F64",
        _ => "I64",
    };

    private static float[] Values(ITensorSource source, TensorEntry tensor)
    {
        var values = new float[tensor.ElementCount];
        if (TensorElements.IsFloating(tensor.DataType))
        {
            source.Read(tensor.Name, values);
            return values;
        }
        using Stream elements = source.OpenTensor(tensor.Name);
        using var reader = new BinaryReader(elements);
        return [.. values.Select(_ => (float)reader.ReadInt64())];
    }
}
