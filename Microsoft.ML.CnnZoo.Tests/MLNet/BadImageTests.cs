using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>
/// Images that are missing, damaged, too large or hold values that are not finite: named when training ends with them,
/// listed when they are skipped, NaN when they are scored; other rows keep their own scores.
/// </summary>
public sealed class BadImageTests : IDisposable
{
    private readonly MLContext _mlContext = new(1);
    private readonly ImageFiles _files = new();
    private readonly List<string> _warnings = [];

    public BadImageTests() => _mlContext.Log += (_, e) =>
    {
        if (e.Kind == Microsoft.ML.Runtime.ChannelMessageKind.Warning)
            lock (_warnings)
                _warnings.Add(e.RawMessage);
    };

    private sealed class PathRow
    {
        public string Label { get; set; } = "";
        public string Path { get; set; } = "";
    }

    public void Dispose() => _files.Dispose();

    [Fact]
    public void File_Missing_IsNamed() => AssertPathError([_files.Path("none.png")], "none.png");

    [Fact]
    public void File_TruncatedPng_IsNamedWithItsRow()
    {
        byte[] png = File.ReadAllBytes(_files.Save("whole.png", ImageFiles.Noise(28, 28, 1)));
        AssertPathError([_files.Write("cut.png", png[..(png.Length / 2)])], "row 2", "'Image'", "cut.png",
            "is incomplete");
    }

    [Fact]
    public void File_TextNamedPng_IsNamedWithItsRow() =>
        AssertPathError([_files.Write("text.png", "this is no image"u8.ToArray())], "row 2", "text.png");

    [Fact]
    public void File_HugeHeader_IsRefusedWithoutTakingTheMemory()
    {
        byte[] png = File.ReadAllBytes(_files.Save("small.png", ImageFiles.Noise(4, 4, 1)));
        (png[18], png[19], png[22], png[23]) = (0x86, 0xA0, 0x86, 0xA0); // 100,000 x 100,000 in the header
        (png[17], png[21]) = (1, 1);
        long before = GC.GetTotalAllocatedBytes();
        AssertPathError([_files.Write("huge.png", png)], "row 2", "huge.png");
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 500_000_000);
    }

    [Fact]
    public void Files_BadAndSkipped_AreCountedAndTheRestIsLearned()
    {
        CnnClassificationTrainer.Options options = ImageOptions();
        options.BadImages = BadImageHandling.Skip;
        IDataView rows = Paths([_files.Write("bad1.png", [1, 2, 3]), _files.Path("none.png")]);
        using CnnClassificationTransformer model =
            _mlContext.MulticlassClassification.Trainers.CnnClassification(options).Fit(rows);
        string warning = Assert.Single(_warnings);
        Assert.StartsWith("2 of 4 rows of the training data have no image that can be read and were left out: row 2 '",
            warning, StringComparison.Ordinal);
        Assert.All(["bad1.png", "none.png"], name => Assert.Contains(name, warning, StringComparison.Ordinal));
    }

    [Fact]
    public void EncodedBytes_NotAnImage_IsNamedWithItsRow()
    {
        FileRow[] rows = [.. EncodedRows(), new() { Label = "b", Pixels = [1, 2, 3] }];
        AssertFitError(Keyed(rows), "row 2 of the training data", "3 bytes are no image");
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    public void Floats_NotFinite_AreABadImageInTrainingAndScoring(float bad)
    {
        PixelRow[] rows = [.. DigitRows.Pixels(0, 10),
            new() { Label = DigitRows.Name(1), Pixels = [.. new float[255], bad, .. new float[28 * 28 - 256]] }];
        AssertFitError(Keyed(rows), "row 10 of the training data", $"its value 255 is {bad}",
            "Options.BadImages = Skip");
        using CnnClassificationTransformer model = Trainer(o => o.BadImages = BadImageHandling.Skip).Fit(Keyed(rows));
        Assert.StartsWith("1 of 11 rows", Assert.Single(_warnings), StringComparison.Ordinal);
        float[][] scores = DigitRows.Scores(model.Transform(_mlContext.Data.LoadFromEnumerable(rows)));
        Assert.All(scores[..10], s => Assert.Equal(1, s.Sum(), 1e-4f));
        Assert.All(scores[10], s => Assert.True(float.IsNaN(s)));
        string expected = $"Row 10: the image in column 'Pixels' cannot be scored: its value 255 is {bad}";
        Assert.Contains(_warnings, w => w.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void EncodedBytes_TooLarge_IsSkippedAndNeverDecoded()
    {
        FileRow[] rows = [.. EncodedRows(), new() { Label = "b", Pixels = ImageFiles.HugePng(60000, 60000) }];
        const string Reason =
            "60000x60000 (width x height) = 3,600,000,000 pixels; Options.MaxImagePixels permits 100,000,000";
        AssertFitError(Keyed(rows), "row 2 of the training data", Reason);
        string path = _files.Path("model.zip");
        using (CnnClassificationTransformer model = Trainer(o => o.BadImages = BadImageHandling.Skip).Fit(Keyed(rows)))
        {
            Assert.Contains(Reason, Assert.Single(_warnings), StringComparison.Ordinal);
            AssertLastIsNaN(model);
            _mlContext.Model.Save(model, null, path);
        }
        ITransformer loaded = _mlContext.Model.Load(path, out _);
        AssertLastIsNaN(loaded);
        (loaded as IDisposable)?.Dispose();

        void AssertLastIsNaN(ITransformer scorer)
        {
            float[][] scores = DigitRows.Scores(scorer.Transform(_mlContext.Data.LoadFromEnumerable(rows)));
            Assert.Equal([false, false, true], scores.Select(s => float.IsNaN(s[0])));
        }
    }

    [Fact]
    public void MaxImagePixels_OfTheOptions_IsKeptInTheModel()
    {
        FileRow[] rows = [.. EncodedRows(),
            new() { Label = "b", Pixels = ImageFiles.EncodePng(ImageFiles.Noise(29, 28, 1)) }];
        using CnnClassificationTransformer model =
            Trainer(o => (o.BadImages, o.MaxImagePixels) = (BadImageHandling.Skip, 28 * 28)).Fit(Keyed(rows));
        Assert.Contains("row 2: it has 29x28 (width x height) = 812 pixels; Options.MaxImagePixels permits 784",
            Assert.Single(_warnings), StringComparison.Ordinal);
        _mlContext.Model.Save(model, null, _files.Path("model.zip"));
        using var loaded = (IDisposable)_mlContext.Model.Load(_files.Path("model.zip"), out _);
        float[][] scores = DigitRows.Scores(((ITransformer)loaded).Transform(_mlContext.Data.LoadFromEnumerable(rows)));
        Assert.Equal([false, false, true], scores.Select(s => float.IsNaN(s[0])));
    }

    [Fact]
    public void EncodedBytes_WithAPathColumn_AreNamed()
    {
        string[] paths = [_files.Save("good0.png", DigitRows.Image(0)), _files.Save("good1.png", DigitRows.Image(1)),
            _files.Write("empty.png", [])];
        IDataView rows = _mlContext.Data.LoadFromEnumerable(
            paths.Select((p, i) => new PathRow { Label = i == 0 ? "a" : "b", Path = p }).ToArray());
        rows = _mlContext.Transforms.LoadRawImageBytes("Pixels", null, "Path").Fit(rows).Transform(rows);
        rows = _mlContext.Transforms.Conversion.MapValueToKey("Key", "Label").Fit(rows).Transform(rows);
        AssertFitError(rows, $"row 2 of the training data, file '{paths[2]}', cannot be read: there is no image");
        using CnnClassificationTransformer model = Trainer(o => o.BadImages = BadImageHandling.Skip).Fit(rows);
        Assert.Contains($"row 2 '{paths[2]}': there is no image", Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void EncodedBytes_FileMissing_IsABadImageInTrainingAndScoring()
    {
        string[] paths = [_files.Save("good0.png", DigitRows.Image(0)), _files.Save("good1.png", DigitRows.Image(1)),
            _files.Path("none.png"), _files.Path("good0.png")];
        IDataView rows = _mlContext.Data.LoadFromEnumerable(
            paths.Select((p, i) => new PathRow { Label = i == 0 ? "a" : "b", Path = p }).ToArray());
        rows = _mlContext.Transforms.Conversion.MapValueToKey("Key", "Label")
            .Append(_mlContext.Transforms.LoadRawImageBytes("Pixels", null, "Path")).Fit(rows).Transform(rows);
        AssertFitError(rows, $"row 2 of the training data, file '{paths[2]}', cannot be read: Could not find file");
        using CnnClassificationTransformer model = Trainer(o => o.BadImages = BadImageHandling.Skip).Fit(rows);
        string warning = Assert.Single(_warnings);
        Assert.StartsWith("1 of 4 rows", warning, StringComparison.Ordinal);
        Assert.DoesNotContain("..", warning, StringComparison.Ordinal);
        Assert.Equal([false, false, true, false],
            DigitRows.Scores(model.Transform(rows)).Select(s => float.IsNaN(s[0])));
        Assert.DoesNotContain(_warnings, w => w.Contains("'..", StringComparison.Ordinal));
    }

    [Fact]
    public void Files_ManyBad_TenAreListedAndTheRestCounted()
    {
        FileRow[] rows = [.. EncodedRows(),
            .. Enumerable.Range(2, 13).Select(i => new FileRow { Label = "a", Pixels = [1, 2] })];
        using CnnClassificationTransformer model = Trainer(o => o.BadImages = BadImageHandling.Skip).Fit(Keyed(rows));
        string warning = Assert.Single(_warnings);
        Assert.StartsWith("13 of 15 rows", warning, StringComparison.Ordinal);
        Assert.Contains("row 11: its 2 bytes", warning, StringComparison.Ordinal);
        Assert.DoesNotContain("row 12", warning, StringComparison.Ordinal);
        Assert.EndsWith("; and 3 more.", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void Scoring_ABadRow_GetsNaNAndNeverAnotherRowsScores()
    {
        FileRow[] good = EncodedRows();
        IDataView rows = _mlContext.Data.LoadFromEnumerable(good);
        using CnnClassificationTransformer model = Trainer().Fit(Keyed(good));
        IDataView mixed = _mlContext.Data.LoadFromEnumerable(
            new[] { good[0], new FileRow { Pixels = [9] }, good[1], new FileRow() });
        float[][] scores = DigitRows.Scores(model.Transform(mixed)), alone = DigitRows.Scores(model.Transform(rows));
        Assert.Equal(alone[0], scores[0]);
        Assert.Equal(alone[1], scores[2]);
        Assert.All(scores[1].Concat(scores[3]), s => Assert.True(float.IsNaN(s)));
        Assert.Equal([0u, 0u], model.Transform(mixed).GetColumn<uint>("PredictedLabel").Where((_, i) => i % 2 == 1));
        Assert.Contains(_warnings, w =>
            w.Contains("Row 1: the image in column 'Pixels' cannot be scored", StringComparison.Ordinal));
    }

    [Fact]
    public void Scoring_AFileThatFails_GetsNaNAndIsNamed()
    {
        using CnnClassificationTransformer model =
            _mlContext.MulticlassClassification.Trainers.CnnClassification(ImageOptions()).Fit(Paths([]));
        IDataView rows =
            Paths([_files.Path("none.png"), _files.Write("text.png", "text"u8.ToArray()), _files.Path("good0.png")]);
        float[][] scores = DigitRows.Scores(model.Transform(rows));
        Assert.All([scores[0], scores[1], scores[4]], s => Assert.Equal(1, s.Sum(), 1e-4f));
        Assert.All([scores[2], scores[3]], s => Assert.All(s, v => Assert.True(float.IsNaN(v))));
        Assert.Contains(_warnings, w => w.Contains("none.png", StringComparison.Ordinal));
    }

    [Fact]
    public void PredictionEngine_AfterABadRow_GivesTheNextRowsOwnScores()
    {
        FileRow[] good = EncodedRows();
        IDataView rows = _mlContext.Data.LoadFromEnumerable(good);
        ITransformer model = _mlContext.Transforms.Conversion.MapValueToKey("Key", "Label").Append(Trainer())
            .Append(_mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel")).Fit(rows);
        using PredictionEngine<FileRow, DigitPrediction> engine =
            _mlContext.Model.CreatePredictionEngine<FileRow, DigitPrediction>(model);
        float[] first = engine.Predict(good[0]).Score;
        DigitPrediction bad = engine.Predict(new FileRow { Pixels = [1] });
        Assert.True(float.IsNaN(bad.Score[0]));
        Assert.Equal("", bad.PredictedLabel);
        Assert.NotEqual(first, engine.Predict(good[1]).Score);
        Assert.Equal(first, engine.Predict(good[0]).Score);
    }

    private IDataView Keyed<T>(T[] rows) where T : class
    {
        IDataView view = _mlContext.Data.LoadFromEnumerable(rows);
        return _mlContext.Transforms.Conversion.MapValueToKey("Key", "Label").Fit(view).Transform(view);
    }

    private CnnClassificationTrainer Trainer(Action<CnnClassificationTrainer.Options>? change = null)
    {
        CnnClassificationTrainer.Options options = DigitRows.Options(1);
        options.LabelColumnName = "Key";
        change?.Invoke(options);
        return _mlContext.MulticlassClassification.Trainers.CnnClassification(options);
    }

    private void AssertFitError(IDataView rows, params string[] words)
    {
        var error = Assert.Throws<InvalidOperationException>(() => Trainer().Fit(rows));
        Assert.All(words, w => Assert.Contains(w, error.Message, StringComparison.Ordinal));
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
        string[] all = [_files.Save("good0.png", DigitRows.Image(0)), _files.Save("good1.png", DigitRows.Image(1)),
            .. further];
        IDataView rows = _mlContext.Data.LoadFromEnumerable(
            all.Select((p, i) => new PathRow { Label = i == 0 ? "a" : "b", Path = p }).ToArray());
        return _mlContext.Transforms.Conversion.MapValueToKey("Key", "Label")
            .Append(_mlContext.Transforms.LoadImages("Image", null, "Path")).Fit(rows).Transform(rows);
    }

    private static FileRow[] EncodedRows() =>
    [
        new() { Label = "a", Pixels = ImageFiles.EncodePng(DigitRows.Image(0)) },
        new() { Label = "b", Pixels = ImageFiles.EncodePng(DigitRows.Image(1)) },
    ];

    private void AssertPathError(string[] further, params string[] words)
    {
        var error = Assert.Throws<InvalidOperationException>(
            () => _mlContext.MulticlassClassification.Trainers.CnnClassification(ImageOptions()).Fit(Paths(further)));
        Assert.All(words, w => Assert.Contains(w, error.Message, StringComparison.Ordinal));
    }
}
