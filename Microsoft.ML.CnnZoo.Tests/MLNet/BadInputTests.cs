using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>What users get wrong: each is told what and where, before training where that can be, and nothing is lost.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly MLContext _mlContext = new(1);
    private readonly ImageFiles _files = new();
    private readonly List<string> _warnings = [];

    public BadInputTests() => _mlContext.Log += (_, e) =>
    {
        if (e.Kind == Microsoft.ML.Runtime.ChannelMessageKind.Warning)
            lock (_warnings)
                _warnings.Add(e.RawMessage);
    };

    private sealed class Row
    {
        public string Text { get; set; } = "a";
        public float Number { get; set; }
        [VectorType(16, 16)]
        public float[] Pixels { get; set; } = new float[256];
        [VectorType(250)]
        public float[] Odd { get; set; } = new float[250];
        [VectorType(16, 16)]
        public double[] Doubles { get; set; } = new double[256];
        public float[] Unknown { get; set; } = new float[256];
    }

    private sealed class PathRow
    {
        public string Label { get; set; } = "";
        public string Path { get; set; } = "";
    }

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Label_NotAKey_SchemaMismatchBeforeTraining() =>
        AssertShapeError(o => o.LabelColumnName = "Text", "Schema mismatch for label column 'Text': expected Key (use MapValueToKey to make one), got String (Parameter 'inputSchema')");

    [Fact]
    public void Label_Missing_IsNamed() => AssertShapeError(o => o.LabelColumnName = "nope", "Could not find label column 'nope' (Parameter 'inputSchema')");

    [Fact]
    public void Feature_Missing_IsNamed() => AssertShapeError(o => o.FeatureColumnName = "nope", "Could not find feature column 'nope' (Parameter 'inputSchema')");

    [Fact]
    public void Feature_OfTheWrongType_SchemaMismatch()
    {
        AssertShapeError(o => o.FeatureColumnName = "Number", "Schema mismatch for feature column 'Number': expected Image, known-size vector of Single or Byte", "got Single");
        AssertShapeError(o => o.FeatureColumnName = "Doubles", "Schema mismatch for feature column 'Doubles'", "got Vector<Double>");
        AssertShapeError(o => o.FeatureColumnName = "Unknown", "Schema mismatch for feature column 'Unknown'", "got VarVector<Single>");
    }

    [Fact]
    public void Feature_OfASizeThatIsNoImage_SchemaMismatch() =>
        AssertFitError<ArgumentOutOfRangeException>(Keyed(TwoClasses()), o => o.FeatureColumnName = "Odd", "Schema mismatch for feature column 'Odd'", "ImageHeight and ImageWidth", "Vector<Single, 250>");

    [Fact]
    public void Feature_FlatVectorWithSizeInOptions_IsTaken()
    {
        CnnClassificationTrainer.Options options = DigitRows.Options(1);
        (options.LabelColumnName, options.FeatureColumnName, options.ImageHeight, options.ImageWidth) = ("Key", "Odd", 25, 10);
        using CnnClassificationTransformer model = _mlContext.MulticlassClassification.Trainers.CnnClassification(options).Fit(Keyed(TwoClasses()));
        Assert.Equal(new ImageShape(32, 32, 1), model.Model.Image); // 10 columns are too few for LeNet-5
    }

    [Fact]
    public void Label_OneClassOnly_NamesTheClass()
    {
        AssertFitError<ArgumentOutOfRangeException>(Keyed([new() { Text = "cat" }, new() { Text = "cat" }]), null, "The label column 'Key' has one class only, 'cat'");
        IDataView two = Keyed([new() { Text = "cat" }, new() { Text = "dog" }]);
        AssertFitError<ArgumentOutOfRangeException>(_mlContext.Data.TakeRows(two, 1), null, "The label column 'Key' has one class only, 'cat'");
    }

    [Fact]
    public void Rows_None_SaysSo() => AssertFitError<InvalidOperationException>(_mlContext.Data.SkipRows(Keyed(TwoClasses()), 10), null, "The training data have no rows.");

    [Fact]
    public void Rows_WithoutLabel_AreLeftOutAndCounted()
    {
        IDataView rows = Keyed([.. TwoClasses(), new() { Text = "" }, new() { Text = "" }]);
        using CnnClassificationTransformer model = Trainer().Fit(rows);
        Assert.Contains("2 of 12 rows of the training data have no label (a missing key) and were left out.", _warnings);
    }

    [Fact]
    public void Images_FewerThanABatch_Train()
    {
        CnnClassificationTrainer.Options options = DigitRows.Options(1);
        (options.LabelColumnName, options.BatchSize) = ("Key", 64);
        using CnnClassificationTransformer model = _mlContext.MulticlassClassification.Trainers.CnnClassification(options).Fit(Keyed([.. TwoClasses().Take(3)]));
        Assert.Equal(TrainingEnd.Completed, model.Training!.End);
    }

    [Fact]
    public void File_Missing_IsNamed() => AssertPathError([_files.Path("none.png")], "none.png");

    [Fact]
    public void File_TruncatedPng_IsNamedWithItsRow()
    {
        byte[] png = File.ReadAllBytes(_files.Save("whole.png", ImageFiles.Noise(28, 28, 1)));
        AssertPathError([_files.Write("cut.png", png[..(png.Length / 2)])], "row 2", "'Image'");
    }

    [Fact]
    public void File_TextNamedPng_IsNamedWithItsRow() => AssertPathError([_files.Write("text.png", "this is no image"u8.ToArray())], "row 2");

    [Fact]
    public void File_HugeHeader_IsRefusedWithoutTakingTheMemory()
    {
        byte[] png = File.ReadAllBytes(_files.Save("small.png", ImageFiles.Noise(4, 4, 1)));
        (png[18], png[19], png[22], png[23]) = (0x86, 0xA0, 0x86, 0xA0); // 100,000 x 100,000 in the header
        (png[17], png[21]) = (1, 1);
        long before = GC.GetTotalAllocatedBytes();
        AssertPathError([_files.Write("huge.png", png)], "row 2");
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 500_000_000);
    }

    [Fact]
    public void Files_BadAndSkipped_AreCountedAndTheRestIsLearned()
    {
        CnnClassificationTrainer.Options options = ImageOptions();
        options.BadImages = BadImageHandling.Skip;
        IDataView rows = Paths([_files.Write("bad1.png", [1, 2, 3]), _files.Path("none.png")]);
        using CnnClassificationTransformer model = _mlContext.MulticlassClassification.Trainers.CnnClassification(options).Fit(rows);
        Assert.Contains("2 of 4 rows of the training data have no image that can be read and were left out.", _warnings);
    }

    [Fact]
    public void EncodedBytes_NotAnImage_IsNamedWithItsRow()
    {
        FileRow[] rows = [.. EncodedRows(), new() { Label = "b", Pixels = [1, 2, 3] }];
        IDataView keyed = _mlContext.Transforms.Conversion.MapValueToKey("Key", "Label").Fit(_mlContext.Data.LoadFromEnumerable(rows)).Transform(_mlContext.Data.LoadFromEnumerable(rows));
        AssertFitError<InvalidOperationException>(keyed, null, "row 2 of the training data", "3 bytes cannot be decoded");
    }

    [Fact]
    public void Scoring_ABadRow_GetsNaNAndNeverAnotherRowsScores()
    {
        FileRow[] good = EncodedRows();
        IDataView rows = _mlContext.Data.LoadFromEnumerable(good);
        IDataView keyed = _mlContext.Transforms.Conversion.MapValueToKey("Key", "Label").Fit(rows).Transform(rows);
        using CnnClassificationTransformer model = Trainer().Fit(keyed);
        IDataView mixed = _mlContext.Data.LoadFromEnumerable(new[] { good[0], new FileRow { Pixels = [9] }, good[1], new FileRow() });
        float[][] scores = DigitRows.Scores(model.Transform(mixed)), alone = DigitRows.Scores(model.Transform(rows));
        Assert.Equal(alone[0], scores[0]);
        Assert.Equal(alone[1], scores[2]);
        Assert.All(scores[1].Concat(scores[3]), s => Assert.True(float.IsNaN(s)));
        Assert.Equal([0u, 0u], model.Transform(mixed).GetColumn<uint>("PredictedLabel").Where((_, i) => i % 2 == 1));
        Assert.Contains(_warnings, w => w.Contains("Row 1: the image in column 'Pixels' cannot be scored", StringComparison.Ordinal));
    }

    [Fact]
    public void Scoring_AFileThatFails_ThrowsAtItsRowOnly()
    {
        using CnnClassificationTransformer model = _mlContext.MulticlassClassification.Trainers.CnnClassification(ImageOptions()).Fit(Paths([]));
        IDataView scored = model.Transform(Paths([_files.Path("none.png")]));
        using DataViewRowCursor cursor = scored.GetRowCursor([scored.Schema["Score"]]);
        var getter = cursor.GetGetter<VBuffer<float>>(scored.Schema["Score"]);
        VBuffer<float> score = default;
        for (int row = 0; row < 2; row++)
        {
            Assert.True(cursor.MoveNext());
            getter(ref score);
            Assert.Equal(1, score.DenseValues().Sum(), 1e-4f);
        }
        Assert.True(cursor.MoveNext());
        Assert.ThrowsAny<IOException>(() => getter(ref score));
        Assert.False(cursor.MoveNext());
    }

    [Fact]
    public void PredictionEngine_AfterABadRow_GivesTheNextRowsOwnScores()
    {
        FileRow[] good = EncodedRows();
        IDataView rows = _mlContext.Data.LoadFromEnumerable(good);
        ITransformer model = _mlContext.Transforms.Conversion.MapValueToKey("Key", "Label").Append(Trainer()).Append(_mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel")).Fit(rows);
        using PredictionEngine<FileRow, DigitPrediction> engine = _mlContext.Model.CreatePredictionEngine<FileRow, DigitPrediction>(model);
        float[] first = engine.Predict(good[0]).Score;
        DigitPrediction bad = engine.Predict(new FileRow { Pixels = [1] });
        Assert.True(float.IsNaN(bad.Score[0]));
        Assert.Equal("", bad.PredictedLabel);
        Assert.NotEqual(first, engine.Predict(good[1]).Score);
        Assert.Equal(first, engine.Predict(good[0]).Score);
    }

    [Fact]
    public void Scoring_FloatsWhereBytesWereTrained_SchemaMismatch()
    {
        IDataView bytes = _mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(0, 20));
        IDataView keyed = _mlContext.Transforms.Conversion.MapValueToKey("Key", "Label").Fit(bytes).Transform(bytes);
        using CnnClassificationTransformer model = Trainer().Fit(keyed);
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => model.Transform(_mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 5))));
        Assert.Contains("expected Image or vector of Byte, as in training, got Vector<Single, 1, 28, 28>", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validation_OtherClasses_SchemaMismatch()
    {
        IDataView train = Keyed(TwoClasses()), three = Keyed([.. TwoClasses(), new() { Text = "c" }]);
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => Trainer().Fit(train, three));
        Assert.Contains("Schema mismatch for validation label column 'Key': expected Key<UInt32, 0-1>, got Key<UInt32, 0-2>", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_Diverges_TheErrorSaysWhere()
    {
        CnnClassificationTrainer.Options options = DigitRows.Options(1);
        (options.LabelColumnName, options.LearningRate, options.LearningRateSchedule) = ("Key", 1e20f, LearningRateSchedule.Constant);
        IDataView rows = _mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 100));
        IDataView keyed = _mlContext.Transforms.Conversion.MapValueToKey("Key", "Label").Fit(rows).Transform(rows);
        var error = Assert.Throws<TrainingDivergedException>(() => _mlContext.MulticlassClassification.Trainers.CnnClassification(options).Fit(keyed));
        Assert.Contains("at learning rate 1e+20", error.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<Row> TwoClasses() => Enumerable.Range(0, 10).Select(i => new Row { Text = i % 2 == 0 ? "a" : "b", Pixels = [.. Enumerable.Repeat(i % 2, 256).Select(v => (float)v)] });

    private IDataView Keyed(IEnumerable<Row> rows)
    {
        IDataView view = _mlContext.Data.LoadFromEnumerable(rows.ToArray());
        return _mlContext.Transforms.Conversion.MapValueToKey("Key", "Text").Fit(view).Transform(view);
    }

    private CnnClassificationTrainer Trainer(Action<CnnClassificationTrainer.Options>? change = null)
    {
        CnnClassificationTrainer.Options options = DigitRows.Options(1);
        options.LabelColumnName = "Key";
        change?.Invoke(options);
        return _mlContext.MulticlassClassification.Trainers.CnnClassification(options);
    }

    private static CnnClassificationTrainer.Options ImageOptions()
    {
        CnnClassificationTrainer.Options options = DigitRows.Options(1);
        (options.LabelColumnName, options.FeatureColumnName) = ("Key", "Image");
        return options;
    }

    /// <summary>Two good files of two classes, then the given ones, loaded as images.</summary>
    private IDataView Paths(string[] further)
    {
        string[] all = [_files.Save("good0.png", DigitRows.Image(0)), _files.Save("good1.png", DigitRows.Image(1)), .. further];
        IDataView rows = _mlContext.Data.LoadFromEnumerable(all.Select((p, i) => new PathRow { Label = i == 0 ? "a" : "b", Path = p }).ToArray());
        return _mlContext.Transforms.Conversion.MapValueToKey("Key", "Label").Append(_mlContext.Transforms.LoadImages("Image", null, "Path")).Fit(rows).Transform(rows);
    }

    private FileRow[] EncodedRows() =>
        [.. Enumerable.Range(0, 2).Select(i => new FileRow { Label = i == 0 ? "a" : "b", Pixels = File.ReadAllBytes(_files.Save($"e{i}.png", DigitRows.Image(i))) })];

    private void AssertPathError(string[] further, params string[] words)
    {
        var error = Assert.Throws<InvalidOperationException>(() => _mlContext.MulticlassClassification.Trainers.CnnClassification(ImageOptions()).Fit(Paths(further)));
        Assert.All(words, w => Assert.Contains(w, error.Message, StringComparison.Ordinal));
        Assert.NotNull(error.InnerException);
    }

    /// <summary>Errors that an EstimatorChain meets before anything is fitted.</summary>
    private void AssertShapeError(Action<CnnClassificationTrainer.Options> change, params string[] words)
    {
        IDataView rows = _mlContext.Data.LoadFromEnumerable(TwoClasses().ToArray());
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => _mlContext.Transforms.Conversion.MapValueToKey("Key", "Text").Append(Trainer(change)).Fit(rows));
        Assert.All(words, w => Assert.Contains(w, error.Message, StringComparison.Ordinal));
    }

    private void AssertFitError<T>(IDataView rows, Action<CnnClassificationTrainer.Options>? change, params string[] words) where T : Exception
    {
        var error = Assert.ThrowsAny<T>(() => Trainer(change).Fit(rows));
        Assert.All(words, w => Assert.Contains(w, error.Message, StringComparison.Ordinal));
    }
}
