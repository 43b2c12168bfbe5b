namespace Microsoft.ML.CnnZoo;

/// <summary>
/// Loss, accuracy and speed of an epoch, one pass over the training images. Means are over images, not over batches:
/// a short last batch counts for the images that it holds.
/// </summary>
public sealed record EpochProgress
{
    /// <summary>Number of the epoch, from 1.</summary>
    public required int Epoch { get; init; }
    /// <summary>Epochs asked for.</summary>
    public required int Epochs { get; init; }
    /// <summary>
    /// Mean loss over the epoch's images, measured while the weights moved, auxiliary losses included.
    /// </summary>
    public required double Loss { get; init; }
    /// <summary>Fraction of the epoch's images classified correctly while the weights moved, 0…1.</summary>
    public required double Accuracy { get; init; }
    /// <summary>Mean loss over the validation images after the epoch; null without a validation set.</summary>
    public double? ValidationLoss { get; init; }
    /// <summary>
    /// Fraction of validation images classified correctly after the epoch, 0…1; null without a validation set.
    /// </summary>
    public double? ValidationAccuracy { get; init; }
    /// <summary>Training images per second, validation left out.</summary>
    public required double ImagesPerSecond { get; init; }
    /// <summary>Time that the epoch's training took, validation left out.</summary>
    public TimeSpan TrainingTime { get; init; }
    /// <summary>
    /// The part of <see cref="TrainingTime"/> in which training stood still because its next batch was not ready:
    /// decoding or augmentation is what limits it when this is large.
    /// </summary>
    public TimeSpan DataWait { get; init; }
    /// <summary>
    /// Of a distributed training, the part of <see cref="TrainingTime"/> in which this rank waited for the others or the
    /// network; zero without.
    /// </summary>
    public TimeSpan RankWait { get; init; }
    /// <summary>
    /// The part of <see cref="TrainingTime"/> in which this process computed its steps, <see cref="RankWait"/> left out.
    /// </summary>
    public TimeSpan ComputeTime { get; init; }
    /// <summary>Of a distributed training, bytes of gradients that this rank sent in the epoch; zero without.</summary>
    public long BytesSent { get; init; }
    /// <summary>Learning rate of the epoch's last step.</summary>
    public required float LearningRate { get; init; }
    /// <summary>Time since training began.</summary>
    public required TimeSpan Elapsed { get; init; }
    /// <summary>Estimate of the time left, if no early stop comes.</summary>
    public required TimeSpan Remaining { get; init; }
}

/// <summary>How far an epoch has come: for progress bars.</summary>
public sealed record BatchProgress
{
    /// <summary>Number of the epoch, from 1.</summary>
    public required int Epoch { get; init; }
    /// <summary>Epochs asked for.</summary>
    public required int Epochs { get; init; }
    /// <summary>Batches done in this epoch, from 1.</summary>
    public required int Batch { get; init; }
    /// <summary>Batches in an epoch.</summary>
    public required int Batches { get; init; }
    /// <summary>Steps done in the whole training; after a divergence it goes back to the epoch's beginning.</summary>
    public long Step { get; init; }
    /// <summary>Mean loss over the images of the batch just done, before the weights moved.</summary>
    public double BatchLoss { get; init; }
    /// <summary>Mean loss over the epoch's images so far.</summary>
    public required double Loss { get; init; }
    /// <summary>Fraction of the epoch's images classified correctly so far, 0…1.</summary>
    public required double Accuracy { get; init; }
    /// <summary>Training images per second in this epoch.</summary>
    public required double ImagesPerSecond { get; init; }
    /// <summary>Of a distributed training, the time in this epoch that this rank waited for the others; zero without.</summary>
    public TimeSpan RankWait { get; init; }
    /// <summary>The time in this epoch in which this process computed its steps, <see cref="RankWait"/> left out.</summary>
    public TimeSpan ComputeTime { get; init; }
    /// <summary>Of a distributed training, bytes of gradients that this rank sent in this epoch; zero without.</summary>
    public long BytesSent { get; init; }
    /// <summary>Learning rate of the step just done.</summary>
    public required float LearningRate { get; init; }
    /// <summary>Time since training began.</summary>
    public required TimeSpan Elapsed { get; init; }
    /// <summary>Estimate of the time left, if no early stop comes.</summary>
    public required TimeSpan Remaining { get; init; }
}
