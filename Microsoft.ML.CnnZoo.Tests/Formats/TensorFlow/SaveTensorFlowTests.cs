using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Tests.MLNet;
using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Formats.TensorFlow;

/// <summary>Files for TensorFlow from a trained transformer.</summary>
public sealed class SaveTensorFlowTests : IDisposable
{
    private readonly MLContext _mlContext = new(1);
    private readonly ImageFiles _files = new();
    private readonly CnnClassificationTransformer _model;

    public SaveTensorFlowTests()
    {
        FileRow[] rows = [.. Enumerable.Range(0, 24).Select(i => new FileRow
        {
            Label = DigitRows.Name(Digits.Label(i)),
            Pixels = File.ReadAllBytes(_files.Save($"{i}.png", DigitRows.Image(i))),
        })];
        IDataView view = _mlContext.Data.LoadFromEnumerable(rows);
        IDataView keyed = _mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(view).Transform(view);
        _model = _mlContext.MulticlassClassification.Trainers.CnnClassification(DigitRows.Options(1)).Fit(keyed);
    }

    public void Dispose()
    {
        _model.Dispose();
        _files.Dispose();
    }

    [Fact]
    public void SaveTensorFlow_PathAndStream_HoldTheNetworkThatScoresPixels()
    {
        string path = _files.Path("network.pb");
        _model.SaveTensorFlow(path);
        using var stream = new MemoryStream();
        _model.SaveTensorFlow(stream);
        Assert.Equal(File.ReadAllBytes(path), stream.ToArray());

        NetworkGraph graph = GraphDefFormat.Read(stream.ToArray());
        ImageShape size = _model.Model.Image;
        float[] pixels = RandomNetwork.Pixels(size.ValueCount);
        float[] scores = Exports.Run(graph, graph["scores/Softmax"].Output(), pixels);
        using MLImage image = MLImage.CreateFromPixels(size.Width, size.Height, MLPixelFormat.Rgba32,
            [.. pixels.SelectMany(p => new[] { (byte)p, (byte)p, (byte)p, byte.MaxValue })]);
        Assert.All(_model.Classify(image, top: 99), c => Assert.InRange(
            c.Probability - scores[_model.ClassNames.ToList().IndexOf(c.Label)], -1e-5f, 1e-5f));
    }

    [Fact]
    public void SaveSavedModel_Model_HasItsClassNames()
    {
        string folder = _files.Path("model");
        _model.SaveSavedModel(folder, new() { NormalizesPixels = false });
        Assert.Equal(_model.ClassNames, File.ReadAllLines(Path.Combine(folder, "assets", "labels.txt")));
    }

    [Fact]
    public void Save_Disposed_Throws()
    {
        _model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => _model.SaveTensorFlow(_files.Path("network.pb")));
        Assert.Throws<ObjectDisposedException>(() => _model.SaveSavedModel(_files.Path("model")));
        Assert.False(File.Exists(_files.Path("network.pb")) || Directory.Exists(_files.Path("model")));
    }
}
