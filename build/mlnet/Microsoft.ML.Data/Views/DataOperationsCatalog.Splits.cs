using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

public sealed partial class DataOperationsCatalog
{
    /// <summary>Draws about the given fraction of the rows as test set; rows with one value in the sampling key column stay together.</summary>
    /// <remarks>Without a seed the MLContext's is used, and without that 42: a split is the same every time.</remarks>
    public TrainTestData TrainTestSplit(IDataView data, double testFraction = 0.1, string samplingKeyColumnName = null, int? seed = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (!(testFraction > 0 && testFraction < 1))
            throw new ArgumentOutOfRangeException(nameof(testFraction), "Must be between 0 and 1 exclusive");
        return Split(data, SamplingKey.Create(data, samplingKeyColumnName, seed ?? SeedOf(_environment)), new NumberRange(0, testFraction, IncludeMaximum: false, Complement: false));
    }

    /// <summary>Cuts the rows into folds of about equal size; each is the test set once.</summary>
    public IReadOnlyList<TrainTestData> CrossValidationSplit(IDataView data, int numberOfFolds = 5, string samplingKeyColumnName = null, int? seed = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        return Split(_environment, data, numberOfFolds, samplingKeyColumnName, seed);
    }

    internal static IReadOnlyList<TrainTestData> Split(IHostEnvironment env, IDataView data, int numberOfFolds, string samplingKeyColumnName, int? seed)
    {
        if (numberOfFolds < 2)
            throw new ArgumentOutOfRangeException(nameof(numberOfFolds), "Must be more than 1");
        SamplingKey key = SamplingKey.Create(data, samplingKeyColumnName, seed ?? SeedOf(env));
        var folds = new TrainTestData[numberOfFolds];
        for (int fold = 0; fold < numberOfFolds; fold++)
            folds[fold] = Split(data, key, new NumberRange((double)fold / numberOfFolds, (double)(fold + 1) / numberOfFolds, IncludeMaximum: true, Complement: false));
        return folds;
    }

    private static int? SeedOf(IHostEnvironment env) => (env as IHostEnvironmentInternal)?.Seed;

    private static TrainTestData Split(IDataView data, SamplingKey key, NumberRange test) =>
        new(new SplitView(data, key, test with { Complement = true }), new SplitView(data, key, test));
}
