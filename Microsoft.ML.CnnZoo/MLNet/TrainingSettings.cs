using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>The options of a training loop: the trainer's, and what suits it where they are left open.</summary>
internal static class TrainingSettings
{
    /// <summary>The options.</summary>
    /// <param name="options">The trainer's.</param>
    /// <param name="architecture">The network, in the form that its weights have.</param>
    /// <param name="images">Images to train on.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="workers">The threads.</param>
    /// <param name="validationImages">Images to validate with.</param>
    public static TrainingOptions Of(CnnClassificationTrainer.Options options, CnnArchitecture architecture, int images,
        int seed, WorkerPool workers, int validationImages = 0)
    {
        bool isPretrained = options.StartingWeights is not null, headOnly = options.FineTuning == FineTuning.HeadOnly;
        Optimizer optimizer = options.Optimizer ?? options.Momentum switch
        {
            0 => Optimizer.GradientDescent,
            float momentum => new MomentumOptimizer(momentum, Nesterov: true),
            null => options.LearningRate is null ? TrainingRecipe.OptimizerFor(architecture, isPretrained)
                : TrainingRecipe.GradientDescent,
        };
        TrainingRecipe recipe = TrainingRecipe.For(architecture, optimizer, isPretrained, headOnly, images);
        int epochs = options.Epochs ?? recipe.Epochs;
        return new()
        {
            Epochs = epochs,
            BatchSize = options.BatchSize ?? recipe.BatchSize,
            LearningRate = options.LearningRate ?? recipe.LearningRate,
            Optimizer = optimizer,
            Schedule = options.LearningRateSchedule ?? new OneCycleSchedule(),
            WeightDecay = options.WeightDecay ?? recipe.WeightDecay,
            GradientClipNorm = options.GradientClipNorm ?? recipe.GradientClipNorm,
            WeightAveraging = options.WeightAveraging,
            Loss = options.Loss ?? recipe.Loss,
            KernelInitializer = options.KernelInitializer ?? recipe.KernelInitializer,
            EarlyStopping = options.EarlyStopping ?? (options.Epochs is null ? TrainingRecipe.Patience(epochs) : null),
            FineTuning = options.FineTuning,
            HeadEpochs = options.HeadEpochs,
            FreezeUntil = options.FreezeUntil,
            BodyLearningRateFactor = options.BodyLearningRateFactor,
            LearningRateFactors = options.LearningRateFactors,
            MaxDivergences = options.MaxDivergences,
            Metric = options.StoppingMetric ?? TrainingRecipe.Metric(validationImages),
            MixesImages = options.Augmentation.Mixes,
            Seed = seed,
            EpochCompleted = options.ProgressCallback,
            BatchCompleted = options.BatchCallback,
            CancellationToken = options.CancellationToken,
            Precision = options.Precision,
            RecomputeActivations = options.RecomputeActivations,
            RefreshBatchNormStatistics = options.RefreshBatchNormStatistics
                && options is { FineTuning: FineTuning.AllLayers, FreezeUntil: null },
            Workers = workers,
        };
    }
}
