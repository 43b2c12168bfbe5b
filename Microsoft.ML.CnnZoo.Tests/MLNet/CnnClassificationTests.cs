using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>The trainer and its transformer in ML.NET pipelines: what users do with them.</summary>
public class CnnClassificationTests
{
    private const int Trained = 500, Tested = 140;

    [Fact]
    public void Fit_DigitsAsFloats_EvaluatesWell()
    {
        var mlContext = new MLContext(1);
        CnnClassificationTrainer.Options options = DigitRows.Options(epochs: 8);
        ITransformer model = DigitRows.Pipeline(mlContext, options)
            .Fit(mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, Trained)));
        AssertGood(mlContext, model.Transform(mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(Trained, Tested))));
        ((IDisposable)model).Dispose();
    }

    [Fact]
    public void Fit_DigitsAsBytes_EvaluatesWell()
    {
        var mlContext = new MLContext(1);
        ITransformer model = DigitRows.Pipeline(mlContext, DigitRows.Options(8))
            .Fit(mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(0, Trained)));
        AssertGood(mlContext, model.Transform(mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(Trained, Tested))));
    }

    [Fact]
    public void Fit_DigitsAsImages_GivesTheScoresOfBytes()
    {
        var mlContext = new MLContext(1);
        IDataView images = mlContext.Data.LoadFromEnumerable(DigitRows.Images(0, 100).ToArray());
        IDataView bytes = mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(0, 100));
        ITransformer fromImages = DigitRows.Pipeline(mlContext, DigitRows.Options(1)).Fit(images);
        ITransformer fromBytes = DigitRows.Pipeline(mlContext, DigitRows.Options(1)).Fit(bytes);
        Assert.Equal(DigitRows.Scores(fromBytes.Transform(bytes)), DigitRows.Scores(fromImages.Transform(images)));
        Assert.Equal(DigitRows.Scores(fromBytes.Transform(bytes)), DigitRows.Scores(fromBytes.Transform(images)));
    }

    [Fact]
    public void Fit_DigitsAsEncodedFiles_GivesTheScoresOfBytes()
    {
        using var files = new ImageFiles();
        FileRow[] rows = [.. Enumerable.Range(0, 60).Select(i => new FileRow
        {
            Label = DigitRows.Name(Digits.Label(i)),
            Pixels = File.ReadAllBytes(files.Save($"{i}.png", DigitRows.Image(i))),
        })];
        var mlContext = new MLContext(1);
        CnnClassificationTrainer.Options options = DigitRows.Options(1);
        options.NetworkInput = new ImageShape(28, 28, 1);
        IDataView encoded = mlContext.Data.LoadFromEnumerable(rows);
        IDataView bytes = mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(0, 60));
        float[][] fromFiles = DigitRows.Scores(DigitRows.Pipeline(mlContext, options).Fit(encoded).Transform(encoded));
        Assert.Equal(DigitRows.Scores(DigitRows.Pipeline(mlContext, options).Fit(bytes).Transform(bytes)), fromFiles);
    }

    [Fact]
    public void Fit_SameSeed_SameScores_AndTheContextsSeedIsEnough()
    {
        static float[][] Scores(int contextSeed, int? seed)
        {
            var mlContext = new MLContext(contextSeed);
            CnnClassificationTrainer.Options options = DigitRows.Options(1);
            options.Seed = seed;
            options.ValidationSetFraction = 0.2f;
            IDataView digits = mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 80));
            return DigitRows.Scores(DigitRows.Pipeline(mlContext, options).Fit(digits).Transform(digits));
        }
        Assert.Equal(Scores(5, null), Scores(5, null));
        Assert.NotEqual(Scores(5, null), Scores(6, null));
        Assert.Equal(Scores(5, 9), Scores(6, 9));
    }

    [Fact]
    public void Fit_Twice_SecondIsAsIfFirstHadNotBeen()
    {
        var mlContext = new MLContext(1);
        IDataView digits = mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 100));
        CnnClassificationTrainer.Options options = DigitRows.Options(3);
        options.EarlyStopping = new EarlyStopping(Patience: 1);
        options.ValidationSetFraction = 0.3f;
        options.LearningRateSchedule = new PlateauSchedule(Patience: 0);
        IDataView keyed = mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(digits).Transform(digits);
        CnnClassificationTrainer trainer = mlContext.MulticlassClassification.Trainers.CnnClassification(options);
        using CnnClassificationTransformer first = trainer.Fit(keyed), second = trainer.Fit(keyed);
        Assert.Equal(first.Training!.History.Count, second.Training!.History.Count);
        Assert.Equal(DigitRows.Scores(first.Transform(keyed)), DigitRows.Scores(second.Transform(keyed)));
    }

    [Fact]
    public void Fit_TrainAndValidation_UsesTheValidationRows()
    {
        var mlContext = new MLContext(1);
        IDataView all = mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 300));
        IDataView keyed = mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(all).Transform(all);
        IDataView train = mlContext.Data.TakeRows(keyed, 200), validation = mlContext.Data.SkipRows(keyed, 200);
        var epochs = new List<EpochProgress>();
        CnnClassificationTrainer.Options options = DigitRows.Options(3);
        options.ProgressCallback = epochs.Add;
        options.ValidationSetFraction = 0.5f; // the given set goes first
        options.Loss = ClassificationLoss.SoftmaxCrossEntropy; // ML.NET's LogLoss: without smoothing
        using CnnClassificationTransformer model =
            mlContext.MulticlassClassification.Trainers.CnnClassification(options).Fit(train, validation);
        Assert.Equal([1, 2, 3], epochs.Select(e => e.Epoch));
        MulticlassClassificationMetrics metrics =
            mlContext.MulticlassClassification.Evaluate(model.Transform(validation));
        Assert.Equal(model.Training!.Best!.ValidationAccuracy!.Value, metrics.MicroAccuracy, 1e-9);
        Assert.Equal(model.Training.Best.ValidationLoss!.Value, metrics.LogLoss, 1e-4);
    }

    [Fact]
    public void CrossValidate_ThreeFolds_FitsEach()
    {
        var mlContext = new MLContext(1);
        IDataView digits = mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 240));
        var results = mlContext.MulticlassClassification.CrossValidate(digits,
            mlContext.Transforms.Conversion.MapValueToKey("Label")
                .Append(mlContext.MulticlassClassification.Trainers.CnnClassification(DigitRows.Options(6))),
            numberOfFolds: 3);
        Assert.Equal(3, results.Count);
        Assert.All(results, r => Assert.InRange(r.Metrics.MicroAccuracy, 0.5, 1));
    }

    [Fact]
    public void Fit_AfterACacheCheckpoint_GivesTheSameScores()
    {
        var mlContext = new MLContext(1);
        IDataView digits = mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 60));
        CnnClassificationTrainer Trainer() =>
            mlContext.MulticlassClassification.Trainers.CnnClassification(DigitRows.Options(1));
        ITransformer cached = mlContext.Transforms.Conversion.MapValueToKey("Label").AppendCacheCheckpoint(mlContext)
            .Append(Trainer()).Fit(digits);
        ITransformer plain = mlContext.Transforms.Conversion.MapValueToKey("Label").Append(Trainer()).Fit(digits);
        Assert.Equal(DigitRows.Scores(plain.Transform(digits)), DigitRows.Scores(cached.Transform(digits)));
    }

    [Fact]
    public void PredictionEngine_RowByRow_AgreesWithTheView()
    {
        var mlContext = new MLContext(1);
        IDataView digits = mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 100));
        ITransformer model = DigitRows.Pipeline(mlContext).Fit(digits);
        float[][] scores = DigitRows.Scores(model.Transform(digits));
        PredictionEngine<PixelRow, DigitPrediction> engine =
            mlContext.Model.CreatePredictionEngine<PixelRow, DigitPrediction>(model);
        string[] names = [.. Enumerable.Range(0, 10).Select(i => ClassNames(model)[i])];
        for (int i = 0; i < 20; i++)
        {
            DigitPrediction prediction = engine.Predict(DigitRows.Pixels(i));
            for (int c = 0; c < 10; c++)
                Assert.Equal(scores[i][c], prediction.Score[c], 1e-5f);
            Assert.Equal(names[Array.IndexOf(scores[i], scores[i].Max())], prediction.PredictedLabel);
        }
        engine.Dispose();
    }

    [Fact]
    public void Transform_FromManyThreads_GivesEachTheRightScores()
    {
        var mlContext = new MLContext(1);
        IDataView digits = mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 100));
        ITransformer model = DigitRows.Pipeline(mlContext, DigitRows.Options(1)).Fit(digits);
        float[][] expected = DigitRows.Scores(model.Transform(digits));
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
        {
            int first = i * 10;
            var own = new MLContext();
            float[][] scores =
                DigitRows.Scores(model.Transform(own.Data.LoadFromEnumerable(DigitRows.Pixels(first, 20))));
            for (int r = 0; r < scores.Length; r++)
                for (int c = 0; c < 10; c++)
                    Assert.Equal(expected[first + r][c], scores[r][c], 1e-5f);
        });
    }

    [Fact]
    public void Fit_CanceledInMidEpoch_ReturnsAUsableModelOfTheBestWeights()
    {
        using var cancellation = new CancellationTokenSource();
        var mlContext = new MLContext(1);
        CnnClassificationTrainer.Options options = DigitRows.Options(1000);
        options.ValidationSetFraction = 0.2f;
        options.CancellationToken = cancellation.Token;
        options.BatchCallback = progress =>
        {
            if (progress is { Epoch: 2, Batch: 2 })
                cancellation.Cancel();
        };
        IDataView digits = mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 200));
        IDataView keyed = mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(digits).Transform(digits);
        using CnnClassificationTransformer model =
            mlContext.MulticlassClassification.Trainers.CnnClassification(options).Fit(keyed);
        Assert.Equal(TrainingEnd.Canceled, model.Training!.End);
        Assert.Equal(1, model.Training.Best!.Epoch);
        Assert.All(DigitRows.Scores(model.Transform(keyed)), s => Assert.Equal(1, s.Sum(), 1e-4f));
    }

    [Fact]
    public void Fit_CanceledWhileReading_Throws()
    {
        var mlContext = new MLContext(1);
        CnnClassificationTrainer.Options options = DigitRows.Options(1);
        options.CancellationToken = new CancellationToken(canceled: true);
        IDataView digits = mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 20));
        Assert.Throws<OperationCanceledException>(() => DigitRows.Pipeline(mlContext, options).Fit(digits));
    }

    [Fact]
    public void Fit_Logs_OneLinePerEpochAndOneForTheKernels()
    {
        var lines = new List<string>();
        var mlContext = new MLContext(1);
        mlContext.Log += (_, e) =>
        {
            lock (lines)
                lines.Add(e.RawMessage);
        };
        DigitRows.Pipeline(mlContext, DigitRows.Options(2))
            .Fit(mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 40)));
        Assert.Single(lines, l => l.Contains("Kernels: ", StringComparison.Ordinal));
        Assert.Single(lines, l => l.StartsWith("Epoch 1/2: loss ", StringComparison.Ordinal));
        Assert.Single(lines, l => l.StartsWith("Epoch 2/2: loss ", StringComparison.Ordinal));
    }

    [Fact]
    public void Dispose_Then_EveryUseThrowsAndMemoryIsFree()
    {
        var mlContext = new MLContext(1);
        IDataView digits = mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 40));
        IDataView keyed = mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(digits).Transform(digits);
        CnnClassificationTransformer model =
            mlContext.MulticlassClassification.Trainers.CnnClassification(DigitRows.Options(1)).Fit(keyed);
        IDataView scored = model.Transform(keyed);
        Assert.Equal(40, DigitRows.Scores(scored).Length);
        VariableStore weights = model.Model.Weights;
        model.Dispose();
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => model.Transform(keyed));
        Assert.Throws<ObjectDisposedException>(() => DigitRows.Scores(scored));
        Assert.Throws<ObjectDisposedException>(() => weights["fc1/kernel"].Get());
        Assert.Throws<ObjectDisposedException>(() => mlContext.Model.Save(model, null, new MemoryStream()));
    }

    [Fact]
    public void GetOutputSchema_Promised_IsWhatIsDelivered()
    {
        var mlContext = new MLContext(1);
        IDataView digits = mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 40));
        IDataView keyed = mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(digits).Transform(digits);
        using CnnClassificationTransformer model =
            mlContext.MulticlassClassification.Trainers.CnnClassification(DigitRows.Options(1)).Fit(keyed);
        DataViewSchema promised = model.GetOutputSchema(keyed.Schema), delivered = model.Transform(keyed).Schema;
        Assert.Equal(promised.Select(c => $"{c.Name}:{c.Type}"), delivered.Select(c => $"{c.Name}:{c.Type}"));
        Assert.Equal(["PredictedLabel", "Score"], delivered.Skip(keyed.Schema.Count).Select(c => c.Name));
    }

    private static IReadOnlyList<string> ClassNames(ITransformer chain) =>
        ((IEnumerable<ITransformer>)chain).OfType<CnnClassificationTransformer>().Single().ClassNames;

    private static void AssertGood(MLContext mlContext, IDataView scored)
    {
        MulticlassClassificationMetrics metrics = mlContext.MulticlassClassification.Evaluate(scored);
        Assert.InRange(metrics.MicroAccuracy, 0.8, 1);
        Assert.InRange(metrics.LogLoss, 0, 0.8);
        Assert.Contains("digit 7", metrics.ConfusionMatrix.GetFormattedConfusionTable(), StringComparison.Ordinal);
    }
}
