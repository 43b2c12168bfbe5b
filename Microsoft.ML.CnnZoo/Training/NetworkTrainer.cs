using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Training.Checkpoints;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>
/// Trains an architecture on labeled images: builds what is needed; <see cref="TrainingLoop"/> does the steps.
/// </summary>
/// <remarks>
/// Deterministic: the same seed, images, options and number of threads give the same weights bit for bit. Used by one
/// thread at a time.
/// </remarks>
internal sealed class NetworkTrainer : IDisposable
{
    private readonly TrainingOptions _options;
    private readonly AgreedCancellation? _cancellation;
    private readonly ClassificationGraphs _graphs;
    private readonly TrainingParts _parts;

    /// <summary>Builds the graphs and draws the first weights.</summary>
    /// <param name="architecture">The network.</param>
    /// <param name="image">Size of its images.</param>
    /// <param name="classes">Number of classes, ≥ 2.</param>
    /// <param name="kernels">The kernels that run it.</param>
    /// <param name="options">How to train.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="GraphException">The images are too small for the network.</exception>
    public NetworkTrainer(CnnArchitecture architecture, ImageShape image, int classes, IKernelSet kernels,
        TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        if (options.Ranks is { } ranks)
        {
            _cancellation = new AgreedCancellation(ranks, options.CancellationToken);
            options = options with { CancellationToken = _cancellation.Token };
        }
        _options = options;
        _graphs = new ClassificationGraphs(architecture, image, classes);
        var session = new Session(kernels);
        var compile = new CompileOptions { Workers = options.Workers, Precision = options.Precision,
            RecomputeActivations = options.RecomputeActivations };
        ClassificationGraph Training(int epoch)
        {
            ClassificationGraph training = _graphs.Training(options, epoch);
            VariableInitialization.Initialize(Variables, training.Variables.Where(v => !Variables.Contains(v.Name)),
                options.Seed, options.KernelInitializer);
            return training;
        }
        TrainingStep CreateStep(ClassificationGraph graph) => _cancellation is null
            ? new TrainingStep(session, graph, Variables, compile)
            : new TrainingStep(session, graph, Variables, compile, options, _cancellation);
        ClassificationGraph? head = options.TrainsHeadAlone(1) ? Training(1) : null,
            whole = options.TrainsHeadAlone(options.Epochs) ? null : Training(options.Epochs);
        ClassificationGraph evaluation = _graphs.Evaluation(options.Loss);
        VariableInitialization.Initialize(Variables, evaluation.Graph.Variables.Where(v => !Variables.Contains(v.Name)),
            options.Seed);
        WeightAverage? average = options.WeightAveraging is { } averaging ? new WeightAverage(Variables,
            evaluation.Graph.Variables.Where(v => v.Role != VariableRole.Fixed).Select(v => v.Name), averaging,
            options.Workers) : null;
        FrozenFeatures? Features(IBatchSource train, IBatchSource? validation) =>
            (head is null ? options.Epochs : options.LastHeadEpoch) < 2 ? null : FrozenFeatures.Compute(session,
                (head ?? whole)!, evaluation, options, Variables, compile, CreateStep, train, validation);
        _parts = new TrainingParts(Variables, options.StandardizesLayers
                ? new LayerStandardization(session, _graphs.KernelOutputs(options), Variables, compile, options.Message,
                    options.Ranks) : null,
            head is null ? null : CreateStep(head),
            Features, whole is null ? null : CreateStep(whole),
            new NetworkEvaluator(session, evaluation, Variables, compile, options.Ranks),
            options.RefreshBatchNormStatistics ? new BatchNormStatistics(session, _graphs.BatchMoments(options), Variables,
                options is { Ranks: { } all, SynchronizesBatchNorms: true }
                ? compile with { RankSums = new MeasuringSums(all) } : compile, options.Ranks) : null, average,
            Best: new WeightSnapshot(Variables, [.. evaluation.Graph.Variables.Select(v => v.Name)]),
            Good: new WeightSnapshot(Variables, [.. Variables.Variables.Select(v => v.Name)]));
    }

    /// <summary>
    /// The weights: fresh before training (set them to continue from elsewhere), the best afterwards; optimizer state
    /// is among them.
    /// </summary>
    public VariableStore Variables { get; } = new();

    /// <summary>
    /// Trains; from the newest checkpoint, where the options say so. Called again, it goes on from where the weights are.
    /// </summary>
    /// <param name="train">Training images, at least one.</param>
    /// <param name="validation">Images that decide which epoch is the best; null for none: then the last epoch's
    /// weights are kept.</param>
    /// <returns>
    /// The result; <see cref="Variables"/> holds the weights of <see cref="TrainingResult.Best"/>.
    /// </returns>
    /// <remarks>
    /// Canceled, it returns within a batch's time with the best weights so far (without validation: the weights as they
    /// are).
    /// </remarks>
    /// <exception cref="TrainingDivergedException">The loss became infinite or not a number before the end of the first
    /// epoch, also with the rates of <see cref="TrainingOptions.MaxDivergences"/> further tries.</exception>
    /// <exception cref="InvalidOperationException">The checkpoint belongs to another training.</exception>
    /// <exception cref="InvalidDataException">None of the checkpoints can be read.</exception>
    /// <exception cref="ArgumentException">There are no images, or they are of another size than the
    /// network's.</exception>
    public TrainingResult Train(IBatchSource train, IBatchSource? validation = null)
    {
        ArgumentNullException.ThrowIfNull(train);
        if (train.Count == 0)
            throw new ArgumentException(_options.Ranks is not { } ranks ? "There are no images to train on."
                : $"Rank {ranks.Rank} of {ranks.Size} has no images to train on: start fewer ranks.", nameof(train));
        if (train.Image != _graphs.Image
            || (validation is not null && validation.Image != _graphs.Image))
            throw new ArgumentException($"The network takes images of {_graphs.Image}; those given are {train.Image}"
                + $"{(validation is null ? "" : $" and {validation.Image}")}.", nameof(train));
        if (!(_options.Ranks?.Any(validation?.Count > 0) ?? validation?.Count > 0))
            validation = null;
        int images = Total(train.Count), validationImages = Total(validation?.Count ?? 0);
        CheckpointFolder? checkpoints = _options.Checkpoints is null || _options.Ranks is { IsFirst: false } ? null
            : new CheckpointFolder(TrainingIdentity.Of(_graphs, _options, Variables, images, validationImages), _options);
        return new TrainingLoop(_parts, _options, train, validation, checkpoints).Run();
    }

    /// <summary>Of all ranks.</summary>
    private int Total(int own)
    {
        var count = (double[])[own];
        _options.Ranks?.Sum(count);
        return (int)count[0];
    }

    /// <summary>The loss at rates that rise from step to step; the weights are of no use afterwards.</summary>
    /// <param name="train">Training images, at least one.</param>
    public LearningRateSearch FindLearningRate(IBatchSource train)
    {
        _parts.Standardization?.Run(new BatchReader(train, _options.PlanOf(train)), _options.Order(train, epoch: 1),
            _options.CancellationToken);
        return LearningRateFinder.Run((_parts.Step ?? _parts.HeadStep)!, _options, train);
    }

    /// <summary>Loss and accuracy on some images with the weights as they are.</summary>
    /// <param name="source">The images.</param>
    /// <param name="batchSize">Images at a time.</param>
    public (double Loss, double Accuracy) Evaluate(IBatchSource source, int batchSize = 256)
    {
        ArgumentNullException.ThrowIfNull(source);
        return _parts.Evaluator.Evaluate(source, batchSize, default) ?? (double.NaN, double.NaN);
    }

    /// <summary>The class that each image is taken for with the weights as they are.</summary>
    public int[] Predict(IBatchSource source) => _parts.Evaluator.Predict(source, NetworkEvaluator.BatchSizeFor(_options));

    /// <summary>Each image's probabilities with the weights as they are.</summary>
    public float[][] Score(IBatchSource source) => _parts.Evaluator.Score(source, NetworkEvaluator.BatchSizeFor(_options));

    /// <inheritdoc/>
    public void Dispose()
    {
        _parts.HeadStep?.Dispose();
        _parts.Step?.Dispose();
        _parts.Evaluator.Dispose();
        _parts.Statistics?.Dispose();
        _parts.Best.Dispose();
        _parts.Good.Dispose();
        _cancellation?.Dispose();
        Variables.Dispose();
    }
}
