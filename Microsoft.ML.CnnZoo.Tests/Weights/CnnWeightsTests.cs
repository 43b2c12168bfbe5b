using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Weights;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Weights;

public sealed class CnnWeightsTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"cnnzoo-{Guid.NewGuid():N}.safetensors");

    public void Dispose() => File.Delete(_path);

    /// <summary>Files written tensor by tensor in PyTorch's names, shapes and order of elements, as torchvision and timm would write them.</summary>
    [Theory]
    [InlineData("resnet18")]
    [InlineData("mobilenet_v2")]
    [InlineData("squeezenet1_1")]
    [InlineData("lenet5_modern_relu")]
    [InlineData("densenet_bc_40_12_cifar")]
    [InlineData("preresnet164_cifar")]
    public void CopyTo_FileInPyTorchsForm_FillsEveryVariable(string name)
    {
        CnnArchitecture architecture = CnnArchitectures.Find(name);
        WriteGolden(name);
        NetworkGraph graph = Build(architecture, Classes(name));
        using var store = new VariableStore();
        using (CnnWeights weights = CnnWeights.Load(_path))
            Assert.True(weights.CopyTo(architecture, graph, store).IsExact);
        foreach (VariableDefinition variable in graph.Variables)
        {
            GoldenTensor tensor = GoldenLayout.AsDense(GoldenFiles.Tensors(name).Single(t => t.Name == architecture.TorchName(variable.Name)), variable.Spec.Shape);
            float[] expected = GoldenLayout.ToVariable(tensor, GoldenFill.Weights(tensor, 6), variable.FlattenShape, GoldenLayout.IsDepthwise(tensor, variable.Spec.Shape));
            Assert.Equal(expected, store[variable.Name].Values<float>().ToArray());
        }
    }

    [Theory]
    [InlineData("lenet5_1998")]
    [InlineData("mobilenet_v2")]
    public void SaveLoad_RoundTrip_IsExact(string name)
    {
        CnnArchitecture architecture = CnnArchitectures.Find(name);
        NetworkGraph graph = Build(architecture, 10);
        using var store = new VariableStore();
        var random = new Random(3);
        foreach (VariableDefinition variable in graph.Variables)
            foreach (ref float value in store.GetOrAdd(variable.Name, variable.Spec).Values<float>())
                value = random.NextSingle();
        CnnWeights.Save(_path, architecture, graph, store);
        using var copy = new VariableStore();
        using CnnWeights weights = CnnWeights.Load(_path);
        weights.CopyTo(architecture, graph, copy);
        Assert.All(store.Variables, v => Assert.Equal(v.Values<float>().ToArray(), copy[v.Name].Values<float>().ToArray()));
    }

    [Fact]
    public void CopyTo_MissingSurplusMisshapen_AreNamedAndNothingChanges()
    {
        CnnArchitecture architecture = CnnArchitectures.LeNet5;
        SafetensorsWriter.Write(_path, [("conv1.weight", [6, 1, 3, 3], new float[54]), ("conv1.bias", [6], new float[6]), ("oddity", [1], [1])]);
        using var store = new VariableStore();
        using CnnWeights weights = CnnWeights.Load(_path);
        string message = Assert.Throws<InvalidDataException>(() => weights.CopyTo(architecture, Build(architecture, 10), store)).Message;
        Assert.Contains("8 missing: conv2.weight", message);
        Assert.Contains("1 surplus: oddity", message);
        Assert.Contains("1 misshapen: conv1.weight [6,1,3,3], expected [6,1,5,5]", message);
        Assert.Empty(store.Variables);
    }

    [Fact]
    public void CopyTo_OtherClasses_KeepsTheHeadWhenAsked()
    {
        CnnArchitecture architecture = CnnArchitectures.LeNet5;
        WriteGolden("lenet5_modern_relu");
        using var store = new VariableStore();
        using CnnWeights weights = CnnWeights.Load(_path);
        Assert.Throws<InvalidDataException>(() => weights.CopyTo(architecture, Build(architecture, 3), store));
        WeightsMatch match = weights.CopyTo(architecture, Build(architecture, 3), store, keepWhereMisshapen: true);
        Assert.Equal(2, match.Misshapen.Count);
        Assert.False(store.Contains("fc3/kernel"));
        Assert.True(store.Contains("fc2/kernel"));
    }

    private void WriteGolden(string name) =>
        SafetensorsWriter.Write(_path, [.. GoldenFiles.Tensors(name).Select(t => (t.Name, t.Shape, GoldenFill.Weights(t, 6)))]);

    private static int Classes(string name) => GoldenFiles.Architecture(name).GetProperty("output_shape")[1].GetInt32();

    private static NetworkGraph Build(CnnArchitecture architecture, int classes)
    {
        var g = new GraphBuilder();
        ImageShape input = architecture.DefaultInput;
        architecture.Build(g, g.Placeholder("image", DataType.Float, new TensorShape(-1, input.Height, input.Width, input.Channels)), classes);
        return g.ToGraph();
    }
}
