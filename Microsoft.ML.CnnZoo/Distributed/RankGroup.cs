using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Distributed;

/// <summary>
/// The ranks of a distributed training, as one of them sees them: sums, broadcasts, all of them in the order of the
/// ranks and so the same to the last bit on every rank and in every run. A rank that fails takes the others with it.
/// </summary>
/// <param name="link">Carries the bytes.</param>
internal sealed class RankGroup(IRankLink link) : IDisposable
{
    /// <summary>Tags from here on are free for streams besides those of the group's own calls.</summary>
    public const int FirstFreeTag = 16;

    private const int CallTag = 1;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);

    private readonly nint[] _requests = new nint[2 * link.Size];
    private NativeBuffer _buffer = new(4096);
    private bool _hasLeft;

    /// <summary>This rank, from 0.</summary>
    public int Rank => link.Rank;

    /// <summary>Number of ranks.</summary>
    public int Size => link.Size;

    /// <summary>Whether this is rank 0, the one that writes.</summary>
    public bool IsFirst => link.Rank == 0;

    /// <summary>What carries the bytes.</summary>
    public IRankLink Link => link;

    /// <summary>How long a rank may be silent while another waits for it. Default: 30 minutes.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Everyone's values, in the order of the ranks.</summary>
    /// <param name="own">This rank's; the same number on every rank.</param>
    /// <param name="all">Receives <see cref="Size"/> times as many.</param>
    public void Gather<T>(ReadOnlySpan<T> own, Span<T> all) where T : unmanaged =>
        GatherBytes(MemoryMarshal.AsBytes(own), MemoryMarshal.AsBytes(all), default);

    /// <summary>The sums of everyone's values, taken in the order of the ranks.</summary>
    public void Sum(Span<double> values) => Sum(values, default);

    /// <summary>The same over some of the ranks, this one among them.</summary>
    /// <param name="values">This rank's values; receives the sums.</param>
    /// <param name="weights">Ranks of weight 0 take no part; empty for all.</param>
    public void Sum(Span<double> values, ReadOnlySpan<double> weights)
    {
        Span<double> all = Room(RoomFor(values.Length * sizeof(double))).Span<double>()[..(Size * values.Length)];
        GatherBytes(MemoryMarshal.AsBytes(values), MemoryMarshal.AsBytes(all), weights);
        values.Clear();
        for (int rank = 0; rank < Size; rank++)
            if (TakesPart(weights, rank))
                for (int i = 0; i < values.Length; i++)
                    values[i] += all[(rank * values.Length) + i];
    }

    /// <summary>Everyone's bytes, however many each has.</summary>
    public byte[][] GatherBytes(byte[] own)
    {
        Span<int> lengths = stackalloc int[Size];
        Gather([own.Length], lengths);
        byte[][] all = [.. lengths.ToArray().Select(n => GC.AllocateUninitializedArray<byte>(n, pinned: true))];
        own.CopyTo(all[Rank], 0);
        for (int rank = 0; rank < Size; rank++)
            if (rank != Rank)
            {
                _requests[rank] = link.Send(Address(all[Rank]), own.Length, rank, CallTag);
                _requests[Size + rank] = link.Receive(Address(all[rank]), all[rank].Length, rank, CallTag);
            }
        Wait(_requests);
        return all;
    }

    /// <summary>Rank 0's memory, to all others.</summary>
    /// <param name="data">Its address, which does not change.</param>
    /// <param name="bytes">Its length.</param>
    public void Broadcast(nint data, int bytes)
    {
        if (!IsFirst)
            _requests[0] = link.Receive(data, bytes, 0, CallTag);
        for (int rank = 1; rank < Size && IsFirst; rank++)
            _requests[rank] = link.Send(data, bytes, rank, CallTag);
        Wait(_requests);
    }

    /// <summary>What rank 0 decides: the others learn its answer and do not compute one of their own.</summary>
    public T Decide<T>(Func<T> decide)
    {
        byte[] answer = IsFirst ? JsonSerializer.SerializeToUtf8Bytes(decide()) : [];
        Span<int> lengths = stackalloc int[Size];
        Gather([answer.Length], lengths);
        byte[] sent = GC.AllocateUninitializedArray<byte>(lengths[0], pinned: true);
        answer.CopyTo(sent, 0);
        Broadcast(Address(sent), sent.Length);
        return JsonSerializer.Deserialize<T>(sent)!;
    }

    /// <summary>Whether it is so on every rank.</summary>
    public bool All(bool condition)
    {
        var count = (Span<double>)[condition ? 1 : 0];
        Sum(count);
        return count[0] == Size;
    }

    /// <summary>Whether it is so on one rank at least.</summary>
    public bool Any(bool condition) => !All(!condition);

    /// <summary>Runs what all ranks run together; what goes wrong on this one ends it on the others, too.</summary>
    /// <exception cref="RankFailedException">Another rank failed.</exception>
    public T Together<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is not RankFailedException)
        {
            Fail(e is OperationCanceledException ? "it was canceled" : e.Message);
            throw;
        }
    }

    /// <summary>Tells the others that this rank has failed.</summary>
    public void Fail(string reason)
    {
        if (_hasLeft)
            return;
        _hasLeft = true;
        link.Leave(reason);
    }

    /// <summary>Waits for messages.</summary>
    /// <exception cref="RankFailedException">A rank failed, has ended or does not answer.</exception>
    public void Wait(Span<nint> requests)
    {
        var patience = new RankPatience(this);
        while (!AreDone(requests))
            patience.Wait();
    }

    /// <summary>Whether all messages have been sent or received.</summary>
    public bool AreDone(Span<nint> requests)
    {
        bool done = true;
        foreach (ref nint request in requests)
            done &= request == 0 || link.IsDone(ref request);
        return done;
    }

    /// <summary>Ends a wait that cannot end well.</summary>
    /// <param name="waited">Since the last sign of life.</param>
    public void Check(TimeSpan waited)
    {
        for (int rank = 0; rank < Size; rank++)
            if (rank != Rank && link.HasLeft(rank, out string? reason) && (reason is not null || waited > Grace))
                throw new RankFailedException(rank, Size, reason ?? "its process has ended");
        if (waited > Timeout)
            throw new RankFailedException(-1, Size, $"no rank has answered rank {Rank} for {Timeout.TotalMinutes:f0} minutes");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_hasLeft)
            link.Leave(null);
        _hasLeft = true;
        _buffer.Dispose();
    }

    /// <summary>Through memory that does not move, for messages outlive a pinning.</summary>
    private void GatherBytes(ReadOnlySpan<byte> own, Span<byte> all, ReadOnlySpan<double> weights)
    {
        int length = own.Length;
        NativeBuffer room = Room(RoomFor(length));
        Span<byte> memory = room.Span<byte>();
        nint address = room.Pointer + (Size * length); // behind what Sum reads the answer from
        own.CopyTo(memory[(Size * length)..]);
        nint received = address + length;
        for (int rank = 0; rank < Size; rank++)
            if (rank != Rank && TakesPart(weights, rank))
            {
                _requests[rank] = link.Send(address, length, rank, CallTag);
                _requests[Size + rank] = link.Receive(received + (rank * length), length, rank, CallTag);
            }
        Wait(_requests);
        own.CopyTo(memory[(((Size + 1) * length) + (Rank * length))..]);
        memory.Slice((Size + 1) * length, Size * length).CopyTo(all);
    }

    private static bool TakesPart(ReadOnlySpan<double> weights, int rank) => weights.IsEmpty || weights[rank] > 0;

    /// <summary>An answer, this rank's message and the others'.</summary>
    private int RoomFor(int length) => checked((2 * Size + 1) * length);

    private NativeBuffer Room(int bytes)
    {
        if (_buffer.ByteLength >= bytes)
            return _buffer;
        _buffer.Dispose();
        return _buffer = new NativeBuffer(2L * bytes);
    }

    private static unsafe nint Address(byte[] pinned) =>
        (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(pinned));
}

/// <summary>How a thread waits for other ranks.</summary>
internal struct RankPatience(RankGroup ranks)
{
    private const int PollsBetweenChecks = 64, PollsBeforeSleep = 4000;
    private long _since = Stopwatch.GetTimestamp();
    private int _polls;

    /// <summary>Waits for a moment where nothing else is to be done: it gives its processor away, and after a while sleeps.</summary>
    public void Wait()
    {
        _polls++;
        if (_polls > PollsBeforeSleep)
            Thread.Sleep(1);
        else
            Thread.Yield();
        if (_polls % PollsBetweenChecks == 0 || _polls > PollsBeforeSleep)
            ranks.Check(Stopwatch.GetElapsedTime(_since));
    }

    /// <summary>Sleeps for a moment, for the process computes in the meantime.</summary>
    /// <param name="signal">Ends the sleep.</param>
    public readonly void Sleep(WaitHandle signal)
    {
        signal.WaitOne(1);
        ranks.Check(Stopwatch.GetElapsedTime(_since));
    }

    /// <summary>Something has arrived.</summary>
    public void Renew() => (_since, _polls) = (Stopwatch.GetTimestamp(), 0);
}
