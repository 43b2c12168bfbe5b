using System.Text.Json.Serialization;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>
/// Where a training stands: with the values of the variables all that the rest of it depends on, for every random
/// number is a function of seed, epoch, image and step.
/// </summary>
internal sealed record TrainingState
{
    /// <summary>The epoch at hand, from 1; one more than there are when all are done.</summary>
    public int Epoch { get; set; } = 1;
    /// <summary>Batches of it that are done.</summary>
    public int Batch { get; set; }
    /// <summary>Steps done, those not counted that a divergence took back.</summary>
    public long Step { get; set; }
    /// <summary>Learning rate of the last step.</summary>
    public float Rate { get; set; }
    /// <summary>Loss of the first step; null before it.</summary>
    public double? FirstLoss { get; set; }
    /// <summary>What the batches of the epoch at hand came to.</summary>
    public EpochSums Sums { get; set; }
    /// <summary>The epochs done.</summary>
    public List<EpochProgress> History { get; init; } = [];
    /// <summary>The best of them, from 1; 0 for none yet.</summary>
    public int BestEpoch { get; set; }
    /// <summary>How often training diverged and went back.</summary>
    public int Recoveries { get; set; }
    /// <summary>Time that training has taken, in all processes that worked on it.</summary>
    public TimeSpan Elapsed { get; set; }
    /// <summary>Why it ended; null while it has not.</summary>
    public TrainingEnd? End { get; set; }
    /// <summary>Where it diverged for the last time, if it ended so.</summary>
    public Divergence? Divergence { get; set; }

    /// <summary>The best epoch; null for none yet.</summary>
    [JsonIgnore]
    public EpochProgress? Best => BestEpoch == 0 ? null : History[BestEpoch - 1];
}

/// <summary>Sums over the images of an epoch, and the time they took.</summary>
/// <param name="Loss">Sum of the images' losses.</param>
/// <param name="Correct">Images classified rightly.</param>
/// <param name="Images">Images.</param>
/// <param name="Time">Time spent.</param>
/// <param name="DataWait">The part of it that was spent waiting for batches.</param>
internal readonly record struct EpochSums(double Loss, long Correct, long Images, TimeSpan Time, TimeSpan DataWait);

/// <summary>What was not finite, and where.</summary>
/// <param name="Epoch">Number of the epoch, from 1.</param>
/// <param name="Step">Number of the step, from 1.</param>
/// <param name="Rate">Learning rate of the step.</param>
/// <param name="What">For example "the loss is NaN".</param>
internal sealed record Divergence(int Epoch, long Step, float Rate, string What)
{
    public TrainingDivergedException ToException() => new(Epoch, Step, Rate, What);
}
