using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>Explanations of a trained network's images.</summary>
public sealed class ExplainTests : IDisposable
{
    private readonly MLContext _mlContext = new(1);
    private readonly ImageFiles _files = new();
    private readonly string _path;
    private readonly CnnClassificationTransformer _model;

    public ExplainTests()
    {
        _path = _files.Save("digit.png", DigitRows.Image(7));
        IDataView rows = _mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(0, 150));
        IDataView keyed = _mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(rows).Transform(rows);
        _model = _mlContext.MulticlassClassification.Trainers.CnnClassification(DigitRows.Options(3)).Fit(keyed);
    }

    public void Dispose()
    {
        _model.Dispose();
        _files.Dispose();
    }

    [Theory]
    [InlineData(ExplanationMethod.GradCam, "act2/Relu", 8, 8)]
    [InlineData(ExplanationMethod.Saliency, "", 28, 28)]
    [InlineData(ExplanationMethod.SmoothGrad, "", 28, 28)]
    [InlineData(ExplanationMethod.Occlusion, "", 14, 14)]
    [InlineData(ExplanationMethod.Deconvnet, "act2/Relu", 28, 28)]
    [InlineData(ExplanationMethod.FeatureMaps, "act2/Relu", 8, 8)]
    public void Explain_EveryMethodAndForm_GivesOneMapAndItsPicture(ExplanationMethod method, string layer, int height, int width)
    {
        var options = new CnnExplanationOptions { Method = method };
        CnnExplanation explanation = _model.Explain(_path, options);
        ClassProbability predicted = _model.Classify(_path)[0];
        Assert.Equal((predicted.Label, predicted.Probability), (explanation.ClassName, explanation.Probability));
        Assert.Equal((method, layer), (explanation.Method, explanation.Layer));
        Assert.Equal((height, width, height * width), (explanation.Height, explanation.Width, explanation.Values.Count));
        Assert.All(explanation.Values, v => Assert.True(float.IsFinite(v)));
        Assert.Contains(explanation.Values, v => v > 0);
        using MLImage image = MLImage.CreateFromFile(_path);
        Assert.Equal(explanation.Values, _model.Explain(image, options).Values);
        Assert.Equal(explanation.Values, _model.Explain(File.ReadAllBytes(_path), options).Values);
        string file = _files.Path("map.png");
        explanation.SavePng(file, 112);
        using MLImage picture = MLImage.CreateFromFile(file);
        if (method < ExplanationMethod.Deconvnet)
            Assert.Equal((112, 112), (picture.Width, picture.Height));
        Assert.InRange(picture.Pixels.ToArray().Distinct().Count(), 20, 256);
    }

    [Theory]
    [InlineData(ExplanationMethod.GradCam, ".onnx")]
    [InlineData(ExplanationMethod.GradCam, ".pb")]
    [InlineData(ExplanationMethod.Saliency, ".onnx")]
    [InlineData(ExplanationMethod.Saliency, ".pb")]
    [InlineData(ExplanationMethod.Occlusion, ".onnx")]
    public void Explain_NetworkFromAFile_GivesTheMapOfTheNetworkThatWasSaved(ExplanationMethod method, string format)
    {
        string file = _files.Path($"network{format}");
        if (format == ".onnx")
            _model.SaveOnnx(file);
        else
            _model.SaveTensorFlow(file);
        CnnArchitecture network = format == ".onnx" ? CnnArchitecture.FromOnnx(file) : CnnArchitecture.FromTensorFlow(file);
        IDataView none = _mlContext.Data.LoadFromEnumerable<LabeledImage>([]);
        using TransformerChain<CnnClassificationTransformer> read = _mlContext.Transforms.LoadRawImageBytes("Image", null, "ImagePath")
            .Append(_mlContext.Transforms.ApplyCnn(network, new ApplyCnnOptions { FeatureColumnName = "Image" })).Fit(none);
        var options = new CnnExplanationOptions { Method = method };
        CnnExplanation expected = _model.Explain(_path, options), actual = read.LastTransformer.Explain(_path, options);
        Assert.Equal(expected.Probability, actual.Probability, 1e-5f);
        Assert.Equal((expected.Height, expected.Width), (actual.Height, actual.Width));
        float scale = expected.Values.Max();
        Assert.True(scale > 0);
        Assert.All(expected.Values.Zip(actual.Values), v => Assert.Equal(v.First, v.Second, 1e-3f * scale));
    }

    /// <summary>All ten decide what is explained; the map is of the one in the middle.</summary>
    [Theory]
    [InlineData(ExplanationMethod.GradCam)]
    [InlineData(ExplanationMethod.Occlusion)]
    public void Explain_TenCrops_TheMapIsOfTheCenterAndTheClassOfAll(ExplanationMethod method)
    {
        IDataView rows = _mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(0, 150));
        IDataView keyed = _mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(rows).Transform(rows);
        CnnClassificationTransformer Train(TestCrops crops)
        {
            CnnClassificationTrainer.Options options = DigitRows.Options(3);
            (options.TestCrops, options.NetworkInput) = (crops, new ImageShape(24, 24, 1));
            options.Augmentation = ImageAugmentation.None with { ShorterSide = new(28, 28) };
            return _mlContext.MulticlassClassification.Trainers.CnnClassification(options).Fit(keyed);
        }
        using CnnClassificationTransformer ten = Train(TestCrops.Ten), center = Train(TestCrops.Center);
        Assert.Equal(TestCrops.Ten, ten.Model.TestCrops);
        ClassProbability decided = ten.Classify(_path)[0];
        Assert.NotEqual(decided.Probability, center.Classify(_path)[0].Probability);
        var options = new CnnExplanationOptions { Method = method, ClassName = decided.Label };
        CnnExplanation map = ten.Explain(_path, options);
        Assert.Equal((decided.Label, decided.Probability), (map.ClassName, map.Probability));
        Assert.Equal(center.Explain(_path, options).Values, map.Values);
    }

    [Fact]
    public void Explain_AnotherClass_GivesAnotherMap()
    {
        string[] other = [.. _model.Classify(_path, 10).Select(c => c.Label)];
        CnnExplanation own = _model.Explain(_path), least = _model.Explain(_path, new() { ClassName = other[^1] });
        Assert.Equal(other[^1], least.ClassName);
        Assert.NotEqual(own.Values, least.Values);
        string message = Assert.Throws<ArgumentOutOfRangeException>(() => _model.Explain(_path, new() { ClassName = "digit" })).Message;
        Assert.Contains("CnnExplanationOptions.ClassName is 'digit'; expected one of the 10 classes, such as digit 0", message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Explain_OcclusionOfAModelsOwnDigit_HurtsItMostInsideTheInk()
    {
        CnnExplanation explanation = _model.Explain(_path, new() { Method = ExplanationMethod.Occlusion, OcclusionSize = 8,
            OcclusionStride = 4 });
        Assert.Equal((7, 7), (explanation.Width, explanation.Height));
        int most = explanation.Values.ToList().IndexOf(explanation.Values.Max());
        Assert.InRange(most % 7, 1, 5);
        Assert.InRange(explanation.Values.Max(), 0.01f, 1);
    }

    [Fact]
    public async Task Explain_FromManyThreads_GivesEachItsImagesMap()
    {
        byte[][] files = [.. Enumerable.Range(0, 8).Select(i => File.ReadAllBytes(_files.Save($"{i}.png", DigitRows.Image(i))))];
        IReadOnlyList<float>[] expected = [.. files.Select(f => _model.Explain(f).Values)];
        await Task.WhenAll(Enumerable.Range(0, 4).Select(t => Task.Run(() =>
        {
            for (int i = 0; i < 200; i++)
                Assert.Equal(expected[(i + t) % 8], _model.Explain(files[(i + t) % 8]).Values);
        })));
    }

    [Fact]
    public void Explain_MoreLayersThanAreKept_GivesTheSameAgain()
    {
        string[] layers = ["conv1", "act1", "conv2", "act2", "conv1/Conv2D", "conv2/Conv2D", "pool1", "conv1/BiasAdd", "conv2/BiasAdd"];
        IReadOnlyList<float>[] Maps() => [.. layers.Select(l => _model.Explain(_path, new() { Layer = l }).Values)];
        Assert.Equal(Maps(), Maps());
    }

    [Fact]
    public void Explain_BadImageOrDisposed_SaysSo()
    {
        string message = Assert.Throws<InvalidDataException>(() => _model.Explain("text"u8)).Message;
        Assert.Contains("The image cannot be explained: its 4 bytes are no image", message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => _model.Explain(_path, new() { Samples = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => _model.Explain(_path).ToPng(1 << 20));
        _model.Explain(_path);
        _model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => _model.Explain(_path));
        Assert.Throws<ObjectDisposedException>(() => _model.DrawFilters());
    }

    [Fact]
    public void DrawFilters_FirstConvolution_HasATileForEach()
    {
        string file = _files.Write("filters.png", _model.DrawFilters());
        using MLImage picture = MLImage.CreateFromFile(file);
        Assert.InRange(picture.Width, 400, 600);
        Assert.True(picture.Width > picture.Height); // six filters: three in a row
    }
}
