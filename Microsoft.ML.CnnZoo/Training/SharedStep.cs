using System.Diagnostics;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Distributed;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>
/// What all ranks do together in a step: their gradients become the mean over the whole batch while they are computed,
/// and every rank moves its weights by the same mean. Running statistics are averaged, too, so that all variables are
/// the same on all ranks after every step.
/// </summary>
internal sealed class SharedStep : IRankSums, IDisposable
{
    private const int Loss = 0, Correct = 1, Images = 2, Canceled = 3, Numbers = 4;
    private readonly RankGroup _ranks;
    private readonly AgreedCancellation _cancellation;
    private readonly LossWeights? _classWeights;
    private readonly ClassificationGraph _graph;
    private readonly Variable[] _statistics;
    private readonly Executable _update;
    private readonly GradientExchange _exchange;
    private readonly Dictionary<Executable, ExchangeSources> _sources = [];
    private readonly double[] _own = new double[Numbers], _all;

    /// <summary>Prepares it.</summary>
    /// <param name="session">Compiles the plan that moves weights.</param>
    /// <param name="graph">The graph that computes gradients, with the one that moves weights by them.</param>
    /// <param name="variables">The weights.</param>
    /// <param name="compile">How it is compiled.</param>
    /// <param name="options">How to train.</param>
    /// <param name="cancellation">The ranks, and how they end together.</param>
    public SharedStep(Session session, ClassificationGraph graph, VariableStore variables, CompileOptions compile,
        TrainingOptions options, AgreedCancellation cancellation)
    {
        (_graph, _ranks, _cancellation) = (graph, cancellation.Ranks, cancellation);
        _classWeights = options.ClassWeights is { DivideByCount: false } weights ? weights : null;
        ClassificationGraph update = graph.Update!;
        _update = session.Compile(update.Graph, new Dictionary<string, TensorShape>(), [], update.Targets, variables, compile);
        _statistics = [.. graph.Statistics.Select(name => variables[name])];
        _all = new double[Numbers * _ranks.Size];
        // Statistics are ready after the forward pass; then the last layers' gradients come first.
        _exchange = new GradientExchange(_ranks,
        [
            .. _statistics.Select(s => new ExchangedTensor(s.Values<float>().Length, IsExact: true, s.Pointer)),
            .. graph.Moved.Reverse().Select(v => new ExchangedTensor(checked((int)v.Spec.Shape.ElementCount), IsExact: false,
                _update.FeedAddress(ClassificationGraph.GradientInput(v)))),
        ], options.SendsBFloat16);
    }

    /// <inheritdoc/>
    public double Weight { get; private set; }

    /// <summary>What the steps so far cost.</summary>
    public ExchangeCost Cost => _exchange.Cost;

    /// <summary>Working memory of the plan that moves weights.</summary>
    public long PeakBytes => _update.PeakBytes;

    /// <inheritdoc/>
    public void Add(Span<double> values)
    {
        long start = Stopwatch.GetTimestamp();
        _ranks.Sum(values, _exchange.Weights);
        _exchange.AddWait(Stopwatch.GetTimestamp() - start);
    }

    /// <summary>Does a step.</summary>
    /// <param name="plan">Computes gradients, its feeds written; null where this rank has no images in this step.</param>
    /// <param name="batch">This rank's images.</param>
    /// <param name="context">For the optimizer.</param>
    /// <returns>The whole batch's outcome.</returns>
    public StepOutcome Run(Executable? plan, Batch batch, OptimizerStepContext context)
    {
        Weight = WeightOf(batch);
        _exchange.Begin(plan is null ? null : SourcesOf(plan), Weight);
        try
        {
            plan?.Run(observer: _exchange);
        }
        catch
        {
            _exchange.Abandon();
            throw;
        }
        _exchange.ExpectEnd();
        long start = Stopwatch.GetTimestamp();
        StepOutcome outcome = Gather(plan is null ? default : _graph.Read(plan, batch.Labels), batch.Count);
        _exchange.End();
        _exchange.AddWait(Stopwatch.GetTimestamp() - start);
        foreach (Variable statistic in _statistics)
            statistic.Touch();
        _graph.Update!.Optimizer!.Feed(_update, context);
        _update.Run();
        return outcome;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _exchange.Dispose();
        _update.Dispose();
    }

    /// <summary>What this rank's mean loss counts in that of the whole batch.</summary>
    private double WeightOf(Batch batch)
    {
        if (_classWeights is not { } weights)
            return batch.Count;
        double own = 0, mixed = 0;
        foreach (int label in batch.Labels)
            own += weights.Values[label];
        if (batch.Mix == 1)
            return own;
        foreach (int label in batch.MixedLabels)
            mixed += weights.Values[label];
        return (batch.Mix * own) + ((1 - batch.Mix) * mixed);
    }

    private StepOutcome Gather(StepOutcome own, int images)
    {
        (_own[Loss], _own[Correct], _own[Images]) = (own.Loss * Weight, own.Correct, images);
        _own[Canceled] = _cancellation.IsWanted ? 1 : 0;
        _ranks.Gather<double>(_own, _all);
        double loss = 0, weight = 0, correct = 0, count = 0, canceled = 0;
        for (int rank = 0; rank < _ranks.Size; rank++)
        {
            ReadOnlySpan<double> of = _all.AsSpan(rank * Numbers, Numbers);
            (loss, correct, count, canceled) = (loss + of[Loss], correct + of[Correct], count + of[Images], canceled + of[Canceled]);
        }
        foreach (double part in _exchange.Weights)
            weight += part;
        if (canceled > 0)
            _cancellation.Cancel();
        return new StepOutcome(loss / weight, (int)correct, (int)count);
    }

    private ExchangeSources SourcesOf(Executable plan)
    {
        if (_sources.TryGetValue(plan, out ExchangeSources? sources))
            return sources;
        int[] fetches = [.. Enumerable.Range(ClassificationGraph.FirstGradient, _graph.Moved.Count).Reverse()];
        sources = new ExchangeSources(
            [.. _statistics.Select(s => s.Pointer), .. fetches.Select(plan.FetchAddress)],
            [.. _statistics.Select(plan.ChangeStep), .. fetches.Select(plan.FetchStep)]);
        _sources.Add(plan, sources);
        return sources;
    }
}

/// <summary>Sums over all ranks, where each has images: for measuring, not for training.</summary>
internal sealed class MeasuringSums(RankGroup ranks) : IRankSums
{
    /// <inheritdoc/>
    public double Weight => 1;

    /// <inheritdoc/>
    public void Add(Span<double> values) => ranks.Sum(values);
}
