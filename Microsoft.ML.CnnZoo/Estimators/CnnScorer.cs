using System.Collections.Concurrent;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo.Estimators;

/// <summary>
/// Runs a trained network from any number of threads: each takes a compiled plan out of a pool (one pool for single images, one for full batches) and puts it back.
/// </summary>
internal sealed class CnnScorer : IDisposable
{
    private const int LargestBatch = 64, BatchBytes = 32 << 20;
    private readonly CnnClassificationModel _model;
    private readonly Session _session;
    private readonly CompileOptions _options;
    private readonly ClassificationGraph _graph;
    private readonly ConcurrentDictionary<int, ConcurrentBag<Executable>> _plans = [];
    private readonly Lock _gate = new();
    private int _inUse;
    private bool _disposed;

    public CnnScorer(CnnClassificationModel model, KernelRegistry registry, WorkerPool workers)
    {
        _model = model;
        _session = new Session(registry);
        _options = new CompileOptions { Workers = workers, Precision = model.Precision.ToExecution() };
        _graph = model.Graphs.Scoring();
        BatchSize = Math.Clamp(BatchBytes / (model.Image.ValueCount() * sizeof(float)), 1, LargestBatch);
    }

    /// <summary>Images that are best scored together.</summary>
    public int BatchSize { get; }

    /// <summary>Scores images.</summary>
    /// <param name="images">At most <see cref="BatchSize"/> images [n, height, width, channels], normalised.</param>
    /// <param name="count">n.</param>
    /// <param name="scores">Receives probabilities [n, classes].</param>
    /// <exception cref="ObjectDisposedException">The transformer was disposed.</exception>
    public void Score(ReadOnlySpan<float> images, int count, Span<float> scores)
    {
        int size = count == 1 ? 1 : BatchSize;
        Executable plan = Rent(size);
        try
        {
            Span<float> feed = plan.Feed<float>(ClassificationGraph.ImageInput);
            images.CopyTo(feed);
            feed[images.Length..].Clear();
            plan.Run(CancellationToken.None);
            plan.Fetch<float>(0)[..(count * _model.Classes)].CopyTo(scores);
        }
        finally
        {
            Return(size, plan);
        }
    }

    /// <summary>Throws when disposed.</summary>
    public void CheckAlive() => ObjectDisposedException.ThrowIf(_disposed, typeof(CnnClassificationTransformer));

    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _disposed = true;
            if (_inUse == 0)
                Free();
        }
    }

    private Executable Rent(int size)
    {
        lock (_gate)
        {
            CheckAlive();
            _inUse++;
        }
        try
        {
            return _plans.GetOrAdd(size, static _ => []).TryTake(out Executable? plan) ? plan
                : _session.Compile(_graph.Graph, _graph.Feeds(size), _graph.Fetches, [], _model.Weights, _options);
        }
        catch
        {
            Leave();
            throw;
        }
    }

    private void Return(int size, Executable plan)
    {
        _plans[size].Add(plan);
        Leave();
    }

    /// <summary>The last to leave a disposed scorer frees it: nobody's memory goes while he computes.</summary>
    private void Leave()
    {
        lock (_gate)
        {
            if (--_inUse == 0 && _disposed)
                Free();
        }
    }

    private void Free()
    {
        foreach (ConcurrentBag<Executable> plans in _plans.Values)
            while (plans.TryTake(out Executable? plan))
                plan.Dispose();
        _model.Dispose();
    }
}
