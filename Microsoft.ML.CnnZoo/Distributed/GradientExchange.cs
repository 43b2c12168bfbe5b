using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Distributed;

/// <summary>A tensor that is averaged over the ranks in every step.</summary>
/// <param name="Length">Elements, float32.</param>
/// <param name="IsExact">Whether it is sent as float32 whatever the wire's format.</param>
/// <param name="Target">Address of the mean.</param>
internal readonly record struct ExchangedTensor(int Length, bool IsExact, nint Target);

/// <summary>Where a plan computes the tensors, and after which of its steps each is ready.</summary>
/// <param name="Addresses">Of each tensor.</param>
/// <param name="ReadyAfter">Number of a step; negative for before the first.</param>
internal sealed record ExchangeSources(nint[] Addresses, int[] ReadyAfter);

/// <summary>What the steps so far cost.</summary>
/// <param name="Waited">Time that training waited for other ranks.</param>
/// <param name="BytesSent">Bytes that this rank sent.</param>
internal readonly record struct ExchangeCost(TimeSpan Waited, long BytesSent)
{
    /// <summary>What steps cost since an earlier time.</summary>
    public static ExchangeCost operator -(ExchangeCost now, ExchangeCost before) =>
        new(now.Waited - before.Waited, now.BytesSent - before.BytesSent);
}

/// <summary>
/// Averages gradients over the ranks while the plan that computes them still runs: buckets, in the order in which they
/// become ready, on a thread of its own. A step allocates nothing.
/// </summary>
internal sealed unsafe class GradientExchange : IPlanObserver, IDisposable
{
    private const int LargestBucket = 1 << 20, LeastBucket = 1 << 16, LeastBuckets = 4;
    private const int WeightTag = RankGroup.FirstFreeTag;
    private readonly RankGroup _ranks;
    private readonly GradientBucket[] _buckets;
    private readonly nint[] _targets, _weightRequests;
    private readonly NativeBuffer _weightBuffer;
    private readonly double[] _weights, _shares;
    private readonly int[] _readyAfter;
    private readonly SemaphoreSlim _begun = new(0), _ended = new(0);
    private readonly AutoResetEvent _signal = new(false);
    private readonly ManualResetEventSlim _weightsKnown = new();
    private readonly Thread _thread;
    private ExchangeSources? _sources;
    private ExceptionDispatchInfo? _failure;
    private int _ready;
    private volatile bool _isAwaited, _isAbandoned, _stopping;
    private long _waited, _bytes;

    /// <summary>Makes the buckets.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="tensors">The tensors, in the order in which they become ready.</param>
    /// <param name="isBFloat16">Whether gradients are sent as bfloat16.</param>
    /// <param name="bucketBytes">Bytes of a bucket of float32; null for what suits the tensors.</param>
    public GradientExchange(RankGroup ranks, IReadOnlyList<ExchangedTensor> tensors, bool isBFloat16 = false,
        int? bucketBytes = null)
    {
        _ranks = ranks;
        _targets = [.. tensors.Select(t => t.Target)];
        _weights = new double[ranks.Size];
        _shares = new double[ranks.Size];
        _weightRequests = new nint[2 * ranks.Size];
        _weightBuffer = new NativeBuffer((ranks.Size + 1) * sizeof(double));
        int tag = WeightTag + 1;
        int length = bucketBytes / sizeof(float) ?? BucketLength(tensors);
        _buckets = [.. BucketPlan.Of(tensors, length).Select(pieces =>
            new GradientBucket(ranks, pieces, (tag += 2) - 2, isBFloat16 && !tensors[pieces[0].Tensor].IsExact))];
        _readyAfter = new int[_buckets.Length];
        _thread = new Thread(Loop) { IsBackground = true, Name = "CnnZoo gradients" };
        _thread.Start();
    }

    /// <summary>
    /// Elements of a bucket: 4 MB of float32, less where there would be few: what is sent while others are computed
    /// costs no time.
    /// </summary>
    public static int BucketLength(IReadOnlyList<ExchangedTensor> tensors) =>
        (int)Math.Clamp(tensors.Sum(t => (long)t.Length) / LeastBuckets, LeastBucket, LargestBucket);

    /// <summary>What the steps so far cost.</summary>
    public ExchangeCost Cost => new(Stopwatch.GetElapsedTime(0, _waited), _bytes);

    /// <summary>What each rank's batch weighs in this step; waits until it is known.</summary>
    public ReadOnlySpan<double> Weights
    {
        get
        {
            _weightsKnown.Wait();
            _failure?.Throw();
            return _weights;
        }
    }

    /// <summary>Begins a step.</summary>
    /// <param name="sources">Where the plan computes; null where this rank has no images in this step.</param>
    /// <param name="weight">What this rank's gradients weigh, ≥ 0.</param>
    public void Begin(ExchangeSources? sources, double weight)
    {
        _failure?.Throw();
        (_sources, _isAwaited, _isAbandoned) = (sources, sources is null, false);
        int last = -1;
        for (int i = 0; i < _buckets.Length && sources is not null; i++)
        {
            foreach (BucketPiece piece in _buckets[i].Pieces)
                last = Math.Max(last, sources.ReadyAfter[piece.Tensor]);
            _readyAfter[i] = last;
        }
        Volatile.Write(ref _ready, sources is null ? _buckets.Length : 0);
        _weights[_ranks.Rank] = weight;
        _weightsKnown.Reset();
        _begun.Release();
    }

    /// <inheritdoc/>
    public void StepDone(int step)
    {
        int ready = _ready;
        while (ready < _buckets.Length && _readyAfter[ready] <= step)
            ready++;
        if (ready == _ready)
            return;
        Volatile.Write(ref _ready, ready);
        _signal.Set();
    }

    /// <summary>The plan has run: from here on the thread may have the processor for itself.</summary>
    public void ExpectEnd()
    {
        _isAwaited = true;
        StepDone(int.MaxValue);
        _signal.Set();
    }

    /// <summary>Waits until all means are in their place.</summary>
    public void End()
    {
        ExpectEnd();
        _ended.Wait();
        _failure?.Throw();
        foreach (GradientBucket bucket in _buckets)
            _bytes += bucket.BytesSent;
    }

    /// <summary>Counts time that training waited.</summary>
    public void AddWait(long ticks) => _waited += ticks;

    /// <summary>Ends a step whose plan failed.</summary>
    public void Abandon()
    {
        _isAbandoned = true;
        _signal.Set();
        _ended.Wait();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping = true;
        _begun.Release();
        _signal.Set();
        _thread.Join();
        foreach (GradientBucket bucket in _buckets)
            bucket.Dispose();
        _weightBuffer.Dispose();
        _begun.Dispose();
        _ended.Dispose();
        _signal.Dispose();
        _weightsKnown.Dispose();
    }

    private void Loop()
    {
        while (true)
        {
            _begun.Wait();
            if (_stopping)
                return;
            try
            {
                Exchange();
            }
#pragma warning disable CA1031 // thrown to whoever waits for the step
            catch (Exception e)
#pragma warning restore CA1031
            {
                _failure = ExceptionDispatchInfo.Capture(e);
            }
            _weightsKnown.Set();
            _ended.Release();
        }
    }

    private void Exchange()
    {
        var patience = new RankPatience(_ranks);
        SendWeight();
        while (!_ranks.AreDone(_weightRequests))
            AwaitMessage(ref patience);
        ReadWeights();
        int started = 0, finished = 0;
        while (finished < _buckets.Length)
        {
            if (_isAbandoned || _stopping)
                throw new OperationCanceledException("The step was given up.");
            bool moved = started < Volatile.Read(ref _ready);
            if (moved)
                _buckets[started++].Start(_sources?.Addresses ?? [], _targets, _shares);
            for (int i = finished; i < started; i++)
            {
                bool isDone = _buckets[i].TryFinish(out bool went);
                moved |= went;
                if (isDone && i == finished)
                    finished++;
            }
            if (moved)
                patience.Renew();
            else if (finished == started)
                AwaitBucket(started);
            else
                AwaitMessage(ref patience);
        }
    }

    /// <summary>While the plan runs, its threads need the processor more than this one.</summary>
    private void AwaitMessage(ref RankPatience patience)
    {
        if (_isAwaited)
            patience.Wait();
        else
            patience.Sleep(_signal);
    }

    /// <summary>Nothing is under way: the next bucket's gradients are still computed.</summary>
    private void AwaitBucket(int next)
    {
        while (next >= Volatile.Read(ref _ready) && !_isAbandoned && !_stopping)
            _signal.WaitOne();
    }

    private void SendWeight()
    {
        Span<double> memory = _weightBuffer.Span<double>();
        memory[_ranks.Size] = _weights[_ranks.Rank];
        for (int rank = 0; rank < _ranks.Size; rank++)
            if (rank != _ranks.Rank)
            {
                _weightRequests[rank] = _ranks.Link.Send(_weightBuffer.Pointer + (_ranks.Size * sizeof(double)), sizeof(double), rank,
                    WeightTag);
                _weightRequests[_ranks.Size + rank] =
                    _ranks.Link.Receive(_weightBuffer.Pointer + (rank * sizeof(double)), sizeof(double), rank, WeightTag);
            }
    }

    private void ReadWeights()
    {
        Span<double> memory = _weightBuffer.Span<double>();
        memory[_ranks.Rank] = _weights[_ranks.Rank];
        memory[.._ranks.Size].CopyTo(_weights);
        double total = 0;
        foreach (double weight in _weights)
            total += weight;
        for (int rank = 0; rank < _shares.Length; rank++)
            _shares[rank] = _weights[rank] / total;
        _weightsKnown.Set();
    }
}
