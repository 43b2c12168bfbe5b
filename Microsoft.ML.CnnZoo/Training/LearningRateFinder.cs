using Microsoft.ML.CnnZoo.Data;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>Trains with a rate that rises from step to step, until the loss explodes.</summary>
internal static class LearningRateFinder
{
    /// <summary>Steps of a test that is not ended early.</summary>
    public const int Steps = 150;
    private const double LowestRate = 1e-7, HighestRate = 10, Memory = 0.9, Explosion = 4;

    /// <summary>Does the test; weights and optimizer state are of no use afterwards.</summary>
    /// <param name="step">Moves the weights.</param>
    /// <param name="options">How to train.</param>
    /// <param name="train">Training images, at least one.</param>
    /// <exception cref="OperationCanceledException">Canceled.</exception>
    public static LearningRateSearch Run(TrainingStep step, TrainingOptions options, IBatchSource train)
    {
        var rates = new List<float>();
        var losses = new List<double>();
        double average = 0, best = double.PositiveInfinity;
        foreach (Batch batch in Batches(options, train).Take(Steps))
        {
            options.CancellationToken.ThrowIfCancellationRequested();
            float rate = (float)(LowestRate * Math.Pow(HighestRate / LowestRate, rates.Count / (Steps - 1.0)));
            average = (Memory * average) + ((1 - Memory) * step.Run(batch, rate, momentum: null).Loss);
            double smoothed = average / (1 - Math.Pow(Memory, rates.Count + 1));
            if (!double.IsFinite(smoothed) || smoothed > Explosion * best)
                break;
            best = Math.Min(best, smoothed);
            rates.Add(rate);
            losses.Add(smoothed);
        }
        return rates.Count > 0 ? LearningRateSearch.Of(rates, losses, options.Optimizer, options.LearningRate)
            : throw new TrainingDivergedException(1, 1, (float)LowestRate,
                "the loss is not finite at the first step of the learning rate search");
    }

    /// <summary>Epoch after epoch of shuffled batches.</summary>
    private static IEnumerable<Batch> Batches(TrainingOptions options, IBatchSource train)
    {
        var reader = new BatchReader(train, options.PlanOf(train));
        for (int epoch = 1; ; epoch++)
        {
            foreach (Batch batch in reader.Read((options with { Shuffle = true }).Order(train, epoch), epoch))
                yield return batch;
        }
    }
}
