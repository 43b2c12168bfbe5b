namespace Microsoft.ML.CnnZoo.Execution;

/// <summary>Work that is divided into parts.</summary>
internal interface IParallelWork
{
    /// <summary>
    /// Runs part <paramref name="part"/> of <paramref name="parts"/>; parts run at the same time and must not touch
    /// each other's output.
    /// </summary>
    void RunPart(int part, int parts);

    /// <summary>Operations of a part; of different parts they tell how evenly the work is divided.</summary>
    long PartWork(int part, int parts) => 1;
}

/// <summary>
/// Work that is divided into items, whose results do not depend on which thread computes them: a thread that is done
/// with its own takes others', so that a slower core holds nobody up.
/// </summary>
internal interface ISharedWork
{
    /// <summary>
    /// Computes an item; items are computed at the same time and must not touch each other's output.
    /// </summary>
    /// <param name="item">Its index.</param>
    /// <param name="thread">The thread, from 0: for scratch memory.</param>
    void RunItem(int item, int thread);

    /// <summary>Operations of an item; of different items they tell how evenly the work is divided.</summary>
    long ItemWork(int item) => 1;
}

/// <summary>
/// Threads that share a kernel's work: as parts, one for each thread, whatever the machine's load, so that sums have a
/// fixed order; or as items, where there are no sums across them. A part that its thread has not begun when the caller is
/// done with its own is run by the caller: on a busy machine nobody waits for a thread that has no processor. Starting
/// a job allocates nothing; idle workers spin briefly, then sleep.
/// </summary>
internal sealed class WorkerPool : IDisposable
{
    private const int SpinsBeforeSleep = 2000;
    private const int CountersApart = 32; // two cache lines, so that threads' counters do not share one
    private readonly Thread[] _threads;
    private readonly SemaphoreSlim[] _wake;
    private readonly int[] _asleep;
    private readonly Lock _gate = new();
    private readonly int[] _taken, _claimed, _remaining = new int[2 * CountersApart]; // apart from what waiting threads read
    private readonly Action<PretendedJob>? _record;
    private readonly Func<double>? _clock;
    private IParallelWork? _work;
    private ISharedWork? _shared;
    private int _items;
    private Exception? _failure;
    private int _generation;
    private volatile bool _stopping;

    /// <summary>Creates a pool.</summary>
    /// <param name="threads">Threads that work at the same time, the caller's included; 0 for one per
    /// processor.</param>
    public WorkerPool(int threads = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        ThreadCount = threads == 0 ? Environment.ProcessorCount : threads;
        _threads = new Thread[ThreadCount - 1];
        _taken = new int[(ThreadCount + 1) * CountersApart];
        _wake = new SemaphoreSlim[_threads.Length];
        _asleep = new int[_threads.Length];
        _claimed = new int[ThreadCount * CountersApart];
        for (int i = 0; i < _threads.Length; i++)
        {
            int index = i;
            _wake[i] = new SemaphoreSlim(0);
            _threads[i] = new Thread(() => Loop(index)) { IsBackground = true, Name = $"CnnZoo worker {i + 1}" };
            _threads[i].Start();
        }
    }

    /// <summary>A pool that pretends.</summary>
    private WorkerPool(int threads, Action<PretendedJob> record, Func<double>? clock)
    {
        (ThreadCount, _record, _clock) = (threads, record, clock);
        (_threads, _taken, _wake, _asleep, _claimed) = ([], [], [], [], []);
    }

    /// <summary>A pool with one thread per processor, the default.</summary>
    public static WorkerPool Shared { get; } = new();

    /// <summary>
    /// What a plan would do on some number of threads, told on one: how much of the work is on the longest way can be
    /// counted without having the processors.
    /// </summary>
    /// <param name="threads">Threads to pretend, ≥ 1.</param>
    /// <param name="record">Is given each job.</param>
    /// <param name="clock">Gives the time, in any unit; null, and jobs are counted and not run.</param>
    public static WorkerPool Pretend(int threads, Action<PretendedJob> record, Func<double>? clock = null) =>
        new(threads, record, clock);

    /// <summary>Threads, the caller's included; also the number of parts of work that is divided into parts.</summary>
    public int ThreadCount { get; }

    /// <summary>
    /// Runs all parts and returns when the last is done. Jobs of different callers run one after another.
    /// </summary>
    /// <remarks>An exception in a part is thrown here once all parts have ended.</remarks>
    public void Run(IParallelWork work)
    {
        if (_record is not null)
            Record(work);
        else if (_threads.Length == 0)
            work.RunPart(0, 1);
        else
            lock (_gate)
            {
                _work = work;
                RunJob();
                _work = null;
            }
    }

    /// <summary>
    /// Runs all items and returns when the last is done. A thread begins with its own range of them, which is the same
    /// in every job, so that it finds in its cache what it computed before.
    /// </summary>
    /// <remarks>An exception in an item is thrown here once all threads have ended.</remarks>
    public void Run(ISharedWork work, int items)
    {
        if (_record is not null)
            Record(work, items);
        else if (_threads.Length == 0 || items == 1)
            for (int item = 0; item < items; item++)
                work.RunItem(item, 0);
        else
            lock (_gate)
            {
                (_shared, _items) = (work, items);
                for (int i = 0; i < ThreadCount; i++)
                    _taken[(i + 1) * CountersApart] = 0;
                RunJob();
                _shared = null;
            }
    }

    /// <summary>The range of items that a part has when <paramref name="items"/> are shared evenly.</summary>
    public static (int Start, int End) Range(int items, int part, int parts) =>
        ((int)((long)items * part / parts), (int)((long)items * (part + 1) / parts));

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_stopping)
                return;
            _stopping = true;
        }
        Interlocked.Increment(ref _generation);
        foreach (SemaphoreSlim wake in _wake)
            wake.Release();
        foreach (Thread thread in _threads)
            thread.Join();
        foreach (SemaphoreSlim wake in _wake)
            wake.Dispose();
    }

    // Apart from Run, which would otherwise allocate what the lambdas capture.
    private void Record(IParallelWork work) => Record(ThreadCount, areItems: false,
        part => work.PartWork(part, ThreadCount), part => work.RunPart(part, ThreadCount));

    private void Record(ISharedWork work, int items) =>
        Record(items, areItems: true, work.ItemWork, item => work.RunItem(item, 0));

    private void Record(int count, bool areItems, Func<int, long> workOf, Action<int> run)
    {
        double begin = _clock?.Invoke() ?? 0;
        long[] work = [.. Enumerable.Range(0, count).Select(workOf)];
        double start = _clock?.Invoke() ?? 0;
        for (int i = 0; i < count && _clock is not null; i++)
            run(i);
        _record!(new PretendedJob(work, areItems, (_clock?.Invoke() ?? 0) - start, start - begin));
    }

    private void RunJob()
    {
        ObjectDisposedException.ThrowIf(_stopping, this);
        _failure = null;
        Volatile.Write(ref _remaining[CountersApart], _threads.Length);
        Interlocked.Increment(ref _generation);
        for (int i = 0; i < _threads.Length; i++)
            if (Interlocked.Exchange(ref _asleep[i], 0) == 1)
                _wake[i].Release();
        RunGuarded(0);
        for (int thread = 1; thread < ThreadCount; thread++)
            RunIfUnclaimed(thread, _generation);
        var spinner = new SpinWait();
        while (Volatile.Read(ref _remaining[CountersApart]) > 0)
            spinner.SpinOnce(sleep1Threshold: -1);
        if (_failure is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_failure);
    }

    private void RunGuarded(int thread)
    {
        try
        {
            if (_shared is not null)
                RunItems(_shared, thread);
            else
                _work!.RunPart(thread, ThreadCount);
        }
#pragma warning disable CA1031 // carried to the caller of Run
        catch (Exception e)
#pragma warning restore CA1031
        {
            _failure = e;
        }
    }

    /// <summary>A thread's own range of items, then what is left of the others'.</summary>
    private void RunItems(ISharedWork work, int thread)
    {
        for (int i = 0; i < ThreadCount; i++)
        {
            int owner = (thread + i) % ThreadCount;
            (int start, int end) = Range(_items, owner, ThreadCount);
            ref int taken = ref _taken[(owner + 1) * CountersApart];
            while (start + Interlocked.Increment(ref taken) - 1 is int item && item < end)
                work.RunItem(item, thread);
        }
    }

    private void Loop(int index)
    {
        int seen = 0;
        while (true)
        {
            int spins = 0;
            while (Volatile.Read(ref _generation) == seen)
            {
                if (++spins < SpinsBeforeSleep)
                    Thread.SpinWait(8);
                else
                    Sleep(index, seen);
            }
            seen = Volatile.Read(ref _generation);
            if (_stopping)
                return;
            RunIfUnclaimed(index + 1, seen);
        }
    }

    /// <summary>
    /// Runs a thread's part of a job unless it has been begun. Each part of each job is begun once, so that its mark is
    /// the number of the job before until then; of an earlier job none can be begun.
    /// </summary>
    private void RunIfUnclaimed(int thread, int generation)
    {
        ref int claimed = ref _claimed[thread * CountersApart];
        if (Interlocked.CompareExchange(ref claimed, generation, generation - 1) != generation - 1)
            return;
        RunGuarded(thread);
        Interlocked.Decrement(ref _remaining[CountersApart]);
    }

    /// <summary>
    /// Marks the worker as asleep, checks for a job once more, then waits: a job that starts in between is not missed.
    /// </summary>
    private void Sleep(int index, int seen)
    {
        Interlocked.Exchange(ref _asleep[index], 1);
        if (Volatile.Read(ref _generation) != seen)
        {
            if (Interlocked.Exchange(ref _asleep[index], 0) == 0)
                _wake[index].Wait();
            return;
        }
        _wake[index].Wait();
    }
}
