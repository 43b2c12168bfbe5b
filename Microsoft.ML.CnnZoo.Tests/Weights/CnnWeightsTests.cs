using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.CnnZoo.Weights;
using Microsoft.ML.CnnZoo.Weights.Names;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Weights;

public sealed class CnnWeightsTests : IDisposable
{
    private static readonly CnnArchitecture LeNet = CnnArchitectures.LeNet5Relu;

    private readonly string _path = Path.Combine(Path.GetTempPath(), $"cnnzoo-{Guid.NewGuid():N}.safetensors");

    public void Dispose() => File.Delete(_path);

    /// <summary>
    /// Files written tensor by tensor in PyTorch's names, shapes and order of elements, as torchvision and timm would.
    /// </summary>
    [Theory]
    [InlineData("resnet18")]
    [InlineData("mobilenet_v2")]
    [InlineData("squeezenet1_1")]
    [InlineData("lenet5_relu")]
    [InlineData("densenet_bc40_k12_cifar")]
    [InlineData("resnet164_v2_cifar")]
    public void CopyTo_FileInPyTorchsForm_FillsEveryVariable(string name)
    {
        CnnArchitecture architecture = CnnArchitectures.Find(name);
        SafetensorsWriter.Write(_path, GoldenTensors(name));
        int classes = GoldenFiles.Architecture(name).GetProperty("output_shape")[1].GetInt32();
        using var store = new VariableStore();
        using (CnnWeights weights = CnnWeights.Load(_path))
            Assert.Empty(Loader(weights, architecture, classes).CopyTo(store).Fresh);
        foreach (VariableDefinition variable in architecture.BuildGraph(classes).Variables)
        {
            string torchName = TorchNames.Of(architecture).Variable(variable.Name);
            GoldenTensor tensor = GoldenLayout.AsDense(GoldenFiles.Tensors(name).Single(t => t.Name == torchName),
                variable.Spec.Shape);
            float[] expected = GoldenLayout.ToVariable(tensor, GoldenFill.Weights(tensor, 6), variable.FlattenShape,
                GoldenLayout.IsDepthwise(tensor, variable.Spec.Shape));
            Assert.Equal(expected, store[variable.Name].Values<float>().ToArray());
        }
    }

    [Theory]
    [InlineData("lenet5")]
    [InlineData("mobilenet_v2")]
    public void SaveWeights_Loaded_AreTheModelsWithItsNormalization(string name)
    {
        using CnnClassificationModel model = Model(CnnArchitectures.Find(name));
        model.SaveWeights(_path);
        using CnnWeights weights = CnnWeights.Load(_path);
        AssertSame(model, weights);
        Assert.Equal((_path, name, model.Normalization, false),
            (weights.Source, weights.Metadata!.Architecture, weights.Metadata.Normalization,
                weights.Metadata.FromFloats));
    }

    [Fact]
    public void SaveWeights_HalfPrecision_HalvesTheFile()
    {
        using CnnClassificationModel model = Model(LeNet);
        model.SaveWeights(_path);
        long whole = new FileInfo(_path).Length;
        model.SaveWeights(_path, WeightsPrecision.Float16);
        Assert.InRange(new FileInfo(_path).Length, whole * 0.49, whole * 0.52);
    }

    [Fact]
    public void From_Model_KeepsItsWeightsWhenItIsDisposed()
    {
        using CnnClassificationModel model = Model(LeNet), same = Model(LeNet);
        using CnnWeights weights = CnnWeights.From(model);
        model.Dispose();
        AssertSame(same, weights);
        Assert.Equal(same.Normalization, weights.Metadata!.Normalization);
        Assert.Throws<ObjectDisposedException>(() => CnnWeights.From(model));
        Assert.Throws<ObjectDisposedException>(() => model.SaveWeights(_path));
    }

    [Fact]
    public void CopyTo_MissingSurplusMisshapen_AreNamedWithTheNearestAndNothingChanges()
    {
        SafetensorsWriter.Write(_path, [.. GoldenTensors("lenet5_relu")
            .Where(t => t.Name is not ("conv1.weight" or "fc1.bias")),
            new("conv1.weight", [6, 1, 3, 3], new float[54]), new("fc1.bais", [120], new float[120])]);
        using var store = new VariableStore();
        using CnnWeights weights = CnnWeights.Load(_path);
        string message = Assert.Throws<InvalidDataException>(() => Loader(weights, LeNet, 10).CopyTo(store)).Message;
        Assert.Contains(_path, message);
        Assert.Contains("1 missing: fc1.bias [120] (the most similar one there is fc1.bais)", message);
        Assert.Contains("1 surplus: fc1.bais (the most similar one expected is fc1.bias)", message);
        Assert.Contains("1 misshapen: conv1.weight [6,1,3,3], expected [6,1,5,5]", message);
        Assert.Empty(store.Variables);
    }

    [Theory]
    [InlineData("module.")]
    [InlineData("model.")]
    [InlineData("backbone.")]
    [InlineData("encoder.net.")]
    public void CopyTo_CommonPrefix_MakesNoDifference(string prefix)
    {
        SafetensorsWriter.Write(_path, [.. GoldenTensors("lenet5_relu")
            .Select(t => t with { Name = prefix + t.Name })]);
        using var store = new VariableStore();
        using CnnWeights weights = CnnWeights.Load(_path);
        WeightsMatch match = Loader(weights, LeNet, 10).CopyTo(store);
        Assert.Equal((prefix, 10, 0), (match.Prefix, match.Fitting.Count, match.Fresh.Count));
        Assert.Contains($"after '{prefix}'", match.Report());
    }

    [Fact]
    public void CopyTo_PrefixOfOnePart_LeavesOtherPartsOutAndSaysSo()
    {
        SafetensorsWriter.Write(_path,
        [
            .. GoldenTensors("lenet5_relu").Where(t => !t.Name.StartsWith("fc3", StringComparison.Ordinal))
                .Select(t => t with { Name = "backbone." + t.Name }),
            new("projection.weight", [2], [1, 2]),
        ]);
        using var store = new VariableStore();
        using CnnWeights weights = CnnWeights.Load(_path);
        string report = Loader(weights, LeNet, 10).CopyTo(store).Report();
        Assert.Contains("1 outside the prefix are left out: projection.weight", report);
        Assert.Contains("2 start fresh: fc3.weight (not there), fc3.bias (not there)", report);
    }

    [Fact]
    public void CopyTo_OtherClasses_StartsTheHeadFresh()
    {
        SafetensorsWriter.Write(_path, GoldenTensors("lenet5_relu"));
        using var store = new VariableStore();
        using CnnWeights weights = CnnWeights.Load(_path);
        WeightsMatch match = Loader(weights, LeNet, 3).CopyTo(store);
        Assert.Contains("fc3.weight ([10,84], expected [3,84])", match.Report());
        Assert.False(store.Contains("fc3/kernel"));
        Assert.True(store.Contains("fc2/kernel"));
    }

    [Fact]
    public void CopyTo_ResetHead_StartsAFittingHeadFresh()
    {
        SafetensorsWriter.Write(_path, GoldenTensors("lenet5_relu"));
        using var store = new VariableStore();
        using CnnWeights weights = CnnWeights.Load(_path);
        Assert.Equal(["fc3.weight (as ResetHead asks)", "fc3.bias (as ResetHead asks)"],
            Loader(weights, LeNet, 10).CopyTo(store, resetHead: true).Fresh);
        Assert.False(store.Contains("fc3/kernel") || store.Contains("fc3/bias"));
    }

    [Theory]
    [InlineData("squeezenet1_1", "classifier.1.weight")]
    [InlineData("nin", "cccp6.weight")]
    [InlineData("vgg11", "classifier.6.weight")]
    [InlineData("resnet18", "fc.weight")]
    public void Match_EveryFamilysHead_IsWhatDependsOnTheClasses(string name, string head)
    {
        CnnArchitecture architecture = CnnArchitectures.Find(name);
        NamedTensor[] others = [.. GoldenFiles.Tensors(name)
            .Where(t => !t.Name.StartsWith(head[..^"weight".Length], StringComparison.Ordinal))
            .Select(t => new NamedTensor(t.Name, t.Shape, []))];
        var source = new MemoryTensors("a test", others, new Dictionary<string, string>());
        WeightsMatch match = new WeightsLoader(source, architecture, architecture.DefaultInput, 5).Match();
        Assert.True(match.IsUsable, match.Problem());
        Assert.Equal([$"{head} (not there)", $"{head[..^"weight".Length]}bias (not there)"], match.Fresh);
    }

    [Fact]
    public void Load_AFolder_IsNamedAsOne() => Assert.Contains("it is a folder",
        Assert.Throws<InvalidDataException>(() => CnnWeights.Load(Path.GetTempPath())).Message);

    [Fact]
    public void Write_IntoAMissingFolder_NamesTheFolder()
    {
        string folder = _path + "-missing";
        string message = Assert.Throws<DirectoryNotFoundException>(() =>
            SafetensorsWriter.Write(Path.Combine(folder, "w.safetensors"), [new("a", [1], [1])])).Message;
        Assert.EndsWith($"the folder '{folder}' does not exist.", message);
    }

    [Fact]
    public void CopyTo_NothingKnown_SaysSo()
    {
        SafetensorsWriter.Write(_path, [new("a", [1], [1])]);
        using var store = new VariableStore();
        using CnnWeights weights = CnnWeights.Load(_path);
        Assert.Contains("does not fit LeNet-5 (ReLU)", Assert.Throws<InvalidDataException>(() =>
            Loader(weights, LeNet, 10).CopyTo(store)).Message);
    }

    [Fact]
    public void CopyTo_OriginalWhereTheLibrariesHaveAnotherForm_NamesThatForm()
    {
        using CnnWeights weights = SaveEmpty("alexnet_torchvision");
        string message = Assert.Throws<InvalidDataException>(() => Loader(weights, CnnArchitectures.AlexNet, 1000)
            .CopyTo(new VariableStore())).Message;
        Assert.Contains("belong to 'alexnet_torchvision'", message);
    }

    [Fact]
    public void Load_MetadataThatIsNoNumber_IsRefused()
    {
        SafetensorsWriter.Write(_path, [new("a", [1], [1])], metadata: new Dictionary<string, string>
        {
            ["architecture"] = "lenet5", ["pixel_scale"] = "1 x", ["pixel_offset"] = "0 0",
        });
        Assert.Contains("'1 x'", Assert.Throws<InvalidDataException>(() => CnnWeights.Load(_path)).Message);
    }

    private CnnWeights SaveEmpty(string name)
    {
        SafetensorsWriter.Write(_path, [.. GoldenFiles.Tensors(name).Where(t => t.Count < 5000)
            .Select(t => new NamedTensor(t.Name, t.Shape, new float[t.Count]))]);
        return CnnWeights.Load(_path);
    }

    private static NamedTensor[] GoldenTensors(string name) =>
        [.. GoldenFiles.Tensors(name).Select(t => new NamedTensor(t.Name, t.Shape, GoldenFill.Weights(t, 6)))];

    private static WeightsLoader Loader(CnnWeights weights, CnnArchitecture architecture, int classes) =>
        new(weights.Tensors, architecture, architecture.DefaultInput, classes);

    private static CnnClassificationModel Model(CnnArchitecture architecture)
    {
        ImageShape image = architecture.DefaultInput;
        var store = new VariableStore();
        VariableInitialization.Initialize(store, architecture.BuildGraph(10).Variables, seed: 3);
        return new(architecture, image, 10, PixelNormalization.Uniform(image.Channels, 0.1f, -1.25f), store);
    }

    private static void AssertSame(CnnClassificationModel model, CnnWeights weights)
    {
        using var copy = new VariableStore();
        Loader(weights, model.Architecture, 10).CopyTo(copy);
        Assert.All(model.Weights.Variables, v => Assert.Equal(v.Values<float>().ToArray(), copy[v.Name].Values<float>()
            .ToArray()));
    }
}
