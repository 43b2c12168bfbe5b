using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.CnnZoo.Training.Checkpoints;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>Fit with checkpoints, cancellation and early stopping, as a user calls it.</summary>
public sealed class ResumedFitTests : IDisposable
{
    private readonly MLContext _mlContext = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("fit").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Fit_CanceledAndThrowing_ResumesWithTheSameSeedToTheSameWeights()
    {
        using var cancellation = new CancellationTokenSource();
        CnnClassificationTrainer.Options options = Options(seed: null);
        options.CheckpointFolder = Path.Combine(_folder, "own");
        options.OnCancel = CancelBehavior.Throw;
        options.CancellationToken = cancellation.Token;
        options.BatchCallback = b =>
        {
            if (b is { Epoch: 2, Batch: 2 })
                cancellation.Cancel();
        };
        OperationCanceledException error = Assert.Throws<OperationCanceledException>(() => Weights(options));
        Assert.Equal(cancellation.Token, error.CancellationToken);
        CnnClassificationTrainer.Options again = Options(seed: null);
        (again.CheckpointFolder, again.Resume) = (options.CheckpointFolder, true);
        long? resumed = null;
        byte[] weights = Weights(again, result => resumed = result.ResumedFromStep);
        Assert.Equal(6, resumed); // 4 batches of the first epoch, 2 of the second
        Assert.Equal(Weights(Options(CheckpointFolder.FindSeed(again.CheckpointFolder))), weights);
    }

    [Fact]
    public void Fit_ResumedAfterCancel_SameWeightsAsUndisturbed()
    {
        byte[] undisturbed = Weights(Options(seed: 4));
        using var cancellation = new CancellationTokenSource();
        CnnClassificationTrainer.Options options = Options(seed: 4);
        (options.CheckpointFolder, options.CheckpointInterval, options.Resume) = (_folder, TimeSpan.Zero, true);
        options.CancellationToken = cancellation.Token;
        options.BatchCallback = b =>
        {
            if (b is { Epoch: 2, Batch: 1 })
                cancellation.Cancel();
        };
        Weights(options, result => Assert.Equal(TrainingEnd.Canceled, result.End));
        options.CancellationToken = default;
        Assert.Equal(undisturbed, Weights(options, result => Assert.Equal(5, result.ResumedFromStep)));
    }

    [Fact]
    public void Fit_ResumedWithOtherLabelsOrClasses_IsRefusedByName()
    {
        CnnClassificationTrainer.Options options = Options(seed: 4);
        (options.CheckpointFolder, options.Resume) = (_folder, true);
        Weights(options);
        Assert.Contains("labels of the images", Assert.Throws<InvalidOperationException>(
            () => Weights(options, first: 5)).Message, StringComparison.Ordinal);
        options.Augmentation = ImageAugmentation.Cifar with { Mirror = false };
        Assert.Contains("Augmentation", Assert.Throws<InvalidOperationException>(() => Weights(options)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_FindingTheRate_InterruptedInTheSearchOrAfter_SameWeightsAsUndisturbed()
    {
        CnnClassificationTrainer.Options Finding()
        {
            CnnClassificationTrainer.Options options = Options(seed: 4);
            (options.LearningRate, options.FindLearningRate) = (null, true);
            (options.CheckpointFolder, options.Resume) = (_folder, true);
            return options;
        }
        CnnClassificationTrainer.Options undisturbed = Finding();
        (undisturbed.CheckpointFolder, undisturbed.Resume) = (null, false);
        byte[] expected = Weights(undisturbed);

        using var search = new CancellationTokenSource();
        int searches = 0;
        _mlContext.Log += (_, e) =>
        {
            searches += e.RawMessage.StartsWith("Range test of learning rates", StringComparison.Ordinal) ? 1 : 0;
            if (e.RawMessage.Contains("images to train on", StringComparison.Ordinal))
                search.Cancel(); // before the search's first step
        };
        CnnClassificationTrainer.Options options = Finding();
        options.CancellationToken = search.Token;
        Assert.Throws<OperationCanceledException>(() => Weights(options));
        using var training = new CancellationTokenSource();
        options = Finding();
        options.CancellationToken = training.Token;
        options.BatchCallback = b =>
        {
            if (b is { Epoch: 2, Batch: 1 })
                training.Cancel();
        };
        Weights(options, result => Assert.Equal(TrainingEnd.Canceled, result.End));
        Assert.Equal(1, searches);
        Assert.Equal(expected, Weights(Finding(), result => Assert.Equal(5, result.ResumedFromStep)));
        Assert.Equal(1, searches); // its result is in the checkpoint
    }

    private static CnnClassificationTrainer.Options Options(int? seed)
    {
        CnnClassificationTrainer.Options options = DigitRows.Options(3);
        (options.Seed, options.BatchSize, options.ProgressCallback) = (seed, 32, null);
        return options;
    }

    private byte[] Weights(CnnClassificationTrainer.Options options, Action<TrainingResult>? check = null, int first = 0)
    {
        using var model = (IDisposable)DigitRows.Pipeline(_mlContext, options)
            .Fit(_mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(first, 100)));
        CnnClassificationTransformer network = CnnClassificationTransformer.From((ITransformer)model);
        check?.Invoke(network.Training!);
        return [.. network.Model.Weights.Variables.SelectMany(v => v.Get().Bytes.ToArray())];
    }
}
