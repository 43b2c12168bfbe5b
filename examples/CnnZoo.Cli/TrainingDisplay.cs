using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Training;
using Spectre.Console;

namespace CnnZoo.Cli;

/// <summary>Shows a training: a progress bar with figures on a terminal, one line per epoch elsewhere.</summary>
internal abstract class TrainingDisplay
{
    private const double WaitWorthSaying = 0.1;

    /// <summary>Called after each epoch.</summary>
    public abstract void EpochCompleted(EpochProgress epoch);

    /// <summary>Called after each batch.</summary>
    public virtual void BatchCompleted(BatchProgress batch)
    {
    }

    /// <summary>Runs the training under the display that fits standard output.</summary>
    public static T Show<T>(Func<TrainingDisplay, T> train) => Console.IsOutputRedirected
        ? train(new Lines())
        : AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
            .Start(context => train(new Bar(context.AddTask("reading images"))));

    private static string Describe(EpochProgress epoch)
    {
        string validation = epoch.ValidationAccuracy is { } accuracy ? $"  validation loss {epoch.ValidationLoss:F4} accuracy {accuracy:F4}" : "";
        string waiting = epoch.DataWait > WaitWorthSaying * epoch.TrainingTime ? $" ({epoch.DataWait / epoch.TrainingTime:P0} waiting for images)" : "";
        return $"epoch {epoch.Epoch}/{epoch.Epochs}  loss {epoch.Loss:F4} accuracy {epoch.Accuracy:F4}{validation}  {epoch.ImagesPerSecond:N0} images/s{waiting}  {Clock(epoch.Remaining)} left";
    }

    private static string Clock(TimeSpan time) => time.TotalHours >= 1 ? $"{(int)time.TotalHours}:{time:mm\\:ss}" : $"{time:mm\\:ss}";

    private sealed class Lines : TrainingDisplay
    {
        public override void EpochCompleted(EpochProgress epoch) => Console.WriteLine(Describe(epoch));
    }

    private sealed class Bar(ProgressTask task) : TrainingDisplay
    {
        public override void EpochCompleted(EpochProgress epoch) => AnsiConsole.MarkupLineInterpolated($"{Describe(epoch)}");

        public override void BatchCompleted(BatchProgress batch)
        {
            task.MaxValue = (double)batch.Epochs * batch.Batches;
            task.Value = (batch.Epoch - 1.0) * batch.Batches + batch.Batch;
            task.Description = Markup.Escape(
                $"epoch {batch.Epoch}/{batch.Epochs}  loss {batch.Loss:F4} accuracy {batch.Accuracy:F4}  {batch.ImagesPerSecond:N0} images/s  {Clock(batch.Remaining)} left");
        }
    }
}
