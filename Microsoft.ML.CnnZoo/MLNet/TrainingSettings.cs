using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>The options of a training loop: the trainer's, and what suits it where they are left open.</summary>
internal static class TrainingSettings
{
    /// <summary>Goyal et al. 2017, arXiv:1706.02677, §2.2.</summary>
    private const float WarmupEpochs = 5;

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
        TrainingStart start = (options.StartingWeights, options.FineTuning) switch
        {
            (null, _) => TrainingStart.RandomWeights,
            (_, FineTuning.HeadOnly) => TrainingStart.TrainedBody,
            (_, FineTuning.HeadFirst) => TrainingStart.TrainedBodyThenAll,
            _ => TrainingStart.TrainedWeights,
        };
        Optimizer optimizer = options.Optimizer ?? options.Momentum switch
        {
            0 => Optimizer.GradientDescent,
            float momentum => new MomentumOptimizer(momentum, Nesterov: true),
            null => TrainingRecipe.OptimizerFor(architecture, start, options.LearningRate),
        };
        TrainingRecipe recipe = TrainingRecipe.For(architecture, optimizer, start, images);
        int epochs = options.Epochs ?? recipe.Epochs, scale = options.Distributed is { ScalesWithRanks: true } ranks ? ranks.Ranks : 1;
        LearningRateSchedule schedule = options.LearningRateSchedule ?? new OneCycleSchedule();
        return new()
        {
            Epochs = epochs,
            BatchSize = (options.BatchSize ?? recipe.BatchSize) * scale,
            LearningRate = (options.LearningRate ?? recipe.LearningRate) * scale,
            Optimizer = optimizer,
            Schedule = scale == 1 ? schedule : new WarmupSchedule(Math.Min(WarmupEpochs, epochs / 10f), schedule),
            WeightDecay = options.WeightDecay ?? recipe.WeightDecay,
            GradientClipNorm = options.GradientClipNorm ?? recipe.GradientClipNorm,
            WeightAveraging = options.WeightAveraging,
            Loss = options.Loss ?? recipe.Loss,
            KernelInitializer = options.KernelInitializer,
            StandardizesLayers = recipe.StandardizesLayers && options.KernelInitializer is null,
            EarlyStopping = options.EarlyStopping ?? (options.Epochs is null ? recipe.EarlyStopping : null),
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
            Ranks = options.Distributed?.Group,
            SynchronizesBatchNorms = options.Distributed?.SynchronizesBatchNorms ?? false,
            SendsBFloat16 = options.Distributed?.SendsBFloat16 ?? false,
            Workers = workers,
        };
    }
}
