using System.Globalization;

namespace Microsoft.ML.Data;

/// <summary>Counts of actual against predicted classes, with the precision and recall of every class.</summary>
public sealed class ConfusionMatrix
{
    private readonly IReadOnlyList<string> _classNames;

    internal ConfusionMatrix(double[][] counts, IReadOnlyList<string> classNames)
    {
        _classNames = classNames;
        Counts = counts;
        PerClassPrecision = PerClass(counts, (actual, predicted) => counts[predicted][actual]);
        PerClassRecall = PerClass(counts, (actual, predicted) => counts[actual][predicted]);
    }

    public IReadOnlyList<double> PerClassPrecision { get; }

    public IReadOnlyList<double> PerClassRecall { get; }

    /// <summary>The rows are the actual classes, the columns the predicted ones.</summary>
    public IReadOnlyList<IReadOnlyList<double>> Counts { get; }

    public int NumberOfClasses => Counts.Count;

    public double GetCountForClassPair(int predictedClassIndicatorIndex, int actualClassIndicatorIndex)
    {
        CheckIndex(predictedClassIndicatorIndex, nameof(predictedClassIndicatorIndex));
        CheckIndex(actualClassIndicatorIndex, nameof(actualClassIndicatorIndex));
        return Counts[actualClassIndicatorIndex][predictedClassIndicatorIndex];
    }

    public string GetFormattedConfusionTable() => new ConfusionTableFormatter(this, _classNames).Format();

    private void CheckIndex(int index, string parameter)
    {
        if (index < 0 || index >= NumberOfClasses)
            throw new ArgumentOutOfRangeException(parameter, string.Create(CultureInfo.InvariantCulture,
                $"Invalid index, should be non-negative and less than the number of classes {NumberOfClasses}, but is {index}"));
    }

    // The diagonal's share of a row's or a column's sum; 0 where the sum is 0.
    private static double[] PerClass(double[][] counts, Func<int, int, double> count)
    {
        var shares = new double[counts.Length];
        for (int c = 0; c < shares.Length; c++)
        {
            double sum = 0;
            for (int other = 0; other < shares.Length; other++)
                sum += count(c, other);
            shares[c] = sum > 0 ? counts[c][c] / sum : 0;
        }
        return shares;
    }
}
