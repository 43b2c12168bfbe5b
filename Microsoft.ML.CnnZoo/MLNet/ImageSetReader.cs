using System.Runtime.ExceptionServices;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.MLNet;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.CnnZoo;

/// <summary>What is done about an image that is missing or cannot be decoded, while training.</summary>
public enum BadImageHandling
{
    /// <summary>Training ends with an error that names the row and what was wrong.</summary>
    Throw,
    /// <summary>The row is left out; a warning says how many were.</summary>
    Skip,
}

/// <summary>Rows of a view that hold labeled images.</summary>
/// <param name="View">The rows.</param>
/// <param name="Label">Its label column.</param>
/// <param name="Feature">Its feature column.</param>
/// <param name="What">What the rows are, for messages: "training", "validation".</param>
internal sealed record LabeledRows(IDataView View, LabelColumn Label, FeatureColumn Feature, string What)
{
    /// <summary>An image that cannot be used.</summary>
    public InvalidOperationException Bad<T>(DecodingSlot<T> slot, string remedy) where T : unmanaged => new(
        $"The image in column '{Feature.Column.Name}' of row {slot.Row} of the {What} data cannot be read: {slot.Failure?.Message ?? slot.Problem}{remedy}", slot.Failure);
}

/// <summary>
/// Reads labeled rows once and decodes them on several threads. Rows without a label are left out and counted. The cursor itself is read by one thread, for sources need not
/// give the same rows twice or to several cursors at a time: what a column's own getter does (LoadImages decodes there) is done by that thread, the rest by the others.
/// </summary>
internal sealed class ImageSetReader(
    ImageShape image, PixelStore store, int threads, BadImageHandling badImages, IChannel channel, CancellationToken cancellation,
    Action<BadImage>? badImageFound = null)
{
    /// <summary>Reads all rows.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="createScaler">To the size at which images are kept.</param>
    /// <exception cref="InvalidOperationException">An image is bad and is not to be skipped, or no row is left.</exception>
    public ImageCache<T> Read<T>(LabeledRows rows, Func<ImageScaler> createScaler) where T : unmanaged
    {
        var cache = new ImageCache<T>(image, store, new SourceRows<T>(rows, createScaler, threads)) { Threads = threads };
        long count = 0, unlabeled = 0, bad = 0;
        using (var queue = new DecodingQueue<T>(threads, createScaler))
        using (DataViewRowCursor cursor = rows.View.GetRowCursor([rows.Label.Column, rows.Feature.Column]))
        {
            Func<int> readLabel = rows.Label.CreateReader(cursor);
            ImageFetcher fetcher = ImageFetcher.Create(cursor, rows.Feature);
            for (; cursor.MoveNext(); count++)
            {
                cancellation.ThrowIfCancellationRequested();
                int classNumber = readLabel();
                if (classNumber < 0 || classNumber >= rows.Label.Classes)
                {
                    unlabeled++;
                    continue;
                }
                while (queue.IsFull)
                    Keep(queue.Leave());
                queue.Enter(fetcher, cursor.Position, classNumber);
            }
            while (!queue.IsEmpty)
                Keep(queue.Leave());
        }
        Report(rows.What, count, unlabeled, bad, cache.Count);
        return cache;

        void Keep(DecodingSlot<T> slot)
        {
            if (slot.Image is { } decoded)
                cache.Add(decoded, slot.Label, slot.Row);
            else if (slot.Failure is not null && !ImageReader.IsBadImage(slot.Failure))
                ExceptionDispatchInfo.Throw(slot.Failure);
            else
            {
                badImageFound?.Invoke(new BadImage(rows.What, slot.Row, slot.Failure?.Message ?? slot.Problem));
                if (badImages == BadImageHandling.Throw)
                    throw rows.Bad(slot, " (Options.BadImages = Skip leaves such rows out)");
                bad++;
            }
        }
    }

    private void Report(string what, long rows, long unlabeled, long bad, int count)
    {
        if (unlabeled > 0)
            channel.Warning(MessageSensitivity.None, $"{unlabeled} of {rows} rows of the {what} data have no label (a missing key) and were left out.");
        if (bad > 0)
            channel.Warning(MessageSensitivity.None, $"{bad} of {rows} rows of the {what} data have no image that can be read and were left out.");
        if (count == 0)
            throw new InvalidOperationException(rows == 0 ? $"The {what} data have no rows." : $"The {what} data have {rows} rows, none of them with a label and an image that can be read.");
    }
}

/// <summary>Decodes images of chosen rows again: a cursor passes over all rows up to the last that is wanted, and only wanted images are asked for.</summary>
internal sealed class SourceRows<T>(LabeledRows source, Func<ImageScaler> createScaler, int threads) : IImageRows<T> where T : unmanaged
{
    /// <inheritdoc/>
    public IReadOnlyList<CachedImage<T>> Read(IReadOnlyList<long> rows, IReadOnlyList<int> labels)
    {
        var images = new List<CachedImage<T>>(rows.Count);
        using var queue = new DecodingQueue<T>(threads, createScaler);
        using DataViewRowCursor cursor = source.View.GetRowCursor([source.Label.Column, source.Feature.Column]);
        Func<int> readLabel = source.Label.CreateReader(cursor);
        ImageFetcher fetcher = ImageFetcher.Create(cursor, source.Feature);
        for (int i = 0; i < rows.Count; i++)
        {
            while (cursor.Position < rows[i])
                if (!cursor.MoveNext())
                    throw new InvalidOperationException($"Row {rows[i]} of the {source.What} data was there when they were first read, and is gone.");
            if (readLabel() != labels[i])
                throw new InvalidOperationException($"Row {rows[i]} of the {source.What} data has another label than when it was first read: the data must be the same in every pass.");
            while (queue.IsFull)
                Add(queue.Leave());
            queue.Enter(fetcher, rows[i], labels[i]);
        }
        while (!queue.IsEmpty)
            Add(queue.Leave());
        return images;

        void Add(DecodingSlot<T> slot) => images.Add(slot.Image ?? throw source.Bad(slot, ", though it could when it was first read"));
    }
}
