using System.Diagnostics;

namespace Microsoft.ML.CnnZoo.Distributed;

/// <summary>How long a message takes: latency, and bytes that follow one another.</summary>
/// <param name="Latency">α, of each message.</param>
/// <param name="BytesPerSecond">1/β of a rank's way out, which its messages share.</param>
internal sealed record LinkDelay(TimeSpan Latency, double BytesPerSecond);

/// <summary>Ranks that are threads of one process: for tests, and for simulating a network.</summary>
internal sealed class ThreadRanks
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(int From, int To, int Tag), (Queue<Message> Sent, Queue<Message> Wanted)> _streams = [];
    private readonly Dictionary<nint, Message> _messages = [];
    private readonly Stack<Message> _spare = [];
    private readonly (bool HasLeft, string? Reason)[] _left;
    private readonly long[] _wayOutFreeAt;
    private readonly LinkDelay? _delay;
    private nint _next = 1;

    /// <summary>Makes ranks.</summary>
    /// <param name="size">Their number, ≥ 1.</param>
    /// <param name="delay">How long messages take; null for no time.</param>
    public ThreadRanks(int size, LinkDelay? delay = null)
    {
        _delay = delay;
        _left = new (bool, string?)[size];
        _wayOutFreeAt = new long[size];
        Links = [.. Enumerable.Range(0, size).Select(rank => new Link(this, rank))];
    }

    /// <summary>One for each rank.</summary>
    public IReadOnlyList<IRankLink> Links { get; }

    /// <summary>One side of a message.</summary>
    private sealed class Message
    {
        public nint Data { get; set; }
        public int Bytes { get; set; }
        public bool IsMatched { get; set; }
        public long ArrivesAt { get; set; }
    }

    private sealed class Link(ThreadRanks ranks, int rank) : IRankLink
    {
        public int Rank => rank;

        public int Size => ranks._left.Length;

        public string Description => $"{Size} threads of one process";

        public nint Send(nint data, int bytes, int to, int tag) => ranks.Post(rank, to, tag, data, bytes, isSent: true);

        public nint Receive(nint data, int bytes, int from, int tag) =>
            ranks.Post(from, rank, tag, data, bytes, isSent: false);

        public bool IsDone(ref nint request) => ranks.IsDone(ref request);

        public void Leave(string? reason)
        {
            lock (ranks._gate)
                ranks._left[rank] = (true, reason);
        }

        public bool HasLeft(int other, out string? reason)
        {
            lock (ranks._gate)
            {
                (bool left, reason) = ranks._left[other];
                return left;
            }
        }
    }

    private nint Post(int from, int to, int tag, nint data, int bytes, bool isSent)
    {
        lock (_gate)
        {
            Message message = _spare.TryPop(out Message? spare) ? spare : new Message();
            (message.Data, message.Bytes, message.IsMatched, message.ArrivesAt) = (data, bytes, false, 0);
            if (!_streams.TryGetValue((from, to, tag), out (Queue<Message> Sent, Queue<Message> Wanted) stream))
                _streams.Add((from, to, tag), stream = (new(), new()));
            if (isSent && _delay is { } delay)
                message.ArrivesAt = Departure(from, message.Bytes, delay);
            (isSent ? stream.Sent : stream.Wanted).Enqueue(message);
            if (stream.Sent.Count > 0 && stream.Wanted.Count > 0)
                Match(stream.Sent.Dequeue(), stream.Wanted.Dequeue());
            _messages.Add(_next, message);
            return _next++;
        }
    }

    private long Departure(int from, int bytes, LinkDelay delay)
    {
        long start = Math.Max(Stopwatch.GetTimestamp(), _wayOutFreeAt[from]);
        _wayOutFreeAt[from] = start + (long)(bytes / delay.BytesPerSecond * Stopwatch.Frequency);
        return _wayOutFreeAt[from] + (long)(delay.Latency.TotalSeconds * Stopwatch.Frequency);
    }

    private static unsafe void Match(Message sent, Message wanted)
    {
        if (sent.Bytes != wanted.Bytes)
            throw new InvalidOperationException($"A message of {sent.Bytes} bytes came where {wanted.Bytes} were expected.");
        Buffer.MemoryCopy((void*)sent.Data, (void*)wanted.Data, wanted.Bytes, sent.Bytes);
        sent.IsMatched = wanted.IsMatched = true;
        wanted.ArrivesAt = sent.ArrivesAt;
    }

    private bool IsDone(ref nint request)
    {
        if (request == 0)
            return true;
        lock (_gate)
        {
            Message message = _messages[request];
            if (!message.IsMatched || message.ArrivesAt > Stopwatch.GetTimestamp())
                return false;
            _messages.Remove(request);
            _spare.Push(message);
            request = 0;
            return true;
        }
    }
}
