using System.Diagnostics;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>
/// The outputs of frozen layers, computed once for each image as they score, and the rest of the network, trained and
/// measured on them: the same training to rounding, without the frozen layers' work in every epoch.
/// </summary>
internal sealed class FrozenFeatures : IDisposable
{
    private FrozenFeatures(TrainingStep step, NetworkEvaluator evaluator, IBatchSource training, IBatchSource? validation) =>
        (Step, Evaluator, Training, Validation) = (step, evaluator, training, validation);

    /// <summary>A step of the trained layers.</summary>
    public TrainingStep Step { get; }
    /// <summary>Measures them.</summary>
    public NetworkEvaluator Evaluator { get; }
    /// <summary>Features of the training images.</summary>
    public IBatchSource Training { get; }
    /// <summary>Features of the validation images.</summary>
    public IBatchSource? Validation { get; }

    /// <summary>Computes the features of all images; null where they cannot be kept, or when canceled.</summary>
    /// <param name="session">Compiles the plans.</param>
    /// <param name="training">The training graph.</param>
    /// <param name="evaluation">The graph that measures.</param>
    /// <param name="options">How to train.</param>
    /// <param name="variables">The weights.</param>
    /// <param name="compile">How plans are compiled.</param>
    /// <param name="createStep">Makes the trained layers' step.</param>
    /// <param name="train">Training images, not augmented.</param>
    /// <param name="validation">Validation images.</param>
    public static FrozenFeatures? Compute(Session session, ClassificationGraph training, ClassificationGraph evaluation,
        TrainingOptions options, VariableStore variables, CompileOptions compile,
        Func<ClassificationGraph, TrainingStep> createStep, IBatchSource train, IBatchSource? validation)
    {
        const string Always = "The frozen layers are computed in every epoch";
        if (options.FeatureStore is not { } store)
        {
            options.Message?.Invoke($"{Always}, for the images are augmented; with ImageAugmentation.None they are computed once.");
            return null;
        }
        if (FrozenBody.FindCut(training) is not { } cut)
        {
            options.Message?.Invoke($"{Always}, for the trained layers read more than one tensor of them; freeze whole stages to have "
                + "them computed once.");
            return null;
        }
        int images = train.Count + (validation?.Count ?? 0);
        long bytes = (long)images * FrozenBody.FeatureCount(cut) * sizeof(float);
        bool EverywhereTrue(bool own) => options.Ranks?.All(own) ?? own;
        if (!EverywhereTrue(bytes <= store.Room))
        {
            options.Message?.Invoke($"{Always}: the features of {images:N0} images need "
                + $"{bytes >> 20} MiB, and of the cache's budget {store.Room >> 20} MiB are left.");
            return null;
        }
        long start = Stopwatch.GetTimestamp();
        using var body = new PlanCache(session, FrozenBody.Body(evaluation, cut), variables, compile);
        ImageCache<float>? trained = Read(body, cut, train, store, options),
            held = validation is null || trained is null ? null : Read(body, cut, validation, store, options);
        if (!EverywhereTrue(trained is not null && (held is not null || validation is null)))
            return null;
        options.Message?.Invoke($"Features of {images:N0} images ({FrozenBody.FeatureCount(cut):N0} each, of '{cut.Node.Name}') "
            + $"computed once in {Stopwatch.GetElapsedTime(start).TotalSeconds:f1} s.");
        return new FrozenFeatures(createStep(FrozenBody.Head(training, cut)), new NetworkEvaluator(session,
            FrozenBody.Head(evaluation, cut), variables, compile, options.Ranks), trained!, held);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Step.Dispose();
        Evaluator.Dispose();
    }

    private static ImageCache<float>? Read(PlanCache body, NodeOutput cut, IBatchSource source, PixelStore store,
        TrainingOptions options)
    {
        int size = FrozenBody.FeatureCount(cut);
        var features = new ImageCache<float>(new ImageShape(1, size, 1), store, null);
        foreach (Batch batch in new BatchReader(source, NetworkEvaluator.BatchSizeFor(options))
            .Read([.. Enumerable.Range(0, source.Count)]))
        {
            if (options.CancellationToken.IsCancellationRequested)
                return null;
            Executable plan = body.Run(batch.Images, batch.Count);
            for (int i = 0; i < batch.Count; i++)
                if (!features.TryAdd(new(plan.Fetch<float>(0).Slice(i * size, size).ToArray(), 1, size), batch.Labels[i], i))
                    return null;
        }
        return features;
    }
}
