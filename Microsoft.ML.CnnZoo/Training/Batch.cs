using System.Diagnostics;
using Microsoft.ML.CnnZoo.Architectures;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>Some images and their labels, ready to be fed.</summary>
internal sealed class Batch(ImageShape image, int capacity)
{
    private readonly float[] _images = new float[checked(image.ValueCount() * capacity)];
    private readonly int[] _labels = new int[capacity];

    /// <summary>Number of images.</summary>
    public int Count { get; private set; }

    /// <summary>[count, height, width, channels].</summary>
    public ReadOnlySpan<float> Images => _images.AsSpan(0, Count * image.ValueCount());

    /// <summary>Class numbers.</summary>
    public ReadOnlySpan<int> Labels => _labels.AsSpan(0, Count);

    /// <summary>Replaces the content.</summary>
    /// <param name="source">Where images come from.</param>
    /// <param name="indices">Which of them.</param>
    /// <param name="epoch">The epoch that they are trained on in, from 1; null to have them as they are measured.</param>
    public void Load(IBatchSource source, ReadOnlySpan<int> indices, int? epoch)
    {
        Count = indices.Length;
        Span<float> images = _images.AsSpan(0, Count * image.ValueCount());
        if (epoch is { } number)
            source.FillForTraining(indices, number, images, _labels.AsSpan(0, Count));
        else
            source.Fill(indices, images, _labels.AsSpan(0, Count));
    }
}

/// <summary>
/// The batches of one pass, in a fixed order; the next one is filled on another thread while the present one is worked on. The last batch may be smaller.
/// </summary>
internal sealed class BatchReader
{
    private readonly IBatchSource _source;
    private readonly Batch[] _batches;
    private readonly int _batchSize;

    public BatchReader(IBatchSource source, int batchSize)
    {
        _source = source;
        _batchSize = Math.Min(batchSize, Math.Max(1, source.Count));
        _batches = [new Batch(source.Image, _batchSize), new Batch(source.Image, _batchSize)];
    }

    /// <summary>Batches in a pass.</summary>
    public int BatchCount => (_source.Count + _batchSize - 1) / _batchSize;

    /// <summary>Time that the reader of the batches has waited for them, in all passes so far.</summary>
    public TimeSpan Waited { get; private set; }

    /// <summary>Goes through the images in the given order. A batch is valid until the next is asked for.</summary>
    /// <param name="order">The images' numbers.</param>
    /// <param name="epoch">The epoch that they are trained on in, from 1; null to have them as they are measured.</param>
    public IEnumerable<Batch> Read(int[] order, int? epoch = null)
    {
        Task<Batch>? next = order.Length > 0 ? Start(order, 0, epoch) : null;
        try
        {
            for (int i = 0; next is not null; i++)
            {
                Task<Batch> present = next;
                next = null;
                long start = Stopwatch.GetTimestamp();
                Batch batch = present.GetAwaiter().GetResult();
                Waited += Stopwatch.GetElapsedTime(start);
                next = (i + 1) * _batchSize < order.Length ? Start(order, i + 1, epoch) : null;
                yield return batch;
            }
        }
        finally
        {
            // A caller that leaves early must not find the source still being read; what that reading came to concerns nobody.
            next?.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).Wait();
        }
    }

    private Task<Batch> Start(int[] order, int index, int? epoch) => Task.Run(() =>
    {
        int first = index * _batchSize, count = Math.Min(_batchSize, order.Length - first);
        Batch batch = _batches[index % 2];
        batch.Load(_source, order.AsSpan(first, count), epoch);
        return batch;
    });
}
