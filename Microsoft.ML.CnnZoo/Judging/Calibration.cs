namespace Microsoft.ML.CnnZoo.Judging;

/// <summary>How far confidence can be trusted: Guo et al. 2017, arXiv:1706.04599.</summary>
internal static class Calibration
{
    /// <summary>Bins of a reliability diagram, of equal width.</summary>
    public const int Bins = 15;

    private const double LeastTemperature = 0.05, MostTemperature = 20;

    /// <summary>The bin of a confidence in 0…1.</summary>
    public static int BinOf(double confidence) => Math.Clamp((int)(confidence * Bins), 0, Bins - 1);

    /// <summary>All bins, also those without rows.</summary>
    public static ReliabilityBin[] Group(IReadOnlyList<JudgedRow> rows)
    {
        var count = new int[Bins];
        double[] confidence = new double[Bins], correct = new double[Bins];
        foreach (JudgedRow row in rows)
        {
            int bin = BinOf(row.Confidence);
            count[bin]++;
            confidence[bin] += row.Confidence;
            correct[bin] += row.IsCorrect ? 1 : 0;
        }
        return [.. Enumerable.Range(0, Bins).Select(b => new ReliabilityBin((double)b / Bins, (b + 1.0) / Bins, count[b],
            count[b] == 0 ? double.NaN : confidence[b] / count[b], count[b] == 0 ? double.NaN : correct[b] / count[b]))];
    }

    /// <summary>
    /// The temperature T, in [0.05, 20], at which softmax(ln p / T) has the least log-loss; 1 where all rows are right,
    /// for then the less T the less the loss, without end.
    /// </summary>
    /// <remarks>
    /// In 1/T the loss is convex: bisection of its slope, mean over the rows of (mean of ln p under the scaled
    /// probabilities) − ln p of the truth.
    /// </remarks>
    /// <param name="probabilities">A row's probabilities.</param>
    /// <param name="labels">The true classes.</param>
    public static double FitTemperature(IReadOnlyList<double[]> probabilities, IReadOnlyList<int> labels)
    {
        if (Enumerable.Range(0, labels.Count).All(i => probabilities[i][labels[i]] >= probabilities[i].Max()))
            return 1;
        double[][] logs = [.. probabilities.Select(row => Array.ConvertAll(row, Log))];
        double low = 1 / MostTemperature, high = 1 / LeastTemperature;
        for (int step = 0; step < 44; step++)
        {
            double middle = (low + high) / 2;
            if (Slope(logs, labels, middle) < 0)
                low = middle;
            else
                high = middle;
        }
        return 2 / (low + high);
    }

    /// <summary>Probabilities at a temperature.</summary>
    public static double[] Scale(double[] probabilities, double temperature)
    {
        double[] scaled = Array.ConvertAll(probabilities, p => Log(p) / temperature);
        double most = scaled.Max();
        scaled = Array.ConvertAll(scaled, l => Math.Exp(l - most));
        double sum = scaled.Sum();
        return Array.ConvertAll(scaled, e => e / sum);
    }

    /// <summary>A float's probability of 0 stands for something below its range.</summary>
    private static double Log(double p) => Math.Log(Math.Max(p, 1e-300));

    private static double Slope(double[][] logs, IReadOnlyList<int> labels, double inverse)
    {
        double slope = 0;
        for (int i = 0; i < logs.Length; i++)
        {
            double[] row = logs[i];
            double most = row.Max(), sum = 0, mean = 0;
            foreach (double log in row)
            {
                double e = Math.Exp((log - most) * inverse);
                sum += e;
                mean += e * log;
            }
            slope += (mean / sum) - row[labels[i]];
        }
        return slope;
    }
}
