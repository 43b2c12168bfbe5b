namespace Microsoft.ML.Data;

/// <summary>What <see cref="MulticlassClassificationCatalog.Evaluate"/> measures; a test set without rows measures 0 everywhere.</summary>
public sealed class MulticlassClassificationMetrics
{
    internal MulticlassClassificationMetrics(MulticlassMetricsAggregator rows, int topKPredictionCount, IReadOnlyList<string> classNames)
    {
        MicroAccuracy = rows.MicroAccuracy;
        MacroAccuracy = rows.MacroAccuracy;
        LogLoss = rows.LogLoss;
        LogLossReduction = rows.LogLossReduction;
        PerClassLogLoss = rows.PerClassLogLoss;
        TopKPredictionCount = topKPredictionCount;
        if (topKPredictionCount > 0)
        {
            TopKAccuracyForAllK = rows.TopKAccuracies(topKPredictionCount);
            TopKAccuracy = TopKAccuracyForAllK[^1];
        }
        ConfusionMatrix = new ConfusionMatrix(rows.Counts, classNames);
    }

    public double LogLoss { get; }

    public double LogLossReduction { get; }

    public double MacroAccuracy { get; }

    public double MicroAccuracy { get; }

    public double TopKAccuracy { get; }

    public int TopKPredictionCount { get; }

    public IReadOnlyList<double> TopKAccuracyForAllK { get; }

    public IReadOnlyList<double> PerClassLogLoss { get; }

    public ConfusionMatrix ConfusionMatrix { get; }
}
