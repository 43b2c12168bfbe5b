using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Execution.Planning;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Layers;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Training;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Training;

/// <summary>Statistics of batch norms that are measured anew after training.</summary>
public class BatchNormStatisticsTests
{
    private static readonly ImageShape Shape = new(32, 32, 1);

    private static readonly TrainingOptions Short = new() { Epochs = 3, BatchSize = 32, LearningRate = 0.05f, Seed = 5,
        RefreshBatchNormStatistics = true };

    /// <summary>
    /// A loss of training is measured before its step moves the weights: a further epoch of one batch tells the loss of
    /// the trained network as training sees it.
    /// </summary>
    [Fact]
    public void Train_StatisticsOfOneBatch_ScoreAsTheNetworkTrained()
    {
        (double Scored, double Trained) Losses(TrainingOptions options)
        {
            using NetworkTrainer trainer = Trainer(options);
            trainer.Train(Cache(0, 32));
            return (trainer.Evaluate(Cache(0, 32)).Loss, trainer.Train(Cache(0, 32)).History[0].Loss);
        }
        (double Scored, double Trained) refreshed = Losses(Short),
            running = Losses(Short with { RefreshBatchNormStatistics = false });
        Assert.Equal(refreshed.Trained, refreshed.Scored, 1e-4);
        Assert.Equal(running.Trained, refreshed.Trained); // the weights are the same
        Assert.True(Math.Abs(running.Scored - running.Trained) > 0.1,
            $"Running averages score {running.Scored} and train {running.Trained}: nothing to repair.");
    }

    [Fact]
    public void Train_InBFloat16_ScoresAboutAsTheNetworkTrained()
    {
        using NetworkTrainer trainer = Trainer(Short with { Precision = CnnPrecision.BFloat16 });
        trainer.Train(Cache(0, 32));
        Assert.Equal(trainer.Evaluate(Cache(0, 32)).Loss, trainer.Train(Cache(0, 32)).History[0].Loss, 0.02);
    }

    [Fact]
    public void Train_BestEpochIsNotTheLast_StatisticsAreOfTheWeightsThatAreKept()
    {
        using NetworkTrainer trainer = Trainer(Short with { Schedule = new WorseningSchedule(FromStep: 2) });
        TrainingResult result = trainer.Train(Cache(0, 32), Cache(32, 64));
        Assert.InRange(result.Best!.Epoch, 1, 2);
        Assert.Equal(trainer.Evaluate(Cache(0, 32)).Loss, trainer.Train(Cache(0, 32)).History[0].Loss, 1e-4);
    }

    /// <summary>
    /// What the first batch norm reads does not depend on how images are put into batches: neither do the moments of
    /// all of them.
    /// </summary>
    [Fact]
    public void Train_SeveralBatches_MomentsAreThoseOfAllTheirImages()
    {
        (float[] Mean, float[] Variance) First(int batchSize, int images)
        {
            using NetworkTrainer trainer = Trainer(Short with { Epochs = 1, BatchSize = batchSize,
                LearningRate = 1e-30f, Shuffle = false });
            trainer.Train(Cache(0, images));
            return (trainer.Variables["bn1/moving_mean"].Values<float>().ToArray(),
                trainer.Variables["bn1/moving_variance"].Values<float>().ToArray());
        }
        (float[] Mean, float[] Variance) together = First(32, 32),
            apart = First(8, 37); // five images fill no batch and are left out
        Assert.All(together.Mean.Zip(apart.Mean), p => Assert.Equal(p.First, p.Second, 1e-5f));
        Assert.All(together.Variance.Zip(apart.Variance), p => Assert.InRange(p.Second / p.First, 0.99999f, 1.00001f));
    }

    [Fact]
    public void Train_CanceledWithTheLastBatch_LeavesRunningAverages()
    {
        (TrainingEnd End, float[] Mean) Train(bool refresh)
        {
            using var cancellation = new CancellationTokenSource();
            TrainingOptions options = Short with { RefreshBatchNormStatistics = refresh,
                CancellationToken = cancellation.Token, BatchCompleted = p => CancelAfter(p, cancellation) };
            using NetworkTrainer trainer = Trainer(options);
            return (trainer.Train(Cache(0, 32)).End, trainer.Variables["bn1/moving_mean"].Values<float>().ToArray());
        }
        (TrainingEnd End, float[] Mean) refreshing = Train(true), plain = Train(false);
        Assert.Equal(TrainingEnd.Canceled, refreshing.End);
        Assert.Equal(TrainingEnd.Completed, plain.End);
        Assert.Equal(plain.Mean, refreshing.Mean);
    }

    [Fact]
    public void Train_WithoutBatchNorms_ChangesNothing()
    {
        float[] Bias(bool refresh)
        {
            using var trainer = new NetworkTrainer(CnnArchitectures.LeNet5Relu, Shape, 10,
                KernelSet.Shared, Short with { RefreshBatchNormStatistics = refresh });
            Assert.Equal(TrainingEnd.Completed, trainer.Train(Cache(0, 40)).End);
            return trainer.Variables["fc3/bias"].Values<float>().ToArray();
        }
        Assert.Equal(Bias(false), Bias(true));
    }

    private static void CancelAfter(BatchProgress progress, CancellationTokenSource cancellation)
    {
        if (progress.Epoch == progress.Epochs && progress.Batch == progress.Batches)
            cancellation.Cancel();
    }

    private sealed record WorseningSchedule(long FromStep) : LearningRateSchedule
    {
        public override float Rate(ScheduleContext context) =>
            context.Step >= FromStep ? 100 * context.BaseRate : context.BaseRate;
    }

    private static NetworkTrainer Trainer(TrainingOptions options) =>
        new(TraceNetworks.All[0], Shape, 10, KernelSet.Shared, options);

    private static ImageCache<byte> Cache(int first, int count)
    {
        var cache = new ImageCache<byte>(Shape) { Normalization = PixelNormalization.Uniform(1, 1 / 80f,
            2) }; // far from mean 0: squares of means count
        for (int i = first; i < first + count; i++)
            cache.Add(Digits.Padded(i), Digits.Label(i));
        return cache;
    }
}
