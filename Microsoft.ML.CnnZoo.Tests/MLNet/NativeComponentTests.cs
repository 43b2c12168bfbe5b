using System.Reflection;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>The trainer and its transformer are to ML.NET what its own multiclass trainers are.</summary>
public sealed class NativeComponentTests
{
    private sealed class TwoColumns
    {
        public string Label { get; set; } = "";
        [VectorType(16, 16)]
        public float[] Features { get; set; } = [];
    }

    private sealed class Scores
    {
        public float[] Score { get; set; } = [];
    }

    private readonly MLContext _mlContext = new(1);

    [Fact]
    public void Info_OfTheTrainer_StatesWhatItDoesByItself()
    {
        ITrainerEstimator<CnnClassificationTransformer, CnnClassificationModel> trainer =
            _mlContext.MulticlassClassification.Trainers.CnnClassification(CnnArchitectures.LeNet5Relu);
        Assert.False(trainer.Info.NeedNormalization);
        Assert.False(trainer.Info.WantCaching);
    }

    [Fact]
    public void Catalog_ShortOverload_HasMLNetsArguments()
    {
        IDataView rows = Keyed();
        var epochs = new List<string>();
        _mlContext.Log += (_, e) =>
        {
            if (e.RawMessage.StartsWith("Epoch ", StringComparison.Ordinal))
                epochs.Add(e.RawMessage);
        };
        using CnnClassificationTransformer model = _mlContext.MulticlassClassification.Trainers
            .CnnClassification(CnnArchitectures.LeNet5Relu, "Label", "Features", "MyScore", "MyLabel", validationSet: rows)
            .Fit(rows);
        Assert.Equal(["MyLabel", "MyScore"], model.Transform(rows).Schema.Skip(rows.Schema.Count).Select(c => c.Name));
        Assert.All(epochs, e => Assert.Contains("validation loss", e, StringComparison.Ordinal));
        Assert.NotEmpty(epochs);
    }

    [Fact]
    public void Transformer_IsASingleFeaturePredictionTransformer()
    {
        IDataView rows = Keyed();
        ISingleFeaturePredictionTransformer<object> model = Train(rows);
        Assert.Equal(("Features", "Vector<Single, 16, 16>"),
            (model.FeatureColumnName, model.FeatureColumnType.ToString()));
        using var file = new MemoryStream();
        _mlContext.Model.Save(model, null, file);
        using var loaded = (CnnClassificationTransformer)new MLContext().Model.Load(file, out _);
        Assert.Equal(model.FeatureColumnType, loaded.FeatureColumnType);
        Assert.True(((ITransformer)loaded).IsRowToRowMapper);
        ((IDisposable)model).Dispose();
    }

    [Fact]
    public void PermutationFeatureImportance_OfTheTransformer_ComesForEveryPixel()
    {
        IDataView rows = Keyed();
        using CnnClassificationTransformer model = Train(rows);
        var importance =
            _mlContext.MulticlassClassification.PermutationFeatureImportance(model, rows, permutationCount: 1);
        Assert.Equal(256, importance.Length);
    }

    [Fact]
    public void GetOutputSchema_OfTheTrainer_IsTheTransformersWithAllAnnotations()
    {
        IDataView rows = Keyed();
        using CnnClassificationTransformer model = Train(rows);
        string[] promised = Describe(Trainer().GetOutputSchema(ShapeOf(rows.Schema)));
        Assert.Equal(Describe(ShapeOf(model.GetOutputSchema(rows.Schema))), promised);
        Assert.Contains("Score Vector Single", string.Join('\n', promised), StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_ImagesDroppedByACache_SaysSo()
    {
        using var files = new ImageFiles();
        string path = files.Save("0.png", DigitRows.Image(0));
        IDataView rows = _mlContext.Data.LoadFromEnumerable(
            Enumerable.Range(0, 4).Select(i => new { Label = $"{i % 2}", Path = path }).ToArray());
        var pipeline = _mlContext.Transforms.LoadImages("Image", null, "Path").AppendCacheCheckpoint(_mlContext)
            .Append(_mlContext.Transforms.Conversion.MapValueToKey("Label"))
            .Append(_mlContext.MulticlassClassification.Trainers.CnnClassification(
                CnnArchitectures.LeNet5Relu, featureColumnName: "Image"));
        string message = Assert.Throws<ArgumentOutOfRangeException>(() => pipeline.Fit(rows)).Message;
        Assert.Contains("Could not find feature column 'Image'", message, StringComparison.Ordinal);
        Assert.Contains("AppendCacheCheckpoint", message, StringComparison.Ordinal);
    }

    [Fact]
    public void PredictionEngine_OtherEngineDisposedTheModel_SaysHowToShareIt()
    {
        IDataView rows = Keyed();
        CnnClassificationTransformer model = Train(rows);
        var engine = _mlContext.Model.CreatePredictionEngine<TwoColumns, Scores>(model,
            new PredictionEngineOptions { OwnsTransformer = false });
        var owner = _mlContext.Model.CreatePredictionEngine<TwoColumns, Scores>(model);
        Assert.Equal(2, engine.Predict(Row(0)).Score.Length);
        owner.Dispose();
        string message = Assert.Throws<ObjectDisposedException>(() => engine.Predict(Row(1))).Message;
        Assert.Contains("OwnsTransformer = false", message, StringComparison.Ordinal);
        Assert.Contains("Classify", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_ValidationKeysInAnotherOrder_NamesTheFirstDifference()
    {
        IDataView train = Keyed(), other = Keyed(["dog", "cat"]);
        string message = Assert.Throws<ArgumentOutOfRangeException>(() => Trainer().Fit(train, other)).Message;
        Assert.Contains("key 1 is 'dog' there, 'cat' in the training data", message, StringComparison.Ordinal);
        Assert.Contains("one MapValueToKey", message, StringComparison.Ordinal);
        using CnnClassificationTransformer model = Trainer().Fit(train, Keyed());
    }

    private CnnClassificationTrainer Trainer()
    {
        CnnClassificationTrainer.Options options = DigitRows.Options(1);
        options.FeatureColumnName = "Features";
        return _mlContext.MulticlassClassification.Trainers.CnnClassification(options);
    }

    private CnnClassificationTransformer Train(IDataView rows) => Trainer().Fit(rows);

    private static TwoColumns Row(int i, string[]? classes = null) =>
        new()
        {
            Label = (classes ?? ["cat", "dog"])[i % 2],
            Features = [.. Enumerable.Range(0, 256).Select(k => (float)((k * ((i % 2) + 1)) % 7))],
        };

    private IDataView Keyed(string[]? classes = null)
    {
        IDataView rows =
            _mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, 8).Select(i => Row(i, classes)).ToArray());
        return _mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(rows).Transform(rows);
    }

    /// <summary>ML.NET's own shape of a schema; its method is internal.</summary>
    internal static SchemaShape ShapeOf(DataViewSchema schema) =>
        (SchemaShape)typeof(SchemaShape).GetMethod("Create", BindingFlags.NonPublic | BindingFlags.Static)!
            .Invoke(null, [schema])!;

    private static string[] Describe(SchemaShape shape) =>
        [.. shape.Select(c => $"{c.Name} {c.Kind} {c.ItemType} {c.IsKey} ({string.Join("; ", Describe(c.Annotations))})")
            .Order(StringComparer.Ordinal)];
}
