using System.Globalization;
using System.Text;
using Microsoft.ML.CnnZoo.Files;

namespace Microsoft.ML.CnnZoo.Runs;

/// <summary>
/// A CSV file with a line for each epoch, appended and flushed. A training that is gone on with writes it anew, so
/// that no line is there twice or cut off.
/// </summary>
internal sealed class ResultsTable(string path)
{
    private const string Header = "epoch,loss,accuracy,validation_loss,validation_accuracy,learning_rate,"
        + "images_per_second,training_seconds,data_wait_seconds,elapsed_seconds";

    private int? _lines;

    /// <summary>Brings the file up to date.</summary>
    /// <param name="history">All epochs so far.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(IReadOnlyList<EpochProgress> history)
    {
        if (_lines + 1 != history.Count || !File.Exists(path))
        {
            _lines = null;
            CompleteFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(string.Concat(
                history.Select(Line).Prepend(Header + '\n')))));
        }
        else
        {
            _lines = null; // until the line is there
            using var stream = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read);
            stream.Write(Encoding.UTF8.GetBytes(Line(history[^1])));
            stream.Flush(flushToDisk: true);
        }
        _lines = history.Count;
    }

    private static string Line(EpochProgress e) => string.Join(',', ((double?[])
    [
        e.Epoch, e.Loss, e.Accuracy, e.ValidationLoss, e.ValidationAccuracy, e.LearningRate, e.ImagesPerSecond,
        e.TrainingTime.TotalSeconds, e.DataWait.TotalSeconds, e.Elapsed.TotalSeconds,
    ]).Select(v => v?.ToString("g9", CultureInfo.InvariantCulture))) + '\n';
}
