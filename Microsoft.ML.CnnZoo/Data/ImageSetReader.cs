using System.Runtime.ExceptionServices;
using Microsoft.ML.CnnZoo.Imaging;

namespace Microsoft.ML.CnnZoo.Data;

/// <summary>How an <see cref="ImageSetReader"/> reads.</summary>
/// <param name="Threads">Threads that decode, ≥ 1; the result does not depend on it.</param>
/// <param name="MaxImagePixels">Most pixels that an image may have.</param>
/// <param name="BadImages">What is done about bad images.</param>
/// <param name="Warn">Is called with what was left out.</param>
/// <param name="Cancellation">Ends reading with an exception.</param>
/// <param name="BadImageFound">Is called with each bad image, before it is skipped or ends the reading.</param>
/// <param name="MayBeEmpty">Whether there may be no image.</param>
internal sealed record ImageReading(
    int Threads, long MaxImagePixels, BadImageHandling BadImages, Action<string> Warn, CancellationToken Cancellation,
    Action<BadImage>? BadImageFound = null, bool MayBeEmpty = false);

/// <summary>
/// Reads labeled rows once and decodes them on several threads. Rows without a label are left out and counted. The
/// cursor itself is read by one thread, for sources need not give the same rows twice or to several cursors at a time:
/// what a column's own getter does (LoadImages decodes there) is done by that thread, the rest by the others.
/// </summary>
internal sealed class ImageSetReader(ImageShape image, PixelStore store, ImageReading reading)
{
    private const double MuchLost = 1.0 / 3, ManyImages = 0.1;

    /// <summary>Reads all rows.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="createScaler">To the size at which images are cached.</param>
    /// <param name="warnOfCenterCrop">Whether to warn where the center crop loses much of many images.</param>
    /// <exception cref="InvalidOperationException">An image is bad and is not to be skipped, or no row is
    /// left.</exception>
    public ImageCache<T> Read<T>(IImageRows rows, Func<ImageScaler> createScaler, bool warnOfCenterCrop = false)
        where T : unmanaged
    {
        ImageDecoder CreateDecoder() => new(createScaler(), reading.MaxImagePixels);
        var again = new ImageRereader<T>(rows, CreateDecoder, reading.Threads);
        var cache = new ImageCache<T>(image, store, again.Read) { Threads = reading.Threads };
        var bad = new BadImages();
        long count = 0, unlabeled = 0, cut = 0;
        using (var queue = new DecodingQueue<T>(reading.Threads, CreateDecoder))
        using (IImageCursor cursor = rows.Open())
        {
            for (; cursor.MoveNext(); count++)
            {
                reading.Cancellation.ThrowIfCancellationRequested();
                int label = cursor.ReadLabel();
                if (label < 0)
                {
                    unlabeled++;
                    continue;
                }
                while (queue.IsFull)
                    Keep(queue.Leave());
                queue.Enter(cursor, label);
            }
            while (!queue.IsEmpty)
                Keep(queue.Leave());
        }
        reading.Cancellation.ThrowIfCancellationRequested();
        Report(rows.Name, count, unlabeled, bad, cache.Count);
        if (warnOfCenterCrop && cut > ManyImages * cache.Count)
            reading.Warn($"{cut} of {cache.Count} images of the {rows.Name} data lose more than a third of their area to the "
                + $"center crop to {image.Height}x{image.Width}: Options.ImageFit = Letterbox, or Options.ImageFit = "
                + "Stretch, keeps all of them.");
        return cache;

        void Keep(DecodingSlot<T> slot)
        {
            if (slot.Image is { } decoded)
            {
                cache.Add(decoded, slot.Label, slot.Row);
                if (CropPlan.LostByCenterCrop(decoded.Original.Height, decoded.Original.Width, image) > MuchLost)
                    cut++;
            }
            else if (slot.Failure is not null && !ImageDecoder.IsBadImage(slot.Failure))
                ExceptionDispatchInfo.Throw(slot.Failure);
            else
                Leave(slot);
        }

        void Leave(DecodingSlot<T> slot)
        {
            reading.BadImageFound?.Invoke(new BadImage(rows.Name, slot.Row, slot.Problem));
            if (reading.BadImages == BadImageHandling.Throw)
                throw rows.Bad(slot, " (Options.BadImages = Skip leaves such rows out)");
            bad.Add(slot);
        }
    }

    private void Report(string name, long rows, long unlabeled, BadImages bad, int count)
    {
        string All(long part) => $"{part} of {rows} rows of the {name} data";
        if (unlabeled > 0)
            reading.Warn($"{All(unlabeled)} have no label (a missing key) and were left out.");
        if (bad.Count > 0)
            reading.Warn($"{All(bad.Count)} have no image that can be read and were left out: {bad}.");
        if (count > 0 || reading.MayBeEmpty)
            return;
        string reasons = bad.Count == 0 ? "" : $": {bad}";
        throw new InvalidOperationException(rows == 0 ? $"The {name} data have no rows."
            : $"The {name} data have {rows} rows, none of them with a label and an image that can be read{reasons}.");
    }
}

/// <summary>
/// Decodes images of chosen rows again: a cursor passes over all rows up to the last that is wanted, and only wanted
/// images are fetched.
/// </summary>
internal sealed class ImageRereader<T>(IImageRows source, Func<ImageDecoder> createDecoder, int threads)
    where T : unmanaged
{
    /// <summary>Decodes the images of some rows; see <see cref="RereadImages{T}"/>.</summary>
    public IReadOnlyList<CachedImage<T>> Read(IReadOnlyList<long> rows, IReadOnlyList<int> labels)
    {
        var images = new List<CachedImage<T>>(rows.Count);
        using var queue = new DecodingQueue<T>(threads, createDecoder);
        using IImageCursor cursor = source.Open();
        for (int i = 0; i < rows.Count; i++)
        {
            while (cursor.Row < rows[i])
                if (!cursor.MoveNext())
                    throw new InvalidOperationException(
                        $"Row {rows[i]} of the {source.Name} data was there when they were first read, and is gone.");
            if (cursor.ReadLabel() != labels[i])
                throw new InvalidOperationException(
                    $"Row {rows[i]} of the {source.Name} data has another label than when it was first read: "
                    + "the data must be the same in every pass.");
            while (queue.IsFull)
                Add(queue.Leave());
            queue.Enter(cursor, labels[i]);
        }
        while (!queue.IsEmpty)
            Add(queue.Leave());
        return images;

        void Add(DecodingSlot<T> slot) =>
            images.Add(slot.Image ?? throw source.Bad(slot, ", though it could when it was first read"));
    }
}

/// <summary>Errors about rows.</summary>
internal static class ImageRowErrors
{
    /// <summary>An image that cannot be used.</summary>
    public static InvalidOperationException Bad<T>(this IImageRows rows, DecodingSlot<T> slot, string remedy)
        where T : unmanaged
    {
        string file = slot.File is null ? "" : $", file '{slot.File}',";
        return new(
            $"The image in column '{rows.ImageColumn}' of row {slot.Row} of the {rows.Name} data{file} cannot be read: "
            + slot.Problem + remedy, slot.Failure);
    }
}
