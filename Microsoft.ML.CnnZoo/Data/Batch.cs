using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Microsoft.ML.CnnZoo.Data;

/// <summary>Some images and their labels, as the network is fed with them.</summary>
internal sealed class Batch(ImageShape image, int capacity)
{
    private readonly float[] _images = new float[checked(image.ValueCount * capacity)];
    private readonly int[] _labels = new int[capacity], _mixedLabels = new int[capacity];

    /// <summary>Number of images.</summary>
    public int Count { get; private set; }

    /// <summary>[count, height, width, channels].</summary>
    public ReadOnlySpan<float> Images => _images.AsSpan(0, Count * image.ValueCount);

    /// <summary>Class numbers; of mixed images, those of the larger part.</summary>
    public ReadOnlySpan<int> Labels => _labels.AsSpan(0, Count);

    /// <summary>Class numbers of the smaller parts; of no meaning while <see cref="Mix"/> is 1.</summary>
    public Span<int> MixedLabels => _mixedLabels.AsSpan(0, Count);

    /// <summary>Share of <see cref="Labels"/> in the loss, 0…1; 1 where nothing is mixed.</summary>
    public float Mix { get; set; } = 1;

    /// <summary>Replaces the content.</summary>
    /// <param name="source">Where images come from.</param>
    /// <param name="indices">Which of them.</param>
    /// <param name="epoch">The epoch that they are trained on in, from 1; null for images that are not
    /// augmented.</param>
    public void Load(IBatchSource source, ReadOnlySpan<int> indices, int? epoch)
    {
        Count = indices.Length;
        Mix = 1;
        Span<float> images = _images.AsSpan(0, Count * image.ValueCount);
        Span<int> labels = _labels.AsSpan(0, Count);
        if (epoch is not { } number)
        {
            source.Fill(indices, images, labels);
            return;
        }
        source.FillForTraining(indices, number, images, labels);
        if (source.Mixer is { } mixer && Count > 0)
            Mix = mixer.Mix(images, labels, MixedLabels, number, indices[0]);
    }
}

/// <summary>
/// The batches of one pass, in a fixed order; the next one is filled on a thread of its own while the present one is
/// worked on. The last batch may be smaller.
/// </summary>
internal sealed class BatchReader
{
    private readonly IBatchSource _source;
    private readonly Batch[] _batches;

    public BatchReader(IBatchSource source, int batchSize) : this(source, new BatchPlan(source.Count, batchSize))
    {
    }

    public BatchReader(IBatchSource source, BatchPlan plan)
    {
        (_source, Plan) = (source, plan);
        _batches = [new Batch(source.Image, plan.LargestShare), new Batch(source.Image, plan.LargestShare)];
    }

    /// <summary>Which images a batch has.</summary>
    public BatchPlan Plan { get; }

    /// <summary>Batches in a pass.</summary>
    public int BatchCount => Plan.Batches;

    /// <summary>Time that the reader of the batches has waited for them, in all passes so far.</summary>
    public TimeSpan Waited { get; private set; }

    /// <summary>Goes through the images in the given order. A batch is valid until the next is asked for.</summary>
    /// <param name="order">The images' numbers.</param>
    /// <param name="epoch">The epoch that they are trained on in, from 1; null for images that are not
    /// augmented.</param>
    /// <param name="firstBatch">Batches to leave out at the beginning.</param>
    /// <param name="endBatch">The batch to end before; null for the end of the pass.</param>
    public IEnumerable<Batch> Read(int[] order, int? epoch = null, int firstBatch = 0, int? endBatch = null)
    {
        long start = Stopwatch.GetTimestamp();
        // A caller that leaves early must not find the source still being read: disposing waits, and drops what failed.
        using var feeder = new BatchFeeder(_batches, Math.Max(0, (endBatch ?? BatchCount) - firstBatch), (batch, index) =>
        {
            (int first, int count) = Plan.ShareOf(firstBatch + index);
            batch.Load(_source, order.AsSpan(first, count), epoch);
        });
        while (true)
        {
            Batch? batch = feeder.Next();
            Waited += Stopwatch.GetElapsedTime(start);
            if (batch is null)
                yield break;
            yield return batch;
            start = Stopwatch.GetTimestamp();
        }
    }
}

/// <summary>
/// A thread that fills batches in turn while another works on them. It has a thread of its own because a busy thread
/// pool would make training wait.
/// </summary>
internal sealed class BatchFeeder : IDisposable
{
    private readonly Batch[] _batches;
    private readonly int _count;
    private readonly Action<Batch, int> _load;
    private readonly SemaphoreSlim _free, _filled = new(0);
    private readonly Thread _thread;
    private ExceptionDispatchInfo? _failure;
    private volatile bool _stopping;
    private int _next, _failedAt = -1;

    /// <summary>Starts to fill.</summary>
    /// <param name="batches">Buffers, used in turn.</param>
    /// <param name="count">Batches in the pass.</param>
    /// <param name="load">Fills the batch of a number.</param>
    public BatchFeeder(Batch[] batches, int count, Action<Batch, int> load)
    {
        (_batches, _count, _load) = (batches, count, load);
        _free = new SemaphoreSlim(batches.Length);
        _thread = new Thread(Fill) { IsBackground = true, Name = "CnnZoo batches" };
        _thread.Start();
    }

    /// <summary>Waits for the next batch and gives the one before it back to be filled; null after the last.</summary>
    /// <remarks>What filling threw is thrown here, in its turn.</remarks>
    public Batch? Next()
    {
        if (_next == _count)
            return null;
        if (_next > 0)
            _free.Release();
        _filled.Wait();
        if (Volatile.Read(ref _failedAt) == _next)
            _failure!.Throw();
        return _batches[_next++ % _batches.Length];
    }

    /// <summary>Waits for the batch that is being filled, if there is one, and ends the thread.</summary>
    public void Dispose()
    {
        _stopping = true;
        _free.Release();
        _thread.Join();
        _free.Dispose();
        _filled.Dispose();
    }

    private void Fill()
    {
        for (int index = 0; index < _count; index++)
        {
            _free.Wait();
            if (_stopping)
                return;
            try
            {
                _load(_batches[index % _batches.Length], index);
            }
#pragma warning disable CA1031 // thrown to whoever asks for this batch
            catch (Exception e)
#pragma warning restore CA1031
            {
                _failure = ExceptionDispatchInfo.Capture(e);
                Volatile.Write(ref _failedAt, index);
                _filled.Release();
                return;
            }
            _filled.Release();
        }
    }
}
