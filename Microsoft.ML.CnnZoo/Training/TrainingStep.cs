using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Distributed;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>What one batch came to.</summary>
/// <param name="Loss">Mean loss over the batch, before the weights moved.</param>
/// <param name="Correct">Images classified rightly.</param>
/// <param name="Images">Images, of all ranks.</param>
internal readonly record struct StepOutcome(double Loss, int Correct, int Images);

/// <summary>Plans of one graph, one per batch size, compiled when first needed.</summary>
internal sealed class PlanCache(Session session, ClassificationGraph graph, VariableStore variables,
    CompileOptions options) : IDisposable
{
    private readonly Dictionary<int, Executable> _plans = [];

    /// <summary>Working memory of the plans besides the weights.</summary>
    public long PeakBytes => _plans.Values.Sum(plan => plan.PeakBytes);

    /// <summary>The plan for a batch size.</summary>
    public Executable For(int batchSize)
    {
        if (!_plans.TryGetValue(batchSize, out Executable? plan))
            _plans.Add(batchSize, plan = session.Compile(graph.Graph, graph.Feeds(batchSize), graph.Fetches,
                graph.Targets, variables, options));
        return plan;
    }

    /// <summary>Feeds images, runs the plan and returns it, whose results stay until it runs again.</summary>
    /// <param name="images">[n, height, width, channels].</param>
    /// <param name="count">n.</param>
    /// <param name="step">Number of the step, which dropout's masks depend on.</param>
    public Executable Run(ReadOnlySpan<float> images, int count, long step = 0)
    {
        Executable plan = For(count);
        images.CopyTo(plan.Feed<float>(ClassificationGraph.ImageInput));
        if (plan.HasFeed(ClassificationGraph.StepInput))
            plan.Feed<long>(ClassificationGraph.StepInput)[0] = step;
        plan.Run();
        return plan;
    }

    public void Dispose()
    {
        foreach (Executable plan in _plans.Values)
            plan.Dispose();
        _plans.Clear();
    }
}

/// <summary>Forward, backward, update: one step of training.</summary>
internal sealed class TrainingStep : IDisposable
{
    private readonly ClassificationGraph _graph;
    private readonly PlanCache _plans;
    private readonly SharedStep? _shared;

    /// <summary>A step of a process that trains alone.</summary>
    public TrainingStep(Session session, ClassificationGraph graph, VariableStore variables, CompileOptions compile) =>
        (_graph, _plans) = (graph, new PlanCache(session, graph, variables, compile));

    /// <summary>A step of one of several ranks.</summary>
    public TrainingStep(Session session, ClassificationGraph graph, VariableStore variables, CompileOptions compile,
        TrainingOptions options, AgreedCancellation cancellation)
    {
        _graph = graph;
        _shared = new SharedStep(session, graph, variables, compile, options, cancellation);
        _plans = new PlanCache(session, graph, variables, compile with
        {
            TrainsElsewhere = true,
            RankSums = options.SynchronizesBatchNorms ? _shared : null,
        });
    }

    /// <summary>Steps done: dropout's masks and Adam's corrections depend on it.</summary>
    public long Steps { get; set; }

    /// <summary>Working memory of the plans besides the weights.</summary>
    public long PeakBytes => _plans.PeakBytes + (_shared?.PeakBytes ?? 0);

    /// <summary>What the ranks' exchange has cost so far.</summary>
    public ExchangeCost Cost => _shared?.Cost ?? default;

    /// <summary>Does a step.</summary>
    /// <param name="batch">The images; of several ranks, this one's.</param>
    /// <param name="rate">Learning rate.</param>
    /// <param name="momentum">Momentum; null for the optimizer's own.</param>
    public StepOutcome Run(Batch batch, float rate, float? momentum)
    {
        Executable? plan = batch.Count == 0 ? null : _plans.For(batch.Count);
        if (plan?.HasFeed(ClassificationGraph.MixInput) == true)
        {
            batch.MixedLabels.CopyTo(plan.Feed<int>(ClassificationGraph.MixedLabelInput));
            plan.Feed<float>(ClassificationGraph.MixInput)[0] = batch.Mix;
        }
        if (_shared is null)
            return Run(batch.Images, batch.Labels, rate, momentum);
        Steps++;
        if (plan is not null)
            Feed(plan, batch.Images, batch.Labels);
        return _shared.Run(plan, batch, new OptimizerStepContext(Steps, rate, momentum));
    }

    /// <summary>Does a step on images that are not mixed.</summary>
    /// <param name="images">[n, height, width, channels].</param>
    /// <param name="labels">n class numbers.</param>
    /// <param name="rate">Learning rate.</param>
    /// <param name="momentum">Momentum; null for the optimizer's own.</param>
    public StepOutcome Run(ReadOnlySpan<float> images, ReadOnlySpan<int> labels, float rate, float? momentum = null)
    {
        Executable plan = _plans.For(labels.Length);
        Steps++;
        Feed(plan, images, labels);
        _graph.Optimizer!.Feed(plan, new OptimizerStepContext(Steps, rate, momentum));
        plan.Run();
        return _graph.Read(plan, labels);
    }

    public void Dispose()
    {
        _shared?.Dispose();
        _plans.Dispose();
    }

    private void Feed(Executable plan, ReadOnlySpan<float> images, ReadOnlySpan<int> labels)
    {
        images.CopyTo(plan.Feed<float>(ClassificationGraph.ImageInput));
        labels.CopyTo(plan.Feed<int>(ClassificationGraph.LabelInput));
        if (plan.HasFeed(ClassificationGraph.StepInput))
            plan.Feed<long>(ClassificationGraph.StepInput)[0] = Steps;
    }
}

/// <summary>Loss and accuracy of a network on a set of images; of several ranks, each has a part of it.</summary>
internal sealed class NetworkEvaluator(Session session, ClassificationGraph graph, VariableStore variables,
    CompileOptions compile, RankGroup? ranks = null) : IDisposable
{
    private const int LeastImages = 64;
    private readonly PlanCache _plans = new(session, graph, variables, compile);

    /// <summary>Images at a time, where nothing is learned from them.</summary>
    public static int BatchSizeFor(TrainingOptions options) => Math.Max(options.BatchSize, LeastImages);

    /// <summary>Means over all images; null when canceled.</summary>
    public (double Loss, double Accuracy)? Evaluate(IBatchSource source, int batchSize, CancellationToken cancellation)
    {
        var meter = new EpochMeter();
        foreach ((Executable plan, Batch batch) in Run(source, batchSize))
        {
            meter.Add(graph.Read(plan, batch.Labels));
            if (cancellation.IsCancellationRequested)
                return null;
        }
        if (ranks is null)
            return (meter.Loss, meter.Accuracy);
        EpochSums own = meter.Sums(default);
        var sums = (double[])[own.Loss, own.Correct, own.Images];
        ranks.Sum(sums);
        return (sums[0] / Math.Max(1, sums[2]), sums[1] / Math.Max(1, sums[2]));
    }

    /// <summary>The class that each image is taken for.</summary>
    public int[] Predict(IBatchSource source, int batchSize)
    {
        var predicted = new List<int>(source.Count);
        foreach ((Executable plan, Batch batch) in Run(source, batchSize))
            graph.AddPredictions(plan, batch.Count, predicted);
        return [.. predicted];
    }

    /// <summary>Probabilities of each image.</summary>
    public float[][] Score(IBatchSource source, int batchSize) =>
        [.. Run(source, batchSize).SelectMany(done => graph.Probabilities(done.Plan, done.Batch.Count))];

    private IEnumerable<(Executable Plan, Batch Batch)> Run(IBatchSource source, int batchSize)
    {
        foreach (Batch batch in new BatchReader(source, batchSize).Read([.. Enumerable.Range(0, source.Count)]))
        {
            Executable plan = _plans.For(batch.Count);
            batch.Images.CopyTo(plan.Feed<float>(ClassificationGraph.ImageInput));
            batch.Labels.CopyTo(plan.Feed<int>(ClassificationGraph.LabelInput));
            plan.Run(CancellationToken.None);
            yield return (plan, batch);
        }
    }

    public void Dispose() => _plans.Dispose();
}
