using System.Diagnostics;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>Counts loss, hits and time of an epoch, image by image.</summary>
internal sealed class EpochMeter
{
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private double _lossSum;
    private long _correct;

    /// <summary>Images so far.</summary>
    public long Images { get; private set; }
    /// <summary>Mean loss over the images so far.</summary>
    public double Loss => _lossSum / Math.Max(1, Images);
    /// <summary>Share classified rightly so far.</summary>
    public double Accuracy => (double)_correct / Math.Max(1, Images);
    /// <summary>Images per second so far.</summary>
    public double ImagesPerSecond => Images / Math.Max(1e-9, _watch.Elapsed.TotalSeconds);

    /// <summary>Time so far, or until <see cref="Stop"/>.</summary>
    public TimeSpan Elapsed => _watch.Elapsed;
    /// <summary>The part of it that was spent waiting for batches.</summary>
    public TimeSpan DataWait { get; private set; }

    /// <summary>Ends the measurement.</summary>
    public void Stop(TimeSpan dataWait)
    {
        _watch.Stop();
        DataWait = dataWait;
    }

    /// <summary>Counts a batch.</summary>
    public void Add(StepOutcome outcome, int images)
    {
        _lossSum += outcome.Loss * images;
        _correct += outcome.Correct;
        Images += images;
    }
}

/// <summary>Time gone and time left.</summary>
internal sealed class TrainingClock
{
    private readonly Stopwatch _watch = Stopwatch.StartNew();

    /// <summary>Time since training began.</summary>
    public TimeSpan Elapsed => _watch.Elapsed;

    /// <summary>Time left, when a share of the work is done.</summary>
    public TimeSpan Remaining(double share) =>
        share <= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(Elapsed.TotalSeconds * Math.Max(0, 1 - share) / share);
}
