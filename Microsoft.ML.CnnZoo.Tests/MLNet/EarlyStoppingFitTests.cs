using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>What ML.NET's image trainer does wrong about stopping, done right.</summary>
public class EarlyStoppingFitTests
{
    private readonly MLContext _mlContext = new(1);

    [Fact]
    public void Fit_WithAndWithoutCallbacks_StopsAtTheSameEpoch()
    {
        int seen = 0;
        CnnClassificationTrainer.Options silent = Options(), watched = Options();
        watched.ProgressCallback = _ => seen++;
        watched.BatchCallback = _ => seen++;
        (TrainingResult Result, double Loss) a = Fit(silent), b = Fit(watched);
        Assert.Equal(TrainingEnd.StoppedEarly, a.Result.End);
        Assert.InRange(a.Result.History.Count, 3, 29);
        Assert.True(seen > 0);
        Assert.Equal(a.Result.History.Select(Values), b.Result.History.Select(Values));
        Assert.Equal(a.Loss, b.Loss);
    }

    [Fact]
    public void Fit_SameOptionsAgain_StartsClean()
    {
        CnnClassificationTrainer.Options options = Options();
        (TrainingResult Result, double Loss) first = Fit(options), second = Fit(options);
        Assert.Equal(first.Result.History.Select(Values), second.Result.History.Select(Values));
        Assert.Equal(first.Loss, second.Loss);
    }

    [Fact]
    public void Fit_StoppedEarly_GivesTheBestEpochsWeightsNotTheLast()
    {
        (TrainingResult result, double loss) = Fit(Options());
        Assert.NotEqual(result.History[^1].Epoch, result.Best!.Epoch);
        Assert.Equal(result.History.Max(e => e.ValidationAccuracy), result.Best.ValidationAccuracy);
        Assert.Equal(result.Best.ValidationLoss!.Value, loss, 1e-4);
    }

    [Fact]
    public void Fit_ShortLastBatch_CountsForItsImagesAlone()
    {
        // With no rate to speak of, an epoch in batches of 32 and 18 is the same as in one of 50.
        CnnClassificationTrainer.Options options = Options();
        (options.Epochs, options.LearningRate, options.EarlyStopping) = (1, 1e-30f, null);
        EpochProgress two = Fit(options, train: 50).Result.History[0];
        options.BatchSize = 50;
        EpochProgress one = Fit(options, train: 50).Result.History[0];
        Assert.Equal(one.Loss, two.Loss, 1e-5);
        Assert.Equal(one.Accuracy, two.Accuracy, 1e-12);
    }

    [Fact]
    public void Fit_EveryCallback_GetsARecordOfItsOwn()
    {
        var epochs = new List<EpochProgress>();
        CnnClassificationTrainer.Options options = Options();
        options.ProgressCallback = epochs.Add;
        TrainingResult result = Fit(options).Result;
        Assert.Equal(result.History, epochs);
        Assert.Equal(epochs.Count, epochs.Distinct().Count());
    }

    // A rate at which validation goes up and down soon.
    private static CnnClassificationTrainer.Options Options()
    {
        CnnClassificationTrainer.Options options = DigitRows.Options(30);
        (options.LearningRate, options.Loss) = (0.1f, new SoftmaxCrossEntropyLoss());
        options.EarlyStopping = new EarlyStopping(Patience: 2);
        return options;
    }

    private static (int, double, double, double?, double?) Values(EpochProgress e) =>
        (e.Epoch, e.Loss, e.Accuracy, e.ValidationLoss, e.ValidationAccuracy);

    /// <summary>The result, and the loss on the validation images that ML.NET measures with the trained network.</summary>
    private (TrainingResult Result, double Loss) Fit(CnnClassificationTrainer.Options options, int train = 160)
    {
        IDataView training = _mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(0, train)),
            validation = _mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(400, 60));
        var labels = _mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(training);
        using CnnClassificationTransformer network = _mlContext.MulticlassClassification.Trainers.CnnClassification(options)
            .Fit(labels.Transform(training), labels.Transform(validation));
        MulticlassClassificationMetrics metrics =
            _mlContext.MulticlassClassification.Evaluate(network.Transform(labels.Transform(validation)));
        return (network.Training!, metrics.LogLoss);
    }
}
