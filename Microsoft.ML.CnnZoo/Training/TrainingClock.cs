using System.Diagnostics;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>Counts loss, hits and time of an epoch, image by image.</summary>
/// <param name="start">What it has come to before, in a process that ended.</param>
internal sealed class EpochMeter(EpochSums start = default)
{
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private double _lossSum = start.Loss;
    private long _correct = start.Correct;

    /// <summary>Images so far.</summary>
    public long Images { get; private set; } = start.Images;
    /// <summary>Mean loss over the images so far.</summary>
    public double Loss => _lossSum / Math.Max(1, Images);
    /// <summary>Share classified rightly so far.</summary>
    public double Accuracy => (double)_correct / Math.Max(1, Images);
    /// <summary>Images per second so far.</summary>
    public double ImagesPerSecond => Images / Math.Max(1e-9, Elapsed.TotalSeconds);
    /// <summary>Time so far.</summary>
    public TimeSpan Elapsed => start.Time + _watch.Elapsed;

    /// <summary>Everything so far.</summary>
    /// <param name="dataWait">Time spent waiting for batches since this meter began.</param>
    public EpochSums Sums(TimeSpan dataWait) => new(_lossSum, _correct, Images, Elapsed, start.DataWait + dataWait);

    /// <summary>Counts a batch.</summary>
    public void Add(StepOutcome outcome)
    {
        _lossSum += outcome.Loss * outcome.Images;
        _correct += outcome.Correct;
        Images += outcome.Images;
    }
}

/// <summary>Time gone and time left.</summary>
/// <param name="before">Time gone in processes that ended.</param>
internal sealed class TrainingClock(TimeSpan before)
{
    private readonly Stopwatch _watch = Stopwatch.StartNew();

    /// <summary>Time since training began.</summary>
    public TimeSpan Elapsed => before + _watch.Elapsed;

    /// <summary>Time left, when a share of the work is done.</summary>
    public TimeSpan Remaining(double share) =>
        share <= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(Elapsed.TotalSeconds * Math.Max(0, 1 - share) / share);
}
