using System.Collections.Concurrent;
using System.Numerics.Tensors;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>
/// Runs a trained network from any number of threads: each rents a compiled plan from a pool (one pool for single
/// images, one for full batches) and returns it.
/// </summary>
internal sealed class CnnScorer : IRowScorer, IDisposable
{
    private const int LargestBatch = 64, BatchBytes = 32 << 20;
    private const long MostBytesUnread = 1 << 30;
    private readonly CnnClassificationModel _model;
    private readonly Session _session = new(KernelSet.Shared);
    private readonly CompileOptions _options;
    private readonly ClassificationGraph _graph;
    private readonly ConcurrentDictionary<int, ConcurrentBag<Executable>> _plans = [];
    private readonly Lock _gate = new();
    private readonly List<IDisposable> _parts = [];
    private readonly int _crops;
    private readonly bool _givesFeatures;
    private Task<Executable>? _ahead;
    private int _inUse;
    private bool _disposed;

    /// <summary>A scorer.</summary>
    /// <param name="model">The network, which the scorer frees.</param>
    /// <param name="workers">Threads to run on.</param>
    /// <param name="graph">What it computes, as one tensor [N,…]; null: probabilities.</param>
    public CnnScorer(CnnClassificationModel model, WorkerPool workers, ClassificationGraph? graph = null)
    {
        _model = model;
        _options = new CompileOptions { Workers = workers, Precision = model.Precision };
        _graph = graph ?? model.Graphs.Scoring();
        _givesFeatures = graph is not null;
        ValuesPerRow = checked((int)new TensorShape(_graph.Fetches[0].Shape.Dimensions[1..]).ElementCount);
        _crops = CropPlan.Count(model.TestCrops);
        RowsPerBatch =
            Math.Max(1, Math.Clamp(BatchBytes / (model.Image.ValueCount * sizeof(float)), 1, LargestBatch) / _crops);
    }

    /// <inheritdoc/>
    public CnnClassificationModel Model => _model;

    /// <inheritdoc/>
    public int ValuesPerRow { get; }

    /// <inheritdoc/>
    public int RowsPerBatch { get; }

    /// <summary>
    /// Begins to compile the plan for one image on another thread, while weights are still to be read: all variables
    /// are made for it. A model that claims more than 1 GiB is allocated only as it is read.
    /// </summary>
    public void CompileAhead()
    {
        if (_graph.Graph.Variables.Sum(v => v.Spec.ByteLength) > MostBytesUnread)
            return;
        foreach (VariableDefinition variable in _graph.Graph.Variables)
            _model.Weights.GetOrAdd(variable.Name, variable.Spec);
        _ahead = Task.Run(() => Compile(_crops));
    }

    /// <inheritdoc/>
    public void Score(ReadOnlySpan<float> images, int count, Span<float> scores)
    {
        int size = _crops * (count == 1 ? 1 : RowsPerBatch);
        Executable plan = Rent(size);
        try
        {
            Span<float> feed = plan.Feed<float>(ClassificationGraph.ImageInput);
            images.CopyTo(feed);
            feed[images.Length..].Clear();
            plan.Run(CancellationToken.None);
            Average(plan.Fetch<float>(0), count, scores);
            DecisionRule decision = _model.Decision;
            for (int row = 0; row < count && !_givesFeatures && decision.ChangesScores; row++)
                decision.Apply(scores.Slice(row * ValuesPerRow, ValuesPerRow));
        }
        finally
        {
            Return(size, plan);
        }
    }

    private void Average(ReadOnlySpan<float> outputs, int count, Span<float> scores)
    {
        int size = ValuesPerRow;
        if (_crops == 1)
        {
            outputs[..(count * size)].CopyTo(scores);
            return;
        }
        for (int row = 0; row < count; row++)
        {
            Span<float> mean = scores.Slice(row * size, size);
            mean.Clear();
            for (int crop = 0; crop < _crops; crop++)
                TensorPrimitives.Add(mean, outputs.Slice((row * _crops + crop) * size, size), mean);
            TensorPrimitives.Divide(mean, _crops, mean);
        }
    }

    /// <inheritdoc/>
    public void CheckAlive()
    {
        if (_disposed)
            throw new ObjectDisposedException(nameof(CnnClassificationTransformer),
                "The trained network was disposed. A PredictionEngine disposes the model that it was made for, unless it was "
                + "made with new PredictionEngineOptions { OwnsTransformer = false }: do so where several engines share one "
                + "model, or call CnnClassificationTransformer.Classify, which may be called from many threads.");
    }

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

    /// <summary>Keeps the network while something else than <see cref="Score"/> runs on it.</summary>
    /// <returns>To be disposed when that is done.</returns>
    /// <exception cref="ObjectDisposedException">The transformer was disposed.</exception>
    public IDisposable Hold()
    {
        Enter();
        return new Held(this);
    }

    /// <summary>Frees something together with the network.</summary>
    public void FreeWithIt(IDisposable part)
    {
        lock (_gate)
        {
            CheckAlive();
            _parts.Add(part);
        }
    }

    private void Enter()
    {
        lock (_gate)
        {
            CheckAlive();
            _inUse++;
        }
    }

    private Executable Rent(int size)
    {
        Enter();
        try
        {
            if (_plans.GetOrAdd(size, static _ => []).TryTake(out Executable? plan))
                return plan;
            return size == _crops && Interlocked.Exchange(ref _ahead, null) is { } ahead
                ? ahead.GetAwaiter().GetResult() : Compile(size);
        }
        catch
        {
            Leave();
            throw;
        }
    }

    private Executable Compile(int size) =>
        _session.Compile(_graph.Graph, _graph.Feeds(size), _graph.Fetches, [], _model.Weights, _options);

    private void Return(int size, Executable plan)
    {
        _plans[size].Add(plan);
        Leave();
    }

    /// <summary>Freed once disposed and idle.</summary>
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
        if (Interlocked.Exchange(ref _ahead, null) is { } ahead)
        {
            Task.WaitAny(ahead); // it uses the variables
            if (ahead.IsCompletedSuccessfully)
                ahead.Result.Dispose();
        }
        foreach (IDisposable part in _parts)
            part.Dispose();
        _model.Dispose();
    }

    private sealed class Held(CnnScorer scorer) : IDisposable
    {
        private CnnScorer? _scorer = scorer;

        public void Dispose() => Interlocked.Exchange(ref _scorer, null)?.Leave();
    }
}
