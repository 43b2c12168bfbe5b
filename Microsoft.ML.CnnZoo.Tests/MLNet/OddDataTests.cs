using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>Data that rivals fail on or get wrong: too few, too many, missing; and columns of the best classes.</summary>
public class OddDataTests
{
    private readonly MLContext _mlContext = new(1);

    [Fact]
    public void Fit_OneImageOfEachClass_TrainsOnAllOfThem()
    {
        PixelRow[] rows = [.. DigitRows.Pixels(0, 200).DistinctBy(r => r.Label)];
        CnnClassificationTrainer.Options options = Options(2);
        options.ValidationSetFraction = 0.1f;
        using CnnClassificationTransformer model = Fit(rows, out List<string> log, options);
        Assert.Contains(log, m => m.Contains($"{rows.Length} images to train on, 0 to validate with", StringComparison.Ordinal));
        Assert.Equal(rows.Length, model.ClassNames.Count);
    }

    [Fact]
    public void Fit_MoreThanTenThousandImagesOfAClass_UsesAllOfThem()
    {
        ByteRow[] some = [.. DigitRows.Bytes(0, 100)];
        IEnumerable<ByteRow> rows = Enumerable.Range(0, 10_001).Select(i => new ByteRow { Label = "many", Pixels = some[i % 100].Pixels })
            .Concat(some.Take(20).Select(r => new ByteRow { Label = "few", Pixels = r.Pixels }));
        CnnClassificationTrainer.Options options = Options(1);
        (options.Architecture, options.ValidationSetFraction, options.BatchSize) = (CnnArchitectures.LeNet1, 0, 256);
        using CnnClassificationTransformer model = Fit(rows, out List<string> log, options);
        Assert.Contains(log, m => m.Contains("10021 images to train on", StringComparison.Ordinal));
    }

    [Fact]
    public void Fit_ClassMissingInValidation_Validates()
    {
        PixelRow[] rows = [.. DigitRows.Pixels(0, 120)];
        string gone = rows[0].Label;
        IDataView all = _mlContext.Data.LoadFromEnumerable(rows),
            others = _mlContext.Data.LoadFromEnumerable(rows.Where(r => r.Label != gone));
        ITransformer keys = _mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(all);
        using CnnClassificationTransformer model =
            _mlContext.MulticlassClassification.Trainers.CnnClassification(Options(2)).Fit(keys.Transform(all),
                keys.Transform(others));
        Assert.NotNull(model.Training!.Best!.ValidationAccuracy);
        Assert.Contains(gone, model.ClassNames);
    }

    [Fact]
    public void Fit_FewerImagesThanABatch_MakesOneStepOfAnEpoch()
    {
        CnnClassificationTrainer.Options options = Options(2);
        options.BatchSize = 512;
        var batches = new List<BatchProgress>();
        options.BatchCallback = batches.Add;
        using CnnClassificationTransformer model = Fit(DigitRows.Pixels(0, 60), out _, options);
        Assert.All(batches, b => Assert.Equal((1, 1), (b.Batch, b.Batches)));
        Assert.All(model.Training!.History, e => Assert.True(double.IsFinite(e.Loss) && e.LearningRate >= 0));
    }

    [Fact]
    public void Fit_Twice_StartsCleanEachTime()
    {
        CnnClassificationTrainer.Options options = Options(4);
        (options.EarlyStopping, options.Seed) = (new EarlyStopping(Patience: 1), 3);
        var trainer = _mlContext.MulticlassClassification.Trainers.CnnClassification(options);
        IDataView rows = Keyed(DigitRows.Pixels(0, 120));
        using CnnClassificationTransformer first = trainer.Fit(rows), second = trainer.Fit(rows);
        Assert.Equal(first.Training!.History.Select(e => (e.Loss, e.ValidationLoss)),
            second.Training!.History.Select(e => (e.Loss, e.ValidationLoss)));
    }

    [Fact]
    public void TopK_Columns_AreTheMostProbableClassesAndTheirScores_AlsoLoaded()
    {
        CnnClassificationTrainer.Options options = Options(2);
        options.TopK = 3;
        IDataView rows = Keyed(DigitRows.Pixels(0, 80));
        var trainer = _mlContext.MulticlassClassification.Trainers.CnnClassification(options);
        using CnnClassificationTransformer model = trainer.Fit(rows);
        using var file = new ImageFiles();
        _mlContext.Model.Save(model, rows.Schema, file.Path("top.zip"));
        ITransformer loaded = _mlContext.Model.Load(file.Path("top.zip"), out _);
        foreach (IDataView scored in (IDataView[])[model.Transform(rows), loaded.Transform(rows)])
        {
            float[][] scores = DigitRows.Scores(scored), top = [.. scored.GetColumn<float[]>("TopScores")];
            string[][] labels = [.. scored.GetColumn<string[]>("TopLabels")];
            for (int row = 0; row < scores.Length; row++)
            {
                int[] order = [.. Enumerable.Range(0, scores[row].Length).OrderByDescending(c => scores[row][c]).Take(3)];
                Assert.Equal(order.Select(c => scores[row][c]), top[row]);
                Assert.Equal(order.Select(c => model.ClassNames[c]), labels[row]);
            }
        }
        ((IDisposable)loaded).Dispose();
    }

    private CnnClassificationTransformer Fit<TRow>(IEnumerable<TRow> rows, out List<string> log,
        CnnClassificationTrainer.Options? options = null) where TRow : class
    {
        var messages = new List<string>();
        _mlContext.Log += (_, e) => messages.Add(e.RawMessage);
        log = messages;
        return _mlContext.MulticlassClassification.Trainers.CnnClassification(options ?? Options(2)).Fit(Keyed(rows));
    }

    private IDataView Keyed<TRow>(IEnumerable<TRow> rows) where TRow : class
    {
        IDataView view = _mlContext.Data.LoadFromEnumerable(rows);
        return _mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(view).Transform(view);
    }

    private static CnnClassificationTrainer.Options Options(int epochs) => DigitRows.Options(epochs);
}
