using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>Pictures of explanations as a column of a pipeline.</summary>
public sealed class ExplainCnnTests : IDisposable
{
    private readonly MLContext _mlContext = new(1);
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"cnnzoo-{Guid.NewGuid():N}.zip");
    private readonly CnnClassificationTransformer _trained;
    private readonly IDataView _rows;

    public ExplainCnnTests()
    {
        _rows = _mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(0, 100));
        IDataView keyed = _mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(_rows).Transform(_rows);
        _trained = _mlContext.MulticlassClassification.Trainers.CnnClassification(DigitRows.Options(2)).Fit(keyed);
    }

    public void Dispose()
    {
        _trained.Dispose();
        File.Delete(_path);
    }

    [Fact]
    public void Transform_EveryRow_HasThePictureOfItsExplanation()
    {
        var options = new CnnExplanationOptions { ClassName = "digit 3" };
        using CnnExplainingTransformer pictures = Fit(options, 112);
        byte[][] rows = Pixels(pictures.Transform(_rows), 5);
        Assert.Equal(5, rows.Distinct(EqualityComparer<byte[]>.Create((a, b) => a!.AsSpan().SequenceEqual(b), _ => 0)).Count());
        for (int i = 0; i < rows.Length; i++)
        {
            using MLImage digit = DigitRows.Image(i);
            using var png = new MemoryStream(_trained.Explain(digit, options).ToPng(112));
            using MLImage expected = MLImage.CreateFromStream(png);
            Assert.Equal(112 * 112 * 4, rows[i].Length);
            Assert.Equal(Rgb(expected.Pixels.ToArray(), expected.PixelFormat), Rgb(rows[i], MLPixelFormat.Rgba32));
        }
    }

    [Theory]
    [InlineData(ExplanationMethod.Saliency)]
    [InlineData(ExplanationMethod.SmoothGrad)]
    [InlineData(ExplanationMethod.Occlusion)]
    public void Save_Load_GivesTheSamePictures(ExplanationMethod method)
    {
        byte[][] expected;
        var options = new CnnExplanationOptions { Method = method, Samples = 3, Seed = 5, Noise = 0.1f, OcclusionSize = 7,
            OcclusionStride = 6, ClassName = "digit 1" };
        using (CnnExplainingTransformer pictures = Fit(options, 64))
        {
            expected = Pixels(pictures.Transform(_rows), 4);
            _mlContext.Model.Save(pictures, _rows.Schema, _path);
        }
        var loaded = (CnnExplainingTransformer)new MLContext().Model.Load(_path, out _);
        using (loaded)
        {
            Assert.Equal(options, loaded.Options);
            Assert.Equal(expected, Pixels(loaded.Transform(_rows), 4));
        }
    }

    [Fact]
    public void Transform_BadImage_HasNoPictureAndTheLogWarns()
    {
        FileRow[] files = [new() { Pixels = [1, 2, 3] }];
        IDataView rows = _mlContext.Data.LoadFromEnumerable(files);
        List<string> log = [];
        _mlContext.Log += (_, e) => log.Add(e.Message);
        using CnnExplainingTransformer pictures = _mlContext.Transforms.ExplainCnn("Picture", _trained, "Pixels").Fit(rows);
        Assert.Equal([null], pictures.Transform(rows).GetColumn<MLImage?>("Picture"));
        Assert.Contains(log, m => m.Contains("Row 0: the image in column 'Pixels' has no explanation", StringComparison.Ordinal));
    }

    [Fact]
    public void Transform_VectorsOfFloats_AreExplainedToo()
    {
        IDataView rows = _mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 60));
        IDataView keyed = _mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(rows).Transform(rows);
        using CnnClassificationTransformer network =
            _mlContext.MulticlassClassification.Trainers.CnnClassification(DigitRows.Options(1)).Fit(keyed);
        using CnnExplainingTransformer pictures = _mlContext.Transforms.ExplainCnn("Picture", network, "Pixels").Fit(rows);
        Assert.InRange(Pixels(pictures.Transform(rows), 1)[0].Distinct().Count(), 20, 256);
    }

    [Fact]
    public void Schema_PromisedAndDelivered_Agree()
    {
        CnnExplainingEstimator estimator = _mlContext.Transforms.ExplainCnn("Picture", _trained, "Pixels");
        SchemaShape.Column promised =
            estimator.GetOutputSchema(NativeComponentTests.ShapeOf(_rows.Schema)).Single(c => c.Name == "Picture");
        using CnnExplainingTransformer pictures = estimator.Fit(_rows);
        Assert.Equal(new ImageDataViewType(224, 224), pictures.Transform(_rows).Schema["Picture"].Type);
        Assert.Equal((SchemaShape.Column.VectorKind.Scalar, true), (promised.Kind, promised.ItemType is ImageDataViewType));
    }

    [Fact]
    public void Fit_WhatCannotBe_SaysWhatCan()
    {
        string Message(CnnExplanationOptions options) =>
            Assert.Throws<ArgumentOutOfRangeException>(() => Fit(options, 64)).Message;
        Assert.Contains("expected one that gives one picture for each image", Message(new() { Method = ExplanationMethod.Deconvnet }),
            StringComparison.Ordinal);
        Assert.Contains("The layer is 'conv3'; expected the name of a stage or layer", Message(new() { Layer = "conv3" }),
            StringComparison.Ordinal);
        Assert.Contains("'fc1', which gives", Message(new() { Layer = "fc1" }), StringComparison.Ordinal);
        Assert.Contains("expected one of the 10 classes", Message(new() { ClassName = "cat" }), StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Fit(null, 8));
        Assert.Throws<ArgumentOutOfRangeException>(() => _mlContext.Transforms.ExplainCnn("Picture", _trained, "Nothing").Fit(_rows));
    }

    private CnnExplainingTransformer Fit(CnnExplanationOptions? options, int side) =>
        _mlContext.Transforms.ExplainCnn("Picture", _trained, "Pixels", options, side).Fit(_rows);

    private static byte[][] Pixels(IDataView view, int count)
    {
        var pictures = new List<byte[]>();
        DataViewSchema.Column column = view.Schema["Picture"];
        using DataViewRowCursor cursor = view.GetRowCursor([column]);
        ValueGetter<MLImage> read = cursor.GetGetter<MLImage>(column);
        MLImage picture = null!;
        while (pictures.Count < count && cursor.MoveNext())
        {
            read(ref picture);
            pictures.Add(picture.Pixels.ToArray());
        }
        picture.Dispose();
        return [.. pictures];
    }

    private static byte[] Rgb(byte[] pixels, MLPixelFormat format) =>
        [.. pixels.Chunk(4).SelectMany(p => format == MLPixelFormat.Bgra32 ? new[] { p[2], p[1], p[0] } : p[..3])];
}
