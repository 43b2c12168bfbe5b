using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.MLNet;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>
/// What users get wrong: each is told what and where, before training where that can be, and nothing is lost.
/// </summary>
public sealed class BadInputTests
{
    private readonly MLContext _mlContext = new(1);
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

    [Fact]
    public void Label_NotAKey_SchemaMismatchBeforeTraining() =>
        AssertShapeError(o => o.LabelColumnName = "Text",
            "Schema mismatch for label column 'Text': expected Key (use MapValueToKey to make one), got String "
            + "(Parameter 'inputSchema')");

    [Fact]
    public void Label_Missing_IsNamed() =>
        AssertShapeError(o => o.LabelColumnName = "nope",
            "Could not find label column 'nope' (Parameter 'inputSchema')");

    [Fact]
    public void Feature_Missing_IsNamed() =>
        AssertShapeError(o => o.FeatureColumnName = "nope",
            "Could not find feature column 'nope' (Parameter 'inputSchema')");

    [Fact]
    public void Feature_OfTheWrongType_SchemaMismatch()
    {
        AssertShapeError(o => o.FeatureColumnName = "Number",
            "Schema mismatch for feature column 'Number': expected Image, known-size vector of Single or Byte",
            "got Single");
        AssertShapeError(o => o.FeatureColumnName = "Doubles", "Schema mismatch for feature column 'Doubles'",
            "got Vector<Double>");
        AssertShapeError(o => o.FeatureColumnName = "Unknown", "Schema mismatch for feature column 'Unknown'",
            "got VarVector<Single>");
    }

    [Fact]
    public void Feature_OfASizeThatIsNoImage_SchemaMismatch() =>
        AssertFitError<ArgumentOutOfRangeException>(
            Keyed(TwoClasses()), o => o.FeatureColumnName = "Odd", "Schema mismatch for feature column 'Odd'",
            "ImageHeight and ImageWidth", "Vector<Single, 250>");

    [Fact]
    public void Feature_FlatVectorWithSizeInOptions_IsTaken()
    {
        CnnClassificationTrainer.Options options = DigitRows.Options(1);
        (options.LabelColumnName, options.FeatureColumnName, options.ImageHeight, options.ImageWidth) =
            ("Key", "Odd", 25, 10);
        using CnnClassificationTransformer model =
            _mlContext.MulticlassClassification.Trainers.CnnClassification(options).Fit(Keyed(TwoClasses()));
        Assert.Equal(new ImageShape(32, 32, 1), model.Model.Image); // 10 columns are too few for LeNet-5
    }

    [Fact]
    public void Label_OneClassOnly_NamesTheClass()
    {
        AssertFitError<ArgumentOutOfRangeException>(
            Keyed([new() { Text = "cat" }, new() { Text = "cat" }]), null,
            "The label column 'Key' has one class only, 'cat'");
        IDataView two = Keyed([new() { Text = "cat" }, new() { Text = "dog" }]);
        AssertFitError<ArgumentOutOfRangeException>(
            _mlContext.Data.TakeRows(two, 1), null, "The label column 'Key' has one class only, 'cat'");
    }

    [Fact]
    public void Rows_None_SaysSo() =>
        AssertFitError<InvalidOperationException>(
            _mlContext.Data.SkipRows(Keyed(TwoClasses()), 10), null, "The training data have no rows.");

    [Fact]
    public void Rows_None_AreNotTakenForAClass()
    {
        IDataView none = Keyed([]);
        string message = Assert.Throws<ArgumentOutOfRangeException>(() => Trainer().Fit(none)).Message;
        Assert.Contains("also makes of no rows", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_WithoutLabel_AreLeftOutAndCounted()
    {
        IDataView rows = Keyed([.. TwoClasses(), new() { Text = "" }, new() { Text = "" }]);
        using CnnClassificationTransformer model = Trainer().Fit(rows);
        Assert.Contains("2 of 12 rows of the training data have no label (a missing key) and were left out.",
            _warnings);
    }

    [Fact]
    public void Images_FewerThanABatch_Train()
    {
        CnnClassificationTrainer.Options options = DigitRows.Options(1);
        (options.LabelColumnName, options.BatchSize) = ("Key", 64);
        using CnnClassificationTransformer model =
            _mlContext.MulticlassClassification.Trainers.CnnClassification(options)
                .Fit(Keyed([.. TwoClasses().Take(3)]));
        Assert.Equal(TrainingEnd.Completed, model.Training!.End);
    }

    [Fact]
    public void Training_LastStepLeavesWeightsNotFinite_IsDivergence()
    {
        CnnClassificationTrainer.Options options = DigitRows.Options(1);
        (options.LabelColumnName, options.LearningRate, options.WeightDecay) = ("Key", 1e30f, 1e30f);
        // one batch: its loss is that of the first weights
        IDataView rows = _mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 20));
        IDataView keyed = _mlContext.Transforms.Conversion.MapValueToKey("Key", "Label").Fit(rows).Transform(rows);
        var error = Assert.Throws<TrainingDivergedException>(
            () => _mlContext.MulticlassClassification.Trainers.CnnClassification(options).Fit(keyed));
        Assert.Contains("have values that are not finite in epoch 1, step 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Model_WithWeightsNotFinite_IsNeitherSavedNorLoaded()
    {
        using CnnClassificationTransformer model = Trainer().Fit(Keyed(TwoClasses()));
        Variable variable = model.Model.Weights.Variables[0];
        using var whole = new MemoryStream();
        using (var writer = new BinaryWriter(whole, System.Text.Encoding.UTF8, leaveOpen: true))
            CnnModelFile.SaveWeights(writer, model.Model);
        float first = variable.Values<float>()[0];
        variable.Values<float>()[0] = float.NaN;
        using var stream = new MemoryStream();
        using var second = new BinaryWriter(stream);
        var error = Assert.Throws<InvalidOperationException>(() => CnnModelFile.SaveWeights(second, model.Model));
        Assert.Contains($"'{variable.Name}' has values that are not finite", error.Message, StringComparison.Ordinal);

        byte[] file = whole.ToArray();
        int values = file.AsSpan().IndexOf(BitConverter.GetBytes(first)),
            length = variable.Values<float>().Length * sizeof(float);
        BitConverter.TryWriteBytes(file.AsSpan(values), float.PositiveInfinity);
        BitConverter.TryWriteBytes(file.AsSpan(values - 4),
            System.IO.Hashing.Crc32.HashToUInt32(file.AsSpan(values, length)));
        using var reader = new BinaryReader(new MemoryStream(file));
        Assert.Contains($"the tensor '{variable.Name}' has values that are not finite",
            Assert.Throws<InvalidDataException>(() => CnnModelFile.LoadWeights(reader, model.Model)).Message,
                StringComparison.Ordinal);
    }

    [Fact]
    public void ImageNormalization_NotFinite_IsRefused() =>
        AssertFitError<ArgumentException>(
            Keyed(TwoClasses()), o => o.ImageNormalization = PixelNormalization.Uniform(1, float.NaN, 0),
            "Options.ImageNormalization");

    [Fact]
    public void Scoring_FloatsWhereBytesWereTrained_SchemaMismatch()
    {
        IDataView bytes = _mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(0, 20));
        IDataView keyed = _mlContext.Transforms.Conversion.MapValueToKey("Key", "Label").Fit(bytes).Transform(bytes);
        using CnnClassificationTransformer model = Trainer().Fit(keyed);
        var error = Assert.Throws<ArgumentOutOfRangeException>(
            () => model.Transform(_mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 5))));
        Assert.Contains("expected Image or vector of Byte, as in training, got Vector<Single, 1, 28, 28>",
            error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validation_OtherClasses_SchemaMismatch()
    {
        IDataView train = Keyed(TwoClasses()), three = Keyed([.. TwoClasses(), new() { Text = "c" }]);
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => Trainer().Fit(train, three));
        Assert.Contains(
            "Schema mismatch for validation label column 'Key': expected Key<UInt32, 0-1>, got Key<UInt32, 0-2>",
            error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_Diverges_TheErrorSaysWhere()
    {
        CnnClassificationTrainer.Options options = DigitRows.Options(1);
        (options.LabelColumnName, options.LearningRate, options.LearningRateSchedule, options.MaxDivergences) =
            ("Key", 1e20f, LearningRateSchedule.Constant, 0);
        IDataView rows = _mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 100));
        IDataView keyed = _mlContext.Transforms.Conversion.MapValueToKey("Key", "Label").Fit(rows).Transform(rows);
        var error = Assert.Throws<TrainingDivergedException>(
            () => _mlContext.MulticlassClassification.Trainers.CnnClassification(options).Fit(keyed));
        Assert.Contains("at learning rate 1e+20", error.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<Row> TwoClasses() =>
        Enumerable.Range(0, 10).Select(i => new Row
        {
            Text = i % 2 == 0 ? "a" : "b",
            Pixels = [.. Enumerable.Repeat((float)(i % 2), 256)],
        });

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

    /// <summary>Errors that an EstimatorChain meets before anything is fitted.</summary>
    private void AssertShapeError(Action<CnnClassificationTrainer.Options> change, params string[] words)
    {
        IDataView rows = _mlContext.Data.LoadFromEnumerable(TwoClasses().ToArray());
        var error = Assert.Throws<ArgumentOutOfRangeException>(
            () => _mlContext.Transforms.Conversion.MapValueToKey("Key", "Text").Append(Trainer(change)).Fit(rows));
        Assert.All(words, w => Assert.Contains(w, error.Message, StringComparison.Ordinal));
    }

    private void AssertFitError<T>(
        IDataView rows, Action<CnnClassificationTrainer.Options>? change, params string[] words) where T : Exception
    {
        var error = Assert.ThrowsAny<T>(() => Trainer(change).Fit(rows));
        Assert.All(words, w => Assert.Contains(w, error.Message, StringComparison.Ordinal));
    }
}
