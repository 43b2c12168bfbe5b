using System.Text.Json;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Formats;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Formats.Onnx;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Tests.Formats.Onnx;
using Microsoft.ML.CnnZoo.Tests.MLNet;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.CnnZoo.Weights;
using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Formats;

/// <summary>A network from a file is an architecture like any other.</summary>
public sealed class ImportedArchitectureTests : IDisposable
{
    private readonly ImageFiles _files = new();
    private readonly MLContext _mlContext = new(1);

    public void Dispose() => _files.Dispose();

    private static string KerasFile => InteropFiles.PathOf("tensorflow-small", "keras3_seq.onnx");

    [Theory]
    [InlineData("tv_resnet18")]
    [InlineData("tv_squeezenet1_1")]
    [InlineData("k_mobilenet_v2")]
    public void Build_ForTheFilesClasses_GivesItsLogits(string name)
    {
        JsonElement entry = InteropFiles.Cases("onnx-published").Single(c => c.GetProperty("name").GetString() == name);
        ImportedArchitecture network = Import(entry);
        KnownArray input = InteropFiles.Input(entry);
        if (input.Shape[1] == 3)
            input = input.Transpose([0, 2, 3, 1]);
        (NetworkGraph graph, var outputs) = network.BuildGraph(GraphMode.Inference, network.Network.Classes, network.DefaultInput);
        using var weights = new VariableStore();
        new WeightsLoader(network.FileWeights!.Tensors, network, network.DefaultInput, network.Network.Classes).CopyTo(weights);
        using Executable plan = new Session(KernelSet.Shared).Compile(graph,
            new Dictionary<string, TensorShape> { ["image"] = new(input.Shape) }, [outputs.Output], [], weights);
        input.ToFloats().CopyTo(plan.Feed<float>("image"));
        plan.Run(CancellationToken.None);
        InteropFiles.Check(entry, InteropFiles.Numbers(entry, "first"), plan.Fetch<float>(0).ToArray());
    }

    [Theory]
    [InlineData("tv_resnet18", "resnet18")]
    [InlineData("tv_densenet121_new", "densenet121")]
    [InlineData("tv_mobilenet_v2", "mobilenetv2")]
    public void Import_PublishedNetwork_HasAboutAsManyNodesAsOurs(string name, string ours)
    {
        JsonElement entry = InteropFiles.Cases("onnx-published").Single(c => c.GetProperty("name").GetString() == name);
        int imported = Layers(Import(entry).BuildGraph(10)), own = Layers(CnnArchitectures.Find(ours).BuildGraph(10));
        Assert.InRange(imported, own / 2, own + 6);

        static int Layers(NetworkGraph graph) => graph.Nodes.Count(n => n.Op is not ("Const" or "VarHandleOp" or "ReadVariableOp"));
    }

    [Fact]
    public void Import_OtherNumberOfClasses_StartsTheClassifierFresh()
    {
        var network = (ImportedArchitecture)CnnArchitecture.FromOnnx(KerasFile);
        WeightsMatch match = new WeightsLoader(network.FileWeights!.Tensors, network, network.DefaultInput, 7).Match();
        Assert.True(match.IsUsable, match.Problem());
        Assert.Equal(2, match.Fresh.Count);
        Assert.True(new WeightsLoader(network.FileWeights.Tensors, network, network.DefaultInput, 5).Match() is { Fresh: [] });
    }

    [Fact]
    public void Fit_SavedAndLoaded_ScoresAlikeWithoutTheOnnxFile()
    {
        string copy = _files.Write("network.onnx", File.ReadAllBytes(KerasFile));
        IDataView view = Colors();
        TransformerChain<CnnClassificationTransformer> model = Fit(view, Options(CnnArchitecture.FromOnnx(copy)));
        File.Delete(copy);
        _mlContext.Model.Save(model, view.Schema, _files.Path("model.zip"));
        model.LastTransformer.Model.SaveWeights(_files.Path("weights.safetensors"));
        ITransformer loaded = new MLContext(1).Model.Load(_files.Path("model.zip"), out _);
        float[][] expected = [.. model.Transform(view).GetColumn<float[]>("Score")],
            actual = [.. loaded.Transform(view).GetColumn<float[]>("Score")];
        Assert.Equal(expected, actual);
        Assert.True(expected.Select((s, i) => (s, i)).Count(p => Array.IndexOf(p.s, p.s.Max()) == p.i % 3) >= 22);
        using CnnWeights weights = CnnWeights.Load(_files.Path("weights.safetensors"));
        Assert.NotEmpty(weights.Names);
        model.Dispose();
    }

    [Theory]
    [InlineData("keras3_seq.onnx", "seq_1/c1", "seq_1/c1_1/")]
    [InlineData("keras3_seq.onnx", null, "seq_1/c1_1/ seq_1/c2_1/ seq_1/bn2_1/ seq_1/d1_1/")]
    [InlineData("keras2_fun_savedmodel", "sep", "stem/ stem_bn/ sep/ sep_bn/ fun/sep_bn/")]
    [InlineData("keras2_fun_savedmodel", null, "stem/ stem_bn/ sep/ sep_bn/ fun/sep_bn/ dw/ pw/ se1/ se2/ one7/")]
    public void Fit_FrozenLayersOfAFile_StayAsTheyAreAndTheOthersLearn(string file, string? until, string frozen)
    {
        string path = InteropFiles.PathOf("tensorflow-small", file);
        var import = new CnnImportOptions { Preprocessing = ImagePreprocessing.Raw };
        var network = (ImportedArchitecture)(file.EndsWith(".onnx", StringComparison.Ordinal)
            ? CnnArchitecture.FromOnnx(path, import) : CnnArchitecture.FromTensorFlow(path, import));
        CnnClassificationTrainer.Options options = Options(network);
        (options.FreezeUntil, options.FineTuning) = (until, until is null ? FineTuning.HeadOnly : FineTuning.AllLayers);
        (options.Augmentation, options.Epochs, options.ImageNormalization) =
            (ImageAugmentation.None, 30, PixelNormalization.Uniform(3, 1 / 60f, -1));
        var log = new List<string>();
        _mlContext.Log += (_, e) => log.Add(e.RawMessage);
        IDataView view = Colors();
        using TransformerChain<CnnClassificationTransformer> model = Fit(view, options);
        Assert.Contains(log, m => m.StartsWith("Features of 24 images (", StringComparison.Ordinal));
        using var first = new VariableStore();
        new WeightsLoader(network.FileWeights!.Tensors, network, network.DefaultInput, 3).CopyTo(first);
        string[] same = [.. model.LastTransformer.Model.Weights.Variables
            .Where(v => first.Contains(v.Name) && first[v.Name].Bytes.SequenceEqual(v.Get().Bytes)).Select(v => v.Name)];
        string[] stages = frozen.Split(' ');
        Assert.All(model.LastTransformer.Model.Weights.Variables, v => Assert.True(same.Contains(v.Name)
            == stages.Any(s => v.Name.TrimStart('/').StartsWith(s, StringComparison.Ordinal)), v.Name));
        float[][] scores = [.. model.Transform(view).GetColumn<float[]>("Score")];
        Assert.InRange(scores.Select((s, i) => (s, i)).Count(p => Array.IndexOf(p.s, p.s.Max()) == p.i % 3), 20, 24);
    }

    [Fact]
    public void Fit_UnknownLayerOfAFileWithOneScope_NamesTheLayersBelowIt()
    {
        CnnClassificationTrainer.Options options = Options(CnnArchitecture.FromOnnx(KerasFile));
        options.FreezeUntil = "nothing";
        Assert.Contains("expected the name of a stage or layer: seq_1/c1_1, seq_1/c2_1, seq_1/bn2_1, seq_1/d1_1, seq_1/predictions_1",
            Assert.Throws<ArgumentOutOfRangeException>(() => Fit(Colors(), options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ApplyCnn_FileWithClasses_ScoresByItsOwnWeightsAndNames()
    {
        CnnArchitecture network = CnnArchitecture.FromOnnx(KerasFile,
            new CnnImportOptions { Labels = ["a", "b", "c", "d", "e"] });
        string path = _files.Save("noise.png", ImageFiles.Noise(32, 32, 3));
        IDataView view = _mlContext.Data.LoadFromEnumerable([new LabeledImage { ImagePath = path }]);
        var pipeline = _mlContext.Transforms.LoadImages("Image", "", "ImagePath")
            .Append(_mlContext.Transforms.ApplyCnn(network, new ApplyCnnOptions { FeatureColumnName = "Image" }))
            .Append(_mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        IDataView scored = pipeline.Fit(view).Transform(view);
        float[] scores = scored.GetColumn<float[]>("Score").Single();
        using MLImage image = MLImage.CreateFromFile(path);
        byte[] bgra = image.Pixels.ToArray();
        int red = image.PixelFormat == MLPixelFormat.Rgba32 ? 0 : 2;
        float[] pixels = [.. Enumerable.Range(0, 32 * 32)
            .SelectMany(i => new float[] { bgra[(4 * i) + red], bgra[(4 * i) + 1], bgra[(4 * i) + 2 - red] })];
        float[] expected = FrozenNetworkRun.Run(OnnxReader.Read(KerasFile), KnownArray.Of([1, 32, 32, 3], pixels)).ToFloats();
        Assert.True(expected.Zip(scores).Max(p => Math.Abs(p.First - p.Second)) < 1e-5);
        Assert.Equal("abcde"[Array.IndexOf(expected, expected.Max())].ToString(), scored.GetColumn<string>("PredictedLabel").Single());
    }

    [Fact]
    public void Import_FileThatScalesItsPixels_StatesIt_OthersAreGuessedWithAWarning()
    {
        var stated = (ImportedArchitecture)CnnArchitecture.FromOnnx(KerasFile);
        Assert.False(stated.IsPreprocessingGuessed);
        Assert.NotEqual(PixelNormalization.Identity(3), stated.Preprocessing.Normalization);
        JsonElement entry = InteropFiles.Cases("onnx-published").Single(c => c.GetProperty("name").GetString() == "tv_squeezenet1_1");
        ImportedArchitecture guessed = Importer.Import(
            OnnxReader.Read(OnnxReaderTests.Filled(entry), "net.onnx", null, null), new CnnImportOptions());
        Assert.True(guessed.IsPreprocessingGuessed);
        Assert.Contains("KerasCaffe", guessed.PreprocessingReason, StringComparison.Ordinal);
        Assert.Equal(PixelNormalization.ImageNet, guessed.Preprocessing.Normalization);
    }

    /// <summary>Pictures of three classes that differ in color.</summary>
    private IDataView Colors()
    {
        string[] names = ["red", "green", "blue"];
        return _mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, 24).Select(i => new LabeledImage
        {
            ImagePath = _files.Save($"{i}.png", ImageFiles.Make(32, 32, (x, y) => ((byte)(i % 3 == 0 ? 200 : (x * i) % 90),
                (byte)(i % 3 == 1 ? 200 : (y * i) % 90), (byte)(i % 3 == 2 ? 200 : (x + y) % 90), 255))),
            Label = names[i % 3],
        }).ToArray());
    }

    private static CnnClassificationTrainer.Options Options(CnnArchitecture network) => new()
    {
        Architecture = network, FeatureColumnName = "Image", Epochs = 6, BatchSize = 8, ValidationSetFraction = null, Seed = 1,
        LearningRate = 0.02f,
    };

    private TransformerChain<CnnClassificationTransformer> Fit(IDataView view, CnnClassificationTrainer.Options options) =>
        _mlContext.Transforms.Conversion.MapValueToKey("Label")
            .Append(_mlContext.Transforms.LoadRawImageBytes("Image", null, "ImagePath"))
            .Append(_mlContext.MulticlassClassification.Trainers.CnnClassification(options)).Fit(view);

    private static ImportedArchitecture Import(JsonElement entry) => Importer.Import(
        OnnxReader.Read(OnnxReaderTests.Filled(entry), entry.GetProperty("name").GetString()!, null, null),
        new CnnImportOptions { Preprocessing = ImagePreprocessing.Raw });
}
