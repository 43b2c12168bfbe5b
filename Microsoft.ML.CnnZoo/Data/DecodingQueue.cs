using System.Collections.Concurrent;

namespace Microsoft.ML.CnnZoo.Data;

/// <summary>A row on its way through a <see cref="DecodingQueue{T}"/>.</summary>
internal sealed class DecodingSlot<T> : IDisposable where T : unmanaged
{
    private readonly ManualResetEventSlim _done = new();
    private readonly RawImage _raw = new();

    /// <summary>Number of the row.</summary>
    public long Row { get; private set; }

    /// <summary>Its class number.</summary>
    public int Label { get; private set; }

    /// <summary>The decoded image; null when there is none.</summary>
    public CachedImage<T>? Image { get; private set; }

    /// <summary>What was wrong with the image, when there is none.</summary>
    public string Problem => Failure?.Message.TrimEnd('.') ?? _raw.Problem;

    /// <summary>The image's file, where it is known.</summary>
    public string? File => _raw.File;

    /// <summary>What was thrown, when there is no image for that reason.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Bytes that wait to be decoded.</summary>
    public long WaitingBytes { get; private set; }

    /// <summary>Copies the image of a cursor's row.</summary>
    /// <returns>Whether there is something to decode.</returns>
    public bool Fetch(IImageCursor cursor, int label)
    {
        (Row, Label, Image, Failure, _raw.File) = (cursor.Row, label, null, null, null);
        _done.Reset();
        bool fetched = false;
        Guard(() => fetched = cursor.TryFetch(_raw));
        WaitingBytes = fetched ? _raw.BufferBytes : 0;
        if (!fetched)
            _done.Set();
        return fetched;
    }

    /// <summary>Decodes and scales; an exception is kept for the reader.</summary>
    public void Decode(ImageDecoder decoder)
    {
        Guard(() => Image = decoder.Decode<T>(_raw));
        _raw.Release();
        _done.Set();
    }

    /// <summary>Waits until the row is done.</summary>
    public void Wait() => _done.Wait();

    /// <inheritdoc/>
    public void Dispose() => _done.Dispose();

    private void Guard(Action work)
    {
        try
        {
            work();
        }
#pragma warning disable CA1031 // thrown or counted when the row's turn comes
        catch (Exception e)
#pragma warning restore CA1031
        {
            Failure = e;
        }
    }
}

/// <summary>
/// Decodes and scales images on several threads while one thread goes on reading rows. Rows leave in the order in which
/// they entered, and only so many are under way at a time: memory is bounded, and nothing depends on the number of
/// threads. Used by one thread.
/// </summary>
internal sealed class DecodingQueue<T> : IDisposable where T : unmanaged
{
    private const int SlotsPerThread = 4;
    private const long MostWaitingBytes = 256L << 20;
    private readonly DecodingSlot<T>[] _slots;
    private readonly BlockingCollection<DecodingSlot<T>> _work = [];
    private readonly Thread[] _threads;
    private long _entered, _left, _waitingBytes;

    /// <summary>Starts the threads.</summary>
    /// <param name="threads">Their number, ≥ 1.</param>
    /// <param name="createDecoder">Gives each its own decoder.</param>
    public DecodingQueue(int threads, Func<ImageDecoder> createDecoder)
    {
        _slots = [.. Enumerable.Range(0, threads * SlotsPerThread).Select(_ => new DecodingSlot<T>())];
        _threads = new Thread[threads];
        for (int i = 0; i < threads; i++)
        {
            _threads[i] = new Thread(() =>
            {
                ImageDecoder decoder = createDecoder();
                foreach (DecodingSlot<T> slot in _work.GetConsumingEnumerable())
                    slot.Decode(decoder);
            })
            { IsBackground = true, Name = $"CnnZoo decoder {i + 1}" };
            _threads[i].Start();
        }
    }

    /// <summary>Whether a row must leave before another can enter.</summary>
    public bool IsFull => _entered - _left == _slots.Length || _waitingBytes > MostWaitingBytes;

    /// <summary>Whether no row is under way.</summary>
    public bool IsEmpty => _entered == _left;

    /// <summary>Lets the present row of a cursor in. The queue must not be full.</summary>
    public void Enter(IImageCursor cursor, int label)
    {
        DecodingSlot<T> slot = _slots[_entered++ % _slots.Length];
        bool fetched = slot.Fetch(cursor, label);
        _waitingBytes += slot.WaitingBytes;
        if (fetched)
            _work.Add(slot);
    }

    /// <summary>Waits for the row that entered first. Its slot is valid until the next row enters.</summary>
    public DecodingSlot<T> Leave()
    {
        DecodingSlot<T> slot = _slots[_left++ % _slots.Length];
        slot.Wait();
        _waitingBytes -= slot.WaitingBytes;
        return slot;
    }

    /// <summary>Ends the threads; rows that are under way are finished first.</summary>
    public void Dispose()
    {
        _work.CompleteAdding();
        foreach (Thread thread in _threads)
            thread.Join();
        _work.Dispose();
        foreach (DecodingSlot<T> slot in _slots)
            slot.Dispose();
    }
}
