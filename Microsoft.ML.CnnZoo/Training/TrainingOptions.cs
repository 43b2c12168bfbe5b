using System.Reflection;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Distributed;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.CnnZoo.Training.Checkpoints;

namespace Microsoft.ML.CnnZoo;

/// <summary>How a network is trained.</summary>
internal sealed record TrainingOptions
{
    /// <summary>What the learning rate is multiplied by after each divergence.</summary>
    public const float RecoveryRateFactor = 0.25f;

    /// <summary>Passes over the training images, ≥ 1.</summary>
    public int Epochs { get; init; } = 10;
    /// <summary>
    /// Images per step, ≥ 1; the last batch of an epoch, and a set smaller than this, make smaller ones.
    /// </summary>
    public int BatchSize { get; init; } = 64;
    /// <summary>Learning rate, > 0; the schedule starts from it.</summary>
    public float LearningRate { get; init; } = 0.01f;
    /// <summary>The rule that moves the weights.</summary>
    public Optimizer Optimizer { get; init; } = new MomentumOptimizer();
    /// <summary>How the learning rate changes.</summary>
    public LearningRateSchedule Schedule { get; init; } = LearningRateSchedule.Constant;
    /// <summary>c in g ← g + c·p, ≥ 0: the gradient of ½c‖p‖².</summary>
    public float WeightDecay { get; init; }
    /// <summary>
    /// Whether biases and batch normalization's parameters decay too, as PyTorch has it by default; else kernels only.
    /// </summary>
    public bool DecayAllParameters { get; init; }
    /// <summary>The largest global norm of the gradients, > 0, before weight decay; null for no clipping.</summary>
    public float? GradientClipNorm { get; init; }
    /// <summary>The moving average of weights that is validated and kept; null for none.</summary>
    public WeightAveraging? WeightAveraging { get; init; }
    /// <summary>Whether batches say which images were mixed with which, and in what shares.</summary>
    public bool MixesImages { get; init; }
    /// <summary>The loss; null for the architecture's own loss.</summary>
    public ClassificationLoss? Loss { get; init; }
    /// <summary>What the classes weigh in the loss of training; null for all the same.</summary>
    public LossWeights? ClassWeights { get; init; }
    /// <summary>How kernels of convolutions and dense layers start; null for the paper's way.</summary>
    public Initializer? KernelInitializer { get; init; }
    /// <summary>Whether first weights are rescaled by what layers make of images.</summary>
    public bool StandardizesLayers { get; init; }
    /// <summary>Which layers are trained.</summary>
    public FineTuning FineTuning { get; init; }
    /// <summary>Epochs of HeadFirst that train the head alone, ≥ 1 and less than <see cref="Epochs"/>; null for a
    /// tenth.</summary>
    public int? HeadEpochs { get; init; }
    /// <summary>Name of the stage that is frozen, with all before it; null for none.</summary>
    public string? FreezeUntil { get; init; }
    /// <summary>What the learning rate of all layers but the head is multiplied by, > 0; null for 1, and 0.1 with
    /// HeadFirst.</summary>
    public float? BodyLearningRateFactor { get; init; }
    /// <summary>The same for stages and layers by name, > 0 each; null for none.</summary>
    public IReadOnlyDictionary<string, float>? LearningRateFactors { get; init; }
    /// <summary>Where the features of a frozen body are kept, each image's once; null where images are augmented, whose
    /// features change.</summary>
    public PixelStore? FeatureStore { get; init; }
    /// <summary>When to end early; null for never. Needs a validation set.</summary>
    public EarlyStopping? EarlyStopping { get; init; }
    /// <summary>Which epoch counts as the best, whose weights are kept.</summary>
    public StoppingMetric Metric { get; init; } = StoppingMetric.ValidationAccuracy;
    /// <summary>
    /// Whether batch norms' running statistics are replaced at the end by statistics over the training images under the
    /// final weights, measured in batches of
    /// <see cref="BatchSize"/>: precise batch normalization. Wu, Johnson 2021, arXiv:2105.07576, §3.
    /// </summary>
    public bool RefreshBatchNormStatistics { get; init; }
    /// <summary>
    /// Seed of all random streams; the same seed, data, options and thread count give the same weights bit for bit.
    /// </summary>
    public long Seed { get; init; }
    /// <summary>Whether the images' order changes every epoch.</summary>
    public bool Shuffle { get; init; } = true;
    /// <summary>Is called with what people should know of the training.</summary>
    public Action<string>? Message { get; init; }
    /// <summary>
    /// How often a training that diverges goes back to the beginning of the epoch (whose variables are kept for it in
    /// memory) and on with <see cref="RecoveryRateFactor"/> times the rate, ≥ 0.
    /// </summary>
    public int MaxDivergences { get; init; } = 3;
    /// <summary>Where training is saved, and gone on with; null for nowhere.</summary>
    public CheckpointPlan? Checkpoints { get; init; }
    /// <summary>Called after each epoch, on the training thread.</summary>
    public Action<EpochProgress>? EpochCompleted { get; init; }
    /// <summary>Called after each batch, on the training thread; keep it short.</summary>
    public Action<BatchProgress>? BatchCompleted { get; init; }
    /// <summary>Called when training goes on from a checkpoint, with the epochs and the number of steps done.</summary>
    public Action<IReadOnlyList<EpochProgress>, long>? Resumed { get; init; }
    /// <summary>Called when training goes back after a divergence, with the number of steps that stay done.</summary>
    public Action<long>? WentBack { get; init; }
    /// <summary>Called with what went wrong and did not end training.</summary>
    public Action<string>? Warn { get; init; }
    /// <summary>Ends training after the batch at hand; the best weights so far stay.</summary>
    public CancellationToken CancellationToken { get; init; }
    /// <summary>Numeric precision; weights and optimizer state are float32 whatever it is.</summary>
    public CnnPrecision Precision { get; init; }
    /// <summary>Whether batch norms and concatenations are recomputed for the gradients instead of kept: less memory
    /// (most in DenseNets), more time, the same weights.</summary>
    public bool RecomputeActivations { get; init; }
    /// <summary>The ranks that train together, this process among them; null for training alone.</summary>
    public RankGroup? Ranks { get; init; }
    /// <summary>Whether batch norms normalize by the statistics of all ranks' images.</summary>
    public bool SynchronizesBatchNorms { get; init; }
    /// <summary>Whether gradients are sent as bfloat16.</summary>
    public bool SendsBFloat16 { get; init; }
    /// <summary>Threads to run on.</summary>
    public WorkerPool Workers { get; init; } = WorkerPool.Shared;

    /// <summary>The last epoch that trains the head alone; 0 where there is none.</summary>
    internal int LastHeadEpoch => FineTuning switch
    {
        FineTuning.HeadOnly => Epochs,
        FineTuning.HeadFirst => HeadEpochs ?? Math.Max(1, (int)Math.Round(Epochs / 10.0)),
        _ => 0,
    };

    /// <summary>Whether an epoch, counted from 1, trains the head alone.</summary>
    internal bool TrainsHeadAlone(int epoch) => epoch <= LastHeadEpoch;

    /// <summary>
    /// Whether an epoch trains on top of frozen layers whose features may be computed once: the head alone, or, where no
    /// epoch does that, the layers behind <see cref="FreezeUntil"/>.
    /// </summary>
    internal bool TrainsOnFeatures(int epoch) => LastHeadEpoch > 0 ? TrainsHeadAlone(epoch) : FreezeUntil is not null;

    /// <summary>How an epoch is cut into batches.</summary>
    /// <param name="train">The training images; of several ranks, this one's.</param>
    internal BatchPlan PlanOf(IBatchSource train)
    {
        if (Ranks is null)
            return new BatchPlan(train.Count, BatchSize);
        var images = new int[Ranks.Size];
        Ranks.Gather([train.Count], images);
        return new BatchPlan(images, Ranks.Rank, BatchSize);
    }

    /// <summary>A fresh permutation of a rank's images per epoch, fixed by seed, epoch and rank alone.</summary>
    internal int[] Order(IBatchSource train, int epoch)
    {
        int[] order = [.. Enumerable.Range(0, train.Count)];
        if (Shuffle)
            new PhiloxRandom(Seed, RandomPurpose.Shuffling, $"epoch {epoch}{(Ranks is null ? "" : $", rank {Ranks.Rank}")}")
                .Shuffle(order.AsSpan());
        return order;
    }

    /// <summary>The settings that decide most, for the log.</summary>
    internal string Describe() => FormattableString.Invariant(
        $"{Epochs} epoch{(Epochs == 1 ? "" : "s")} at most in batches of {BatchSize}, {Named(Optimizer)}, {Named(Schedule)} from ")
        + FormattableString.Invariant(
        $"rate {LearningRate:g4}, weight decay {WeightDecay:g4}, {(Loss is null ? "the network's own loss" : Named(Loss))}.");

    /// <summary>A rule's name, with its values unless they are its defaults.</summary>
    private static string Named(object rule)
    {
        Type type = rule.GetType();
        ConstructorInfo? byDefault = type.GetConstructors().FirstOrDefault(c => c.GetParameters().All(p => p.HasDefaultValue));
        return rule.Equals(byDefault?.Invoke([.. byDefault.GetParameters().Select(p => p.DefaultValue)])) ? type.Name : $"{rule}";
    }

    /// <summary>Checks the ranges; messages name the fields of the trainer's options.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal void Check()
    {
        OptionRange.Require(Epochs >= 1, "Options.Epochs", Epochs, "1 or more");
        OptionRange.Require(BatchSize >= (Ranks?.Size ?? 1), "Options.BatchSize", BatchSize,
            Ranks is null ? "1 or more" : $"{Ranks.Size} or more: an image for each rank");
        OptionRange.RequirePositive(LearningRate, "Options.LearningRate");
        OptionRange.RequireNotNegative(WeightDecay, "Options.WeightDecay");
        if (GradientClipNorm is { } norm)
            OptionRange.RequirePositive(norm, "Options.GradientClipNorm");
        WeightAveraging?.Check();
        Optimizer.Check();
        Schedule.Check();
        Loss?.Check();
        OptionRange.Require(KernelInitializer is null || float.IsFinite(KernelInitializer.Scale),
            "Options.KernelInitializer", KernelInitializer, "finite numbers");
        OptionRange.RequireDefined(FineTuning, "Options.FineTuning");
        OptionRange.Require(FineTuning != FineTuning.HeadFirst || Epochs >= 2, "Options.Epochs", Epochs,
            "2 or more with FineTuning.HeadFirst, which trains the head first, then all layers");
        OptionRange.Require(HeadEpochs is null || (FineTuning == FineTuning.HeadFirst && HeadEpochs >= 1
            && HeadEpochs < Epochs), "Options.HeadEpochs", HeadEpochs,
            $"null, or with FineTuning.HeadFirst 1 or more and less than Epochs, {Epochs}");
        OptionRange.RequirePositive(BodyLearningRateFactor ?? 1, "Options.BodyLearningRateFactor");
        foreach ((string stage, float factor) in LearningRateFactors ?? new Dictionary<string, float>())
            OptionRange.RequirePositive(factor, $"Options.LearningRateFactors[\"{stage}\"]");
        OptionRange.Require(!RefreshBatchNormStatistics || FineTuning == FineTuning.AllLayers,
            "Options.RefreshBatchNormStatistics", RefreshBatchNormStatistics,
            "false with FineTuning.HeadOnly, which leaves the statistics as they are");
        EarlyStopping?.Check();
        OptionRange.Require(MaxDivergences >= 0, "Options.MaxDivergences", MaxDivergences, "0 or more");
        OptionRange.RequireDefined(Metric, "Options.StoppingMetric");
        OptionRange.RequireDefined(Precision, "Options.Precision");
    }
}

/// <summary>Why training ended.</summary>
public enum TrainingEnd
{
    /// <summary>All epochs were done.</summary>
    Completed,
    /// <summary>The validation metric stopped improving.</summary>
    StoppedEarly,
    /// <summary>The caller canceled.</summary>
    Canceled,
    /// <summary>The loss or a weight became infinite or not a number; the weights are those of the best epoch before.</summary>
    Diverged,
}

/// <summary>The outcome of a training.</summary>
/// <param name="End">Why it ended.</param>
/// <param name="History">One record per epoch done.</param>
/// <param name="Best">The epoch whose weights were kept: the best by the validation metric, the last one without
/// validation; null when canceled before the end of the first.</param>
/// <param name="Divergence">The exception, when it diverged.</param>
public sealed record TrainingResult(TrainingEnd End, IReadOnlyList<EpochProgress> History, EpochProgress? Best,
    TrainingDivergedException? Divergence = null)
{
    /// <summary>
    /// How often training diverged, went back to the beginning of the epoch and on with a lower learning rate; see
    /// <see cref="CnnClassificationTrainer.Options.MaxDivergences"/>.
    /// </summary>
    public int Recoveries { get; init; }

    /// <summary>
    /// Steps that were done when this process went on from a checkpoint; null when it began from scratch. The history
    /// goes back to the beginning all the same.
    /// </summary>
    public long? ResumedFromStep { get; init; }

    /// <summary>
    /// Full path of the folder that holds everything of the training; null without
    /// <see cref="CnnClassificationTrainer.Options.RunFolder"/>.
    /// </summary>
    public string? RunFolder { get; init; }
}

/// <summary>The loss or a weight became infinite or not a number.</summary>
public sealed class TrainingDivergedException : InvalidOperationException
{
    /// <summary>Creates it for a step.</summary>
    /// <param name="epoch">Number of the epoch, from 1.</param>
    /// <param name="step">Number of the step in the whole training, from 1.</param>
    /// <param name="learningRate">Learning rate of the step.</param>
    /// <param name="what">What was not finite, for example "the loss is NaN".</param>
    public TrainingDivergedException(int epoch, long step, float learningRate, string what)
        : base($"Training diverged: {what} in epoch {epoch}, step {step}, at learning rate {learningRate:g4}. "
            + "Try a smaller learning rate, or look for images with values that are not numbers.") =>
        (Epoch, Step, LearningRate, What) = (epoch, step, learningRate, what);

    /// <summary>Creates it with a message.</summary>
    public TrainingDivergedException(string message) : base(message) { }
    /// <summary>Creates it with a message and a cause.</summary>
    public TrainingDivergedException(string message, Exception inner) : base(message, inner) { }
    /// <summary>Creates it without a message.</summary>
    public TrainingDivergedException() { }

    /// <summary>Number of the epoch, from 1.</summary>
    public int Epoch { get; }
    /// <summary>Number of the step, from 1.</summary>
    public long Step { get; }
    /// <summary>Learning rate of the step.</summary>
    public float LearningRate { get; }

    /// <summary>What was not finite.</summary>
    internal string What { get; } = "";
}
