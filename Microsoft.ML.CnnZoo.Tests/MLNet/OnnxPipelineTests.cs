using Google.Protobuf;
using Microsoft.ML.CnnZoo.Formats.Onnx.Protos;
using Microsoft.ML.CnnZoo.Tests.Formats.Onnx;
using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.Transforms;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>Trained pipelines as ONNX files: by SaveOnnx, by ML.NET's ConvertToOnnx, and back through ApplyOnnxModel.</summary>
public sealed class OnnxPipelineTests : IDisposable
{
    private const double Tolerance = 1e-5;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cnnzoo-onnx-test-");
    private readonly MLContext _mlContext = new(seed: 1);

    public void Dispose() => _folder.Delete(recursive: true);

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);

    [Fact]
    public void ConvertToOnnx_WholePipelineOnFloats_GivesScoresAndLabels()
    {
        IDataView data = _mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 200));
        using var model = (TransformerChain<KeyToValueMappingTransformer>)Fit(data);
        using (FileStream stream = File.Create(PathOf("pipeline.onnx")))
            _mlContext.Model.ConvertToOnnx(model, data, stream);

        IDataView rows = _mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(300, 20));
        IDataView expected = model.Transform(rows);
        IDataView actual = _mlContext.Transforms.ApplyOnnxModel(PathOf("pipeline.onnx")).Fit(rows).Transform(rows);
        Assert.InRange(OnnxRun.Difference(
            [.. DigitRows.Scores(expected).SelectMany(s => s)],
            [.. actual.GetColumn<float[]>("Score").SelectMany(s => s)]), 0, Tolerance);
        Assert.Equal(expected.GetColumn<string>("PredictedLabel"),
            actual.GetColumn<ReadOnlyMemory<char>[]>("PredictedLabel").Select(l => l.Single().ToString()));
    }

    [Fact]
    public void ConvertToOnnx_BytesOfChosenColumns_GivesScores()
    {
        IDataView data = _mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(0, 200));
        using var model = (TransformerChain<KeyToValueMappingTransformer>)Fit(data);
        using var stream = new MemoryStream();
        _mlContext.Model.ConvertToOnnx(model, data, stream, "Score");

        byte[] pixels = [.. DigitRows.Bytes(300, 1).Single().Pixels];
        using var session = new InferenceSession(stream.ToArray());
        using OrtValue label = OrtValue.CreateFromStringTensor(
            new OnnxRuntime.Tensors.DenseTensor<string>(new[] { "" }, [1, 1]));
        using OrtValue image = OrtValue.CreateTensorValueFromMemory(pixels, [1, 28, 28, 1]);
        using var run = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> results =
            session.Run(run, ["Label", "Pixels"], [label, image], ["Score.output"]);
        float[] expected = DigitRows.Scores(
            model.Transform(_mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(300, 1)))).Single();
        Assert.InRange(OnnxRun.Difference(expected, results[0].GetTensorDataAsSpan<float>().ToArray()), 0, Tolerance);
    }

    [Fact]
    public void ConvertToOnnx_AfterExtractPixels_GivesScores()
    {
        IDataView Pixels(int first, int count) => _mlContext.Data.Cache(_mlContext.Transforms.ResizeImages("Pixels", 28, 28)
            .Append(_mlContext.Transforms.ExtractPixels("Pixels"))
            .Append(_mlContext.Transforms.SelectColumns("Label", "Pixels"))
            .Fit(_mlContext.Data.LoadFromEnumerable(DigitRows.Images(0, 1)))
            .Transform(_mlContext.Data.LoadFromEnumerable(DigitRows.Images(first, count))));
        IDataView data = Pixels(0, 100), rows = Pixels(300, 20);
        CnnClassificationTrainer.Options options = DigitRows.Options();
        options.NetworkInput = new ImageShape(28, 28, 3);
        using TransformerChain<KeyToValueMappingTransformer> model =
            (TransformerChain<KeyToValueMappingTransformer>)DigitRows.Pipeline(_mlContext, options).Fit(data);
        using (FileStream stream = File.Create(PathOf("pipeline.onnx")))
            _mlContext.Model.ConvertToOnnx(model, data, stream);
        IDataView actual = _mlContext.Transforms.ApplyOnnxModel(PathOf("pipeline.onnx")).Fit(rows).Transform(rows);
        Assert.InRange(OnnxRun.Difference(
            [.. DigitRows.Scores(model.Transform(rows)).SelectMany(s => s)],
            [.. actual.GetColumn<float[]>("Score").SelectMany(s => s)]), 0, Tolerance);
    }

    [Fact]
    public void ConvertToOnnx_StepBeforeThatCannot_SaysWhatToPass()
    {
        IDataView images = _mlContext.Data.LoadFromEnumerable(DigitRows.Images(0, 64));
        CnnClassificationTrainer.Options options = DigitRows.Options(1);
        options.NetworkInput = new ImageShape(28, 28, 3);
        using var model = _mlContext.Transforms.ExtractPixels("Pixels").Append(DigitRows.Pipeline(_mlContext, options))
            .Fit(images);
        using var stream = new MemoryStream();
        Assert.Contains("mlContext.Data.Cache", Assert.Throws<InvalidOperationException>(
            () => _mlContext.Model.ConvertToOnnx(model, images, stream)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ConvertToOnnx_ImagesInsteadOfPixels_SaysWhatIsExpected()
    {
        IDataView data = _mlContext.Data.LoadFromEnumerable(DigitRows.Images(0, 64));
        using var model = (TransformerChain<KeyToValueMappingTransformer>)Fit(data);
        using var stream = new MemoryStream();
        Assert.Contains("expected vectors of pixels", Assert.Throws<InvalidOperationException>(
            () => _mlContext.Model.ConvertToOnnx(model, data, stream)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ConvertToOnnx_TooOldOpset_IsRefused()
    {
        IDataView data = _mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 64));
        using var model = (TransformerChain<KeyToValueMappingTransformer>)Fit(data, 1);
        using var stream = new MemoryStream();
        Assert.Contains("CnnClassificationTransformer", Assert.ThrowsAny<Exception>(
            () => _mlContext.Model.ConvertToOnnx(model, data, 10, stream)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SaveOnnx_TrainedOnBytes_ScoresInApplyOnnxModel()
    {
        IDataView data = _mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(0, 200));
        using var model = (TransformerChain<KeyToValueMappingTransformer>)Fit(data);
        CnnClassificationTransformer network = CnnClassificationTransformer.From(model);
        string path = PathOf("network.onnx");
        network.SaveOnnx(path, new OnnxExportOptions { InputName = "Pixels" });

        PixelRow[] rows = [.. DigitRows.Bytes(300, 20).Select(r =>
            new PixelRow { Label = r.Label, Pixels = Array.ConvertAll(r.Pixels, p => (float)p) })];
        IDataView input = _mlContext.Data.LoadFromEnumerable(rows);
        IDataView actual = _mlContext.Transforms.ApplyOnnxModel(["probabilities", "class"], ["Pixels"], path)
            .Fit(input).Transform(input);
        IDataView expected = model.Transform(_mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(300, 20)));
        Assert.InRange(OnnxRun.Difference(
            [.. DigitRows.Scores(expected).SelectMany(s => s)],
            [.. actual.GetColumn<float[]>("probabilities").SelectMany(s => s)]), 0, Tolerance);
        Assert.Equal(expected.GetColumn<string>("PredictedLabel"),
            actual.GetColumn<long[]>("class").Select(c => network.ClassNames[(int)c.Single()]));
        Assert.Equal([path], Directory.GetFiles(_folder.FullName));
    }

    [Fact]
    public void SaveOnnx_StreamAndFile_AreEqual()
    {
        using var model = (TransformerChain<KeyToValueMappingTransformer>)Fit(
            _mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(0, 64)), 1);
        CnnClassificationTransformer network = CnnClassificationTransformer.From(model);
        using var stream = new MemoryStream();
        network.SaveOnnx(stream);
        network.SaveOnnx(PathOf("network.onnx"));
        Assert.Equal(stream.ToArray(), File.ReadAllBytes(PathOf("network.onnx")));
        OnnxChecker.Check(ModelProto.Parser.ParseFrom(stream.ToArray()));
    }

    [Fact]
    public void SaveOnnx_Disposed_Throws()
    {
        using var model = (TransformerChain<KeyToValueMappingTransformer>)Fit(
            _mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(0, 64)), 1);
        CnnClassificationTransformer network = CnnClassificationTransformer.From(model);
        network.Dispose();
        Assert.Throws<ObjectDisposedException>(() => network.SaveOnnx(PathOf("network.onnx")));
        Assert.Throws<DirectoryNotFoundException>(() => Files.CompleteFile.Write(
            PathOf("no/such.onnx"), ByteString.Empty.WriteTo));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.FullName));
    }

    private ITransformer Fit(IDataView data, int epochs = 4) =>
        DigitRows.Pipeline(_mlContext, DigitRows.Options(epochs)).Fit(data);
}
