using System.Text;
using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Distributed;

/// <summary>
/// Ranks that MPI started. One call is made at a time, which MPI_THREAD_SERIALIZED allows; none of them waits.
/// </summary>
#pragma warning disable CA1001 // it lives as long as the process, and messages may use its memory until then
internal sealed class MpiLink : IRankLink
#pragma warning restore CA1001
{
    private const int FarewellTag = 2, FarewellBytes = 1024;
    private const int LastWordsMilliseconds = 2000, PrintMilliseconds = 300;
    private static readonly Lock s_creation = new();
    private static MpiLink? s_world;

    private readonly Lock _gate = new();
    private readonly MpiLibrary _library;
    private readonly NativeBuffer _farewells, _own = new(FarewellBytes);
    private readonly nint[] _coming, _going;
    private bool _hasLeft, _hasFailed;

    private MpiLink(MpiLaunch launch)
    {
        _library = MpiLibrary.Load(launch);
        (Rank, Size) = _library.Initialize();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => End();
        if (launch.Size is { } size && size != Size)
            throw new InvalidOperationException($"{launch.Launcher} started {size} ranks, and {_library.Version} ({_library.File}) sees "
                + $"{Size}: they do not belong together. Use the library's own launcher, or name the launcher's library in the "
                + $"environment variable {MpiLaunch.LibraryVariable}.");
        _farewells = new NativeBuffer((long)FarewellBytes * Size);
        (_coming, _going) = (new nint[Size], new nint[Size]);
        for (int rank = 0; rank < Size; rank++)
            if (rank != Rank)
                _coming[rank] = _library.Receive(_farewells.Pointer + (rank * FarewellBytes), FarewellBytes, rank, FarewellTag);
    }

    /// <summary>The ranks of this process's launch; loaded when first asked for, and until the process ends.</summary>
    public static MpiLink World
    {
        get
        {
            lock (s_creation)
                return s_world ??= new MpiLink(MpiLaunch.Find() ?? MpiLaunch.None);
        }
    }

    public int Rank { get; }

    public int Size { get; }

    public string Description => $"{_library.Version} ({_library.File})";

    public nint Send(nint data, int bytes, int rank, int tag)
    {
        lock (_gate)
            return _library.Send(data, bytes, rank, tag);
    }

    public nint Receive(nint data, int bytes, int rank, int tag)
    {
        lock (_gate)
            return _library.Receive(data, bytes, rank, tag);
    }

    public bool IsDone(ref nint request)
    {
        if (request == 0)
            return true;
        lock (_gate)
            return _library.Test(ref request);
    }

    /// <summary>Every rank sends one farewell to every other, so that each is expected and MPI_Finalize finds nothing open.</summary>
    public void Leave(string? reason)
    {
        lock (_gate)
        {
            if (_hasLeft)
                return;
            (_hasLeft, _hasFailed) = (true, reason is not null);
            Span<byte> text = _own.Span<byte>();
            Encoding.UTF8.GetEncoder().Convert(reason ?? "", text[..^1], flush: true, out _, out int written, out _);
            text[written] = 0;
            for (int rank = 0; rank < Size; rank++)
                if (rank != Rank)
                    _going[rank] = _library.Send(_own.Pointer, FarewellBytes, rank, FarewellTag);
        }
    }

    public bool HasLeft(int rank, out string? reason)
    {
        reason = null;
        if (!IsDone(ref _coming[rank]))
            return false;
        ReadOnlySpan<byte> text = _farewells.Span<byte>().Slice(rank * FarewellBytes, FarewellBytes);
        text = text[..text.IndexOf((byte)0)];
        reason = text.IsEmpty ? null : Encoding.UTF8.GetString(text);
        return true;
    }

    /// <summary>
    /// The end of the process. An orderly one waits for the others'; after a failure here or elsewhere there may be
    /// messages under way that nobody waits for, and the launcher is told to end all ranks, once they had time to say why.
    /// </summary>
    private void End()
    {
        Leave(null);
        long start = Environment.TickCount64;
        while (true)
        {
            bool fails = _hasFailed, allGone = true;
            for (int rank = 0; rank < Size; rank++)
                if (rank != Rank)
                {
                    bool left = IsDone(ref _going[rank]) & HasLeft(rank, out string? reason);
                    (fails, allGone) = (fails || reason is not null, allGone && left);
                }
            if (allGone && !fails)
            {
                _library.End();
                return;
            }
            if (fails && (allGone || Environment.TickCount64 - start > LastWordsMilliseconds))
                break;
            Thread.Sleep(1);
        }
        Thread.Sleep(PrintMilliseconds); // for what others have to say of it
        _library.Abort();
    }
}
