using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>
/// Single images outside a pipeline: the same scores, from every form of image and from many threads.
/// </summary>
public sealed class ClassifyTests : IDisposable
{
    private const int Images = 24;
    private readonly MLContext _mlContext = new(1);
    private readonly ImageFiles _files = new();
    private readonly string[] _paths;
    private readonly CnnClassificationTransformer _model;
    private readonly float[][] _scores;

    public ClassifyTests()
    {
        _paths = [.. Enumerable.Range(0, Images).Select(i => _files.Save($"{i}.png", DigitRows.Image(i)))];
        FileRow[] rows =
        [
            .. _paths.Select((p, i) => new FileRow { Label = DigitRows.Name(Digits.Label(i)), Pixels = File.ReadAllBytes(p) }),
        ];
        IDataView view = _mlContext.Data.LoadFromEnumerable(rows);
        IDataView keyed = _mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(view).Transform(view);
        _model = _mlContext.MulticlassClassification.Trainers.CnnClassification(DigitRows.Options(2)).Fit(keyed);
        _scores = DigitRows.Scores(_model.Transform(keyed));
    }

    public void Dispose()
    {
        _model.Dispose();
        _files.Dispose();
    }

    [Fact]
    public void Classify_EveryForm_GivesThePipelinesScoresSorted()
    {
        for (int i = 0; i < 3; i++)
        {
            using MLImage image = MLImage.CreateFromFile(_paths[i]);
            using FileStream stream = File.OpenRead(_paths[i]);
            byte[] bytes = File.ReadAllBytes(_paths[i]);
            IReadOnlyList<ClassProbability> all = _model.Classify(bytes, top: 99);
            AssertScores(i, all);
            Assert.Equal(all, _model.Classify(_paths[i], 99));
            Assert.Equal(all, _model.Classify(stream, 99));
            Assert.Equal(all, _model.Classify(image, 99));
            Assert.Equal(all.Take(5), _model.Classify(bytes.AsSpan()));
            Assert.Equal(all.OrderByDescending(c => c.Probability), all);
            Assert.Equal(28, image.Width); // not disposed
        }
    }

    [Fact]
    public async Task Classify_FromManyThreads_GivesEachItsImagesScores()
    {
        const int Threads = 6, Rounds = 12;
        byte[][] files = [.. _paths.Select(File.ReadAllBytes)];
        using var start = new Barrier(Threads);
        void Run(int thread)
        {
            start.SignalAndWait();
            for (int k = 0; k < Rounds * Images; k++)
                AssertScores((k + thread) % Images, _model.Classify(files[(k + thread) % Images], 10));
        }
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(t => Task.Factory.StartNew(
            () => Run(t), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
    }

    [Fact]
    public void Classify_BadImage_ThrowsWithTheReasonAndTheName()
    {
        string path = _files.Write("text.png", "no image"u8.ToArray());
        string message = Assert.Throws<InvalidDataException>(() => _model.Classify(path)).Message;
        Assert.Contains(path, message, StringComparison.Ordinal);
        Assert.Contains("its 8 bytes are no image", message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => _model.Classify([]));
        Assert.Throws<FileNotFoundException>(() => _model.Classify(_files.Path("none.png")));
        Assert.Throws<ArgumentOutOfRangeException>(() => _model.Classify(_paths[0], top: 0));
        AssertScores(0, _model.Classify(_paths[0], 10)); // the buffers of the failed call are in use again
    }

    [Fact]
    public void Classify_NetworkOfFloats_SaysWhyNot()
    {
        IDataView rows = _mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 20));
        IDataView keyed = _mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(rows).Transform(rows);
        using CnnClassificationTransformer model =
            _mlContext.MulticlassClassification.Trainers.CnnClassification(DigitRows.Options(1)).Fit(keyed);
        string message = Assert.Throws<InvalidOperationException>(() => model.Classify(_paths[0])).Message;
        Assert.Contains("trained on vectors of floats", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Classify_Disposed_Throws()
    {
        _model.Classify(_paths[0]);
        _model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => _model.Classify(_paths[0]));
    }

    [Fact]
    public void BadImagesWhenScoring_Throw_IsSavedAndThrowsAtTheRow()
    {
        CnnClassificationTrainer.Options options = DigitRows.Options(1);
        options.BadImagesWhenScoring = BadImageScoring.Throw;
        FileRow[] rows =
            [.. _paths.Take(4).Select((p, i) => new FileRow { Label = $"{i % 2}", Pixels = File.ReadAllBytes(p) })];
        using var trained = (IDisposable)DigitRows.Pipeline(_mlContext, options)
            .Fit(_mlContext.Data.LoadFromEnumerable(rows));
        using var file = new MemoryStream();
        _mlContext.Model.Save((ITransformer)trained, null, file);
        ITransformer loaded = new MLContext().Model.Load(file, out _);
        FileRow[] mixed = [rows[0], new() { Pixels = [1] }, rows[1]];
        IDataView scored = loaded.Transform(_mlContext.Data.LoadFromEnumerable(mixed));
        using DataViewRowCursor cursor = scored.GetRowCursor([scored.Schema["Score"]]);
        var getter = cursor.GetGetter<VBuffer<float>>(scored.Schema["Score"]);
        VBuffer<float> score = default;
        for (int row = 0; cursor.MoveNext(); row++)
        {
            if (row == 1)
                Assert.Contains("Row 1: the image in column 'Pixels'",
                    Assert.Throws<InvalidDataException>(() => getter(ref score)).Message, StringComparison.Ordinal);
            else
                getter(ref score);
        }
        using var engine = _mlContext.Model.CreatePredictionEngine<FileRow, DigitPrediction>(loaded);
        Assert.Throws<InvalidDataException>(() => engine.Predict(new FileRow { Pixels = [1] }));
        Assert.Equal(1, engine.Predict(rows[0]).Score.Sum(), 1e-4f);
    }

    private void AssertScores(int image, IReadOnlyList<ClassProbability> classes)
    {
        Assert.Equal(_model.ClassNames.Order(), classes.Select(c => c.Label).Order());
        foreach (ClassProbability c in classes)
            Assert.Equal(_scores[image][_model.ClassNames.ToList().IndexOf(c.Label)], c.Probability, 1e-5f);
    }
}
