using Microsoft.ML.CnnZoo;
using Spectre.Console;

namespace CnnZoo.Cli;

/// <summary>Shows a training: a progress bar with figures on a terminal, one line per epoch elsewhere.</summary>
internal abstract class TrainingDisplay
{
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
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
            .Start(context => train(new Bar(context.AddTask("reading images"))));

    private sealed class Lines : TrainingDisplay
    {
        public override void EpochCompleted(EpochProgress epoch) => ConsoleProgress.Write(epoch);
    }

    private sealed class Bar(ProgressTask task) : TrainingDisplay
    {
        public override void EpochCompleted(EpochProgress epoch) =>
            AnsiConsole.MarkupLineInterpolated($"{ConsoleProgress.Describe(epoch)}");

        public override void BatchCompleted(BatchProgress batch)
        {
            task.MaxValue = (double)batch.Epochs * batch.Batches;
            task.Value = (batch.Epoch - 1.0) * batch.Batches + batch.Batch;
            task.Description = Markup.Escape(
                $"epoch {batch.Epoch}/{batch.Epochs}  "
                + $"loss {ConsoleProgress.Loss(batch.Loss)} accuracy {batch.Accuracy:F4}  "
                + $"{batch.ImagesPerSecond:N0} images/s  {ConsoleProgress.Clock(batch.Remaining)} left");
        }
    }
}
