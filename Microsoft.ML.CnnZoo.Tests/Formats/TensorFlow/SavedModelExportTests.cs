using Microsoft.ML.CnnZoo.Formats;
using Microsoft.ML.CnnZoo.Formats.TensorFlow;
using Microsoft.ML.CnnZoo.Formats.TensorFlow.Protos;
using Microsoft.ML.CnnZoo.Formats.TensorFlow.Writing;
using Xunit;
using Protos = Microsoft.ML.CnnZoo.Graph.Protos;

namespace Microsoft.ML.CnnZoo.Tests.Formats.TensorFlow;

/// <summary>Exported SavedModels: what TensorFlow's loaders need, and what happens to a folder that is there.</summary>
public sealed class SavedModelExportTests : IDisposable
{
    private static readonly string[] Names =
        [.. Enumerable.Range(0, RandomNetwork.Classes).Select(i => $"class {i}{(i == 2 ? "\r\nä" : "")}")];

    private readonly string _parent = Directory.CreateTempSubdirectory("cnnzoo").FullName;

    private string Folder => Path.Combine(_parent, "model");

    private string ModelFile => Path.Combine(Folder, "saved_model.pb");

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    [Fact]
    public void Write_Model_HasTheParts()
    {
        Write("lenet5_relu");
        Assert.Equal([Path.Combine(Folder, "assets"), ModelFile],
            Directory.EnumerateFileSystemEntries(Folder).Order(StringComparer.Ordinal));
        Assert.Equal(Names.Select(n => n.ReplaceLineEndings(" ")),
            File.ReadAllLines(Path.Combine(Folder, "assets", "labels.txt")));
        SavedModel model = SavedModel.Parser.ParseFrom(File.ReadAllBytes(ModelFile));
        Assert.Equal(1, model.SavedModelSchemaVersion);
        MetaGraphDef meta = Assert.Single(model.MetaGraphs);
        Assert.Equal(["serve"], meta.MetaInfoDef.Tags);
        Assert.Null(meta.SaverDef);
        (string name, SignatureDef signature) = Assert.Single(meta.SignatureDef);
        Assert.Equal(("serving_default", "tensorflow/serving/predict"), (name, signature.MethodName));
        AssertTensor("image:0", [-1, 16, 16, 1], signature.Inputs["image"]);
        AssertTensor("scores/Softmax:0", [-1, RandomNetwork.Classes], signature.Outputs["scores"]);
        Assert.DoesNotContain(meta.GraphDef.Node, n => n.Op is "VarHandleOp" or "ReadVariableOp");
    }

    [Theory]
    [InlineData("lenet5")]
    [InlineData("resnet18_option_a")]
    [InlineData("mobilenet_v2")]
    public void Write_ThenRead_GivesScoresAndLabels(string network)
    {
        using CnnClassificationModel model = Write(network);
        FrozenNetwork read = TensorFlowReader.Read(Folder);
        Assert.Equal(Names.Select(n => n.ReplaceLineEndings(" ")), read.Labels);
        float[] pixels = RandomNetwork.Pixels(2 * model.Image.ValueCount);
        Assert.InRange(Exports.Difference(RandomNetwork.Run(model, pixels).Scores,
            Exports.Run(read.Graph, read.Output.Tensor, pixels)), 0, 1e-5);
    }

    [Fact]
    public void Write_OverASavedModel_ReplacesIt()
    {
        Write("lenet1");
        Directory.CreateDirectory(Path.Combine(Folder, "variables"));
        File.WriteAllText(Path.Combine(Folder, "variables", "variables.index"), "old");
        long old = new FileInfo(ModelFile).Length;
        Write("lenet5_relu");
        Assert.False(Directory.Exists(Path.Combine(Folder, "variables")));
        Assert.NotEqual(old, new FileInfo(ModelFile).Length);
        Assert.Equal([Folder], Directory.EnumerateFileSystemEntries(_parent));
    }

    [Fact]
    public void Write_OverAnEmptyFolder_FillsIt()
    {
        Directory.CreateDirectory(Folder);
        Write("lenet1");
        Assert.True(File.Exists(ModelFile));
    }

    [Theory]
    [InlineData("photo.jpg", "is no SavedModel")]
    [InlineData("saved_model.pb|photo.jpg", "'photo.jpg'")]
    public void Write_OverAFolderWithOtherThings_RefusesAndLeavesIt(string files, string problem)
    {
        Directory.CreateDirectory(Folder);
        foreach (string file in files.Split('|'))
            File.WriteAllText(Path.Combine(Folder, file), "mine");
        IOException refusal = Assert.Throws<IOException>(() => Write("lenet1"));
        Assert.Contains(problem, refusal.Message, StringComparison.Ordinal);
        Assert.All(files.Split('|'), f => Assert.Equal("mine", File.ReadAllText(Path.Combine(Folder, f))));
        Assert.Equal([Folder], Directory.EnumerateFileSystemEntries(_parent));
    }

    [Fact]
    public void Write_WhereItCannot_SaysWhy()
    {
        File.WriteAllText(Folder, "mine");
        Assert.Contains("is a file", Assert.Throws<IOException>(() => Write("lenet1")).Message, StringComparison.Ordinal);
        Assert.Throws<DirectoryNotFoundException>(() => SavedModelFolder.Replace(Path.Combine(_parent, "a", "b"), _ => { }));
    }

    [Fact]
    public void Replace_FailsWhileFilling_LeavesTheOldModel()
    {
        Write("lenet1");
        byte[] old = File.ReadAllBytes(ModelFile);
        Assert.Throws<InvalidOperationException>(() => SavedModelFolder.Replace(Folder, made =>
        {
            File.WriteAllText(Path.Combine(made, "saved_model.pb"), "half");
            throw new InvalidOperationException();
        }));
        Assert.Equal(old, File.ReadAllBytes(ModelFile));
        Assert.Equal([Folder], Directory.EnumerateFileSystemEntries(_parent));
    }

    private static void AssertTensor(string name, long[] shape, TensorInfo tensor)
    {
        Assert.Equal((name, Protos.DataType.DtFloat), (tensor.Name, tensor.Dtype));
        Assert.Equal(shape, tensor.TensorShape.Dim.Select(d => d.Size));
    }

    private CnnClassificationModel Write(string network)
    {
        CnnClassificationModel model = RandomNetwork.Create(CnnArchitectures.Find(network));
        TensorFlowWriter.WriteSavedModel(model.Freeze(normalizesPixels: true, foldsBatchNorms: true), Names, Folder);
        return model;
    }
}
