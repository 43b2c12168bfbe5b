using System.Globalization;

namespace Microsoft.ML.CnnZoo;

/// <summary>Training progress on the console: one plain line per epoch.</summary>
/// <example><code>
/// var options = new CnnClassificationTrainer.Options
/// {
///     Architecture = CnnArchitectures.LeNet5,
///     ProgressCallback = ConsoleProgress.Write,
/// };
/// // epoch 3/10  loss 0.1377 accuracy 0.9589  validation loss 0.1204 accuracy 0.9630  12,345 images/s  00:05 left
/// </code></example>
public static class ConsoleProgress
{
    private const double NotableWait = 0.1;

    /// <summary>
    /// Writes an epoch's loss and accuracy (0 to 1), those of the validation images if there are any, training images
    /// per second, and the estimated time left. Where training waited for images for more than a tenth of the epoch, it
    /// says so.
    /// </summary>
    /// <param name="epoch">What the trainer reports: this method is made to be the <c>ProgressCallback</c> of its
    /// options.</param>
    public static void Write(EpochProgress epoch)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        Console.WriteLine(Describe(epoch));
    }

    internal static string Describe(EpochProgress epoch)
    {
        string validation = epoch.ValidationAccuracy is { } accuracy
            ? string.Create(
                CultureInfo.InvariantCulture, $"  validation loss {Loss(epoch.ValidationLoss)} accuracy {accuracy:F4}")
            : "";
        double wait = epoch.DataWait / epoch.TrainingTime;
        string waiting = wait > NotableWait
            ? string.Create(CultureInfo.InvariantCulture, $" ({100 * wait:F0}% of the time waiting for images)")
            : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"epoch {epoch.Epoch}/{epoch.Epochs}  loss {Loss(epoch.Loss)} accuracy {epoch.Accuracy:F4}{validation}  "
            + $"{epoch.ImagesPerSecond:N0} images/s{waiting}  {Clock(epoch.Remaining)} left");
    }

    /// <summary>Four decimals; where training goes astray, the magnitude.</summary>
    internal static string Loss(double? loss) =>
        loss?.ToString(loss < 1e6 ? "F4" : "E2", CultureInfo.InvariantCulture) ?? "";

    internal static string Clock(TimeSpan time) =>
        time.TotalHours >= 1 ? $"{(int)time.TotalHours}:{time:mm\\:ss}" : $"{time:mm\\:ss}";
}
