using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.CnnZoo.Estimators;

/// <summary>What is done about an image that is missing or cannot be decoded, while training.</summary>
public enum BadImageHandling
{
    /// <summary>Training ends with an error that names the row and what was wrong.</summary>
    Throw,
    /// <summary>The row is left out; a warning says how many were.</summary>
    Skip,
}

/// <summary>Reads labelled rows into memory, at the network's size. Rows without a label are left out and counted.</summary>
internal sealed class ImageSetReader(ImageShape image, ImageFit fit, BadImageHandling badImages, IChannel channel, CancellationToken cancellation)
{
    /// <summary>Reads all rows.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="label">Its label column.</param>
    /// <param name="feature">Its feature column.</param>
    /// <param name="what">What the rows are, for messages: "training", "validation".</param>
    /// <exception cref="InvalidOperationException">An image is bad and is not to be skipped, or no row is left.</exception>
    public ImageCache<T> Read<T>(IDataView data, LabelColumn label, FeatureColumn feature, string what) where T : unmanaged
    {
        var cache = new ImageCache<T>(image);
        long rows = 0, unlabelled = 0, bad = 0;
        using (DataViewRowCursor cursor = data.GetRowCursor([label.Column, feature.Column]))
        {
            Func<int> readLabel = label.CreateReader(cursor);
            ImageReader reader = ImageReader.Create(cursor, feature, new ImageScaler(image.Height, image.Width, image.Channels, fit));
            for (; cursor.MoveNext(); rows++)
            {
                cancellation.ThrowIfCancellationRequested();
                int classNumber = readLabel();
                if (classNumber < 0 || classNumber >= label.Classes)
                    unlabelled++;
                else if (TryRead(reader, feature, cursor.Position, what, ref bad) is T[] pixels)
                    cache.Add(pixels, classNumber);
            }
        }
        Report(what, rows, unlabelled, bad, cache.Count);
        return cache;

        T[]? TryRead(ImageReader reader, FeatureColumn column, long row, string set, ref long skipped)
        {
            var pixels = new T[image.ValueCount()];
            try
            {
                bool read = pixels is byte[] bytes ? reader.TryRead(bytes.AsSpan()) : reader.TryRead(((float[])(object)pixels).AsSpan());
                if (read)
                    return pixels;
                if (badImages == BadImageHandling.Throw)
                    throw Bad(column, row, set, reader.Problem, null);
            }
            catch (Exception e) when (ImageReader.IsBadImage(e) && e.Data[typeof(ImageSetReader)] is null)
            {
                if (badImages == BadImageHandling.Throw)
                    throw Bad(column, row, set, e.Message, e);
            }
            skipped++;
            return null;
        }
    }

    private static InvalidOperationException Bad(FeatureColumn feature, long row, string what, string why, Exception? inner)
    {
        var exception = new InvalidOperationException(
            $"The image in column '{feature.Column.Name}' of row {row} of the {what} data cannot be read: {why} (Options.BadImages = Skip leaves such rows out)", inner);
        exception.Data[typeof(ImageSetReader)] = true; // tells it from exceptions of the image itself
        return exception;
    }

    private void Report(string what, long rows, long unlabelled, long bad, int count)
    {
        if (unlabelled > 0)
            channel.Warning(MessageSensitivity.None, $"{unlabelled} of {rows} rows of the {what} data have no label (a missing key) and were left out.");
        if (bad > 0)
            channel.Warning(MessageSensitivity.None, $"{bad} of {rows} rows of the {what} data have no image that can be read and were left out.");
        if (count == 0)
            throw new InvalidOperationException(rows == 0 ? $"The {what} data have no rows." : $"The {what} data have {rows} rows, none of them with a label and an image that can be read.");
    }
}
