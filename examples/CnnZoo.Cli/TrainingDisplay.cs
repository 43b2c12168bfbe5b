using System.Globalization;
using Microsoft.ML.CnnZoo;
using Spectre.Console;

namespace CnnZoo.Cli;

/// <summary>Shows a training: two progress bars with figures on a terminal, one line per epoch elsewhere.</summary>
internal abstract class TrainingDisplay
{
    /// <summary>Called after each epoch.</summary>
    public abstract void EpochCompleted(EpochProgress epoch);

    /// <summary>Called after each batch.</summary>
    public virtual void BatchCompleted(BatchProgress batch)
    {
    }

    /// <summary>Shows what the trainer has chosen.</summary>
    public virtual void Note(string message) => Console.WriteLine(message);

    /// <summary>Shows a warning of the trainer's.</summary>
    public virtual void Warn(string message) => Console.Error.WriteLine($"cnnzoo: {message}");

    /// <summary>Runs the training under the display that fits standard output.</summary>
    public static T Show<T>(Func<TrainingDisplay, T> train)
    {
        if (Console.IsOutputRedirected || Ranks.Launched is not null)
            return train(new Lines());
        var warnings = new List<string>();
        try
        {
            return AnsiConsole.Progress()
                .Columns(
                    new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
                .Start(context => train(new Bars(context.AddTask("reading images"), context.AddTask("all epochs"), warnings)));
        }
        finally
        {
            warnings.ForEach(warning => Console.Error.WriteLine($"cnnzoo: {warning}"));
        }
    }

    private sealed class Lines : TrainingDisplay
    {
        public override void EpochCompleted(EpochProgress epoch) => ConsoleProgress.Write(epoch);
    }

    /// <param name="epoch">Bar of the epoch at hand.</param>
    /// <param name="all">Bar of the training.</param>
    /// <param name="warnings">Takes what must not stand between the bars.</param>
    private sealed class Bars(ProgressTask epoch, ProgressTask all, List<string> warnings) : TrainingDisplay
    {
        public override void Note(string message) => AnsiConsole.MarkupLineInterpolated($"{message}");

        public override void Warn(string message) => warnings.Add(message);

        public override void EpochCompleted(EpochProgress epoch) => Note(ConsoleProgress.Describe(epoch));

        public override void BatchCompleted(BatchProgress batch)
        {
            (epoch.MaxValue, epoch.Value) = (batch.Batches, batch.Batch);
            (all.MaxValue, all.Value) = ((double)batch.Epochs * batch.Batches, ((batch.Epoch - 1.0) * batch.Batches) + batch.Batch);
            epoch.Description = Markup.Escape(string.Create(CultureInfo.InvariantCulture,
                $"epoch {batch.Epoch}/{batch.Epochs}  loss {ConsoleProgress.Loss(batch.Loss)} accuracy {batch.Accuracy:F4}"));
            all.Description = Markup.Escape(string.Create(CultureInfo.InvariantCulture,
                $"{batch.ImagesPerSecond:N0} images/s  learning rate {batch.LearningRate:g3}  "
                + $"{ConsoleProgress.Clock(batch.Remaining)} left"));
        }
    }
}
