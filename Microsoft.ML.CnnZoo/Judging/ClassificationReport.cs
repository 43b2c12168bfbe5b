using Microsoft.ML.CnnZoo.Judging;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// How good a classifier is, from its probabilities and the truth alone, whatever made them: accuracy, confusions, how
/// far its confidence can be trusted, and where it is most wrong.
/// </summary>
/// <remarks>
/// What ML.NET's <c>MulticlassClassification.Evaluate</c> measures as well, it measures here to the last digit, from the
/// same scores. Everything is computed in 64-bit floats.
/// </remarks>
/// <example><code>
/// var report = ClassificationReport.Compute(scored.GetColumn&lt;float[]&gt;("Score").ToList(), labels, classNames);
/// Console.WriteLine($"{report.Accuracy:P1}, calibration error {report.ExpectedCalibrationError:P1}");
/// </code></example>
public sealed class ClassificationReport
{
    /// <summary>Least probability in log-losses, ML.NET's own: ln 0 has no value.</summary>
    private const double LeastProbability = (float)1e-15;

    private const double SumTolerance = 1e-3;
    private readonly double[][] _probabilities;
    private readonly int[] _labels, _ranks;
    private readonly int[][] _confusion;
    private readonly double[] _logLosses, _brier;
    private readonly Lazy<double> _temperature;

    private ClassificationReport(double[][] probabilities, int[] labels, string[] classNames)
    {
        int classes = classNames.Length;
        (_probabilities, _labels, ClassNames) = (probabilities, labels, Array.AsReadOnly(classNames));
        Rows = Array.AsReadOnly([.. probabilities.Select((p, i) => Judge(i, p, labels[i]))]);
        _ranks = [.. probabilities.Select((p, i) => Rank(p, labels[i]))];
        _logLosses = [.. Rows.Select(r => -Math.Log(Math.Clamp(r.LabelProbability, LeastProbability, 1)))];
        _brier = [.. probabilities.Select((p, i) => p.Select((value, c) => Square(value - (c == labels[i] ? 1 : 0))).Sum())];
        _confusion = [.. Enumerable.Range(0, classes).Select(_ => new int[classes])];
        foreach (JudgedRow row in Rows)
            _confusion[row.Label][row.Predicted]++;
        Classes = Array.AsReadOnly([.. Enumerable.Range(0, classes).Select(Measure)]);
        ReliabilityBins = Array.AsReadOnly(Calibration.Group(Rows));
        RiskCoverage = Array.AsReadOnly(CoverRows(Rows));
        _temperature = new(() => Calibration.FitTemperature(probabilities, labels));
    }

    /// <summary>Names of the classes, in the order of the probabilities.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>Every row with its true and its predicted class, in their order.</summary>
    public IReadOnlyList<JudgedRow> Rows { get; }

    /// <summary>Number of rows.</summary>
    public int Count => Rows.Count;

    /// <summary>Figures of each class.</summary>
    public IReadOnlyList<ClassFigures> Classes { get; }

    /// <summary>How many rows of each class (first index) were taken for each class (second index).</summary>
    public IReadOnlyList<IReadOnlyList<int>> Confusion => _confusion;

    /// <summary>
    /// Share of right rows; ML.NET's MicroAccuracy. Precision, recall and F1 over all rows ("micro") are the same number.
    /// </summary>
    public double Accuracy => (double)Classes.Sum(c => (long)c.Correct) / Count;

    /// <summary>Mean recall of the classes that have rows: balanced accuracy; ML.NET's MacroAccuracy.</summary>
    public double MacroAccuracy => Classes.Where(c => c.Support > 0).Average(c => c.Recall);

    /// <summary>Mean precision of all classes.</summary>
    public double MacroPrecision => Classes.Average(c => c.Precision);

    /// <summary>Mean recall of all classes, 0 for one without rows.</summary>
    public double MacroRecall => Classes.Average(c => c.Recall);

    /// <summary>Mean F1 of all classes.</summary>
    public double MacroF1 => Classes.Average(c => c.F1);

    /// <summary>Mean precision, each class weighted by its rows.</summary>
    public double WeightedPrecision => Weighted(c => c.Precision);

    /// <summary>Mean F1, each class weighted by its rows.</summary>
    public double WeightedF1 => Weighted(c => c.F1);

    /// <summary>
    /// Cohen's kappa: agreement beyond what chance gives; 1 is perfect, 0 chance, NaN where all is one class.
    /// </summary>
    public double Kappa
    {
        get
        {
            double chance = Classes.Sum(c => (double)c.Support * c.Predicted) / Square(Count);
            return (Accuracy - chance) / (1 - chance);
        }
    }

    /// <summary>
    /// Matthews correlation of truth and prediction for any number of classes (Gorodkin 2004), −1…1; 0 where all rows
    /// are of one class, or taken for one.
    /// </summary>
    public double MatthewsCorrelation
    {
        get
        {
            double n = Count, truth = Square(n) - Classes.Sum(c => Square(c.Support)),
                predicted = Square(n) - Classes.Sum(c => Square(c.Predicted)),
                both = (n * n * Accuracy) - Classes.Sum(c => (double)c.Support * c.Predicted);
            return truth == 0 || predicted == 0 ? 0 : both / Math.Sqrt(truth * predicted);
        }
    }

    /// <summary>Mean −ln p of the true class, in nats; p counts as at least 1e-15, as in ML.NET.</summary>
    public double LogLoss => _logLosses.Sum() / Count;

    /// <summary>
    /// How much less the log-loss is than that of always giving the classes' shares, as a share of it: 1 is perfect, 0
    /// no gain. NaN where all rows are of one class.
    /// </summary>
    public double LogLossReduction
    {
        get
        {
            double entropy = Classes.Where(c => c.Support > 0)
                .Sum(c => c.Support * Math.Log((double)c.Support / Count)) / -Count;
            return (entropy - LogLoss) / entropy;
        }
    }

    /// <summary>Mean over the rows of Σ (p − 1 of the true class, p − 0 of others)², 0…2.</summary>
    public double BrierScore => _brier.Sum() / Count;

    /// <summary>Fifteen bins of confidence, of equal width.</summary>
    public IReadOnlyList<ReliabilityBin> ReliabilityBins { get; }

    /// <summary>Mean over the rows of their bin's |accuracy − confidence|, 0…1: ECE of 15 bins.</summary>
    public double ExpectedCalibrationError => ReliabilityBins.Sum(b => b.Count * b.Gap) / Count;

    /// <summary>The largest |accuracy − confidence| of a bin: MCE of 15 bins.</summary>
    public double MaximumCalibrationError => ReliabilityBins.Max(b => b.Gap);

    /// <summary>
    /// The temperature, 0.05…20, that would make these rows' log-loss least; 1 where no row is wrong. Above 1 the
    /// classifier is too sure, below too unsure. Guo et al. 2017, arXiv:1706.04599.
    /// </summary>
    public double Temperature => _temperature.Value;

    /// <summary>Log-loss of these rows at <see cref="Temperature"/>.</summary>
    public double LogLossAtTemperature => Rows.Average(r => -Math.Log(Math.Max(LeastProbability,
        Calibration.Scale(_probabilities[r.Row], Temperature)[r.Label])));

    /// <summary>Mean area under the ROC curve, each class against all others; of the classes that have one.</summary>
    public double MacroAuc => Classes.Select(c => c.Auc).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average();

    /// <summary>
    /// Error rates where only the most confident rows are answered: the first 1, 2, … of them; ties in the rows' order.
    /// </summary>
    public IReadOnlyList<RiskCoveragePoint> RiskCoverage { get; }

    /// <summary>Mean of the error rates over all coverages, 0…1: AURC. Less is better.</summary>
    public double AreaUnderRiskCoverage => RiskCoverage.Average(p => p.Risk);

    /// <summary>Judges rows by the probabilities that a classifier gave them.</summary>
    /// <param name="probabilities">A row's probabilities, one for each class; they are copied.</param>
    /// <param name="labels">The rows' true classes, numbers from 0.</param>
    /// <param name="classNames">Names of the classes; null: their numbers.</param>
    /// <exception cref="ArgumentException">
    /// There are no rows or fewer than two classes, the lists differ in length, a label is no class, or a row is not one
    /// of probabilities (finite, 0 or more, sum 1 within 0.001).
    /// </exception>
    public static ClassificationReport Compute(IReadOnlyList<float[]> probabilities, IReadOnlyList<int> labels,
        IReadOnlyList<string>? classNames = null)
    {
        ArgumentNullException.ThrowIfNull(probabilities);
        return Compute([.. probabilities.Select(row => Array.ConvertAll(row, p => (double)p))], labels, classNames);
    }

    /// <inheritdoc cref="Compute(IReadOnlyList{float[]}, IReadOnlyList{int}, IReadOnlyList{string}?)"/>
    public static ClassificationReport Compute(IReadOnlyList<double[]> probabilities, IReadOnlyList<int> labels,
        IReadOnlyList<string>? classNames = null)
    {
        ArgumentNullException.ThrowIfNull(probabilities);
        ArgumentNullException.ThrowIfNull(labels);
        if (probabilities.Count == 0 || probabilities.Count != labels.Count)
            throw new ArgumentException($"There are {probabilities.Count} rows of probabilities and {labels.Count} labels; "
                + "expected one label for each row, and at least one row.", nameof(labels));
        int classes = classNames?.Count ?? probabilities[0].Length;
        if (classes < 2)
            throw new ArgumentException($"There are {classes} classes; expected at least 2.", nameof(classNames));
        for (int i = 0; i < labels.Count; i++)
            Check(i, probabilities[i], labels[i], classes);
        return new([.. probabilities.Select(row => (double[])row.Clone())], [.. labels],
            [.. classNames ?? Enumerable.Range(0, classes).Select(c => FormattableString.Invariant($"{c}"))]);
    }

    /// <summary>Share of rows whose true class is among the most probable; of equal ones the first counts as more.</summary>
    /// <param name="k">How many, ≥ 1.</param>
    public double TopKAccuracy(int k)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        return Enumerable.Range(0, Math.Min(k, ClassNames.Count))
            .Sum(rank => (double)_ranks.Count(r => r == rank) / Count); // as ML.NET rounds it
    }

    /// <summary>The rows whose true class was given the least probability, the least first.</summary>
    /// <param name="count">How many at most.</param>
    /// <param name="mistakesOnly">Whether to leave out rows that are right all the same.</param>
    public IReadOnlyList<JudgedRow> Worst(int count, bool mistakesOnly = false) =>
        [.. Rows.Where(r => !mistakesOnly || !r.IsCorrect).OrderBy(r => r.LabelProbability).Take(count)];

    /// <summary>The pairs of classes that are confused most often, the most frequent first.</summary>
    /// <param name="count">How many at most.</param>
    public IReadOnlyList<ConfusedPair> MostConfused(int count) =>
        [.. _confusion.SelectMany((row, label) => row.Select((rows, predicted) =>
                new ConfusedPair(label, predicted, rows, (double)rows / Classes[label].Support)))
            .Where(pair => pair.Label != pair.Predicted && pair.Count > 0)
            .OrderByDescending(pair => pair.Count).ThenByDescending(pair => pair.Share).Take(count)];

    /// <summary>
    /// Bootstrap intervals (Efron 1979): how far the figures vary where rows are drawn anew, with replacement.
    /// </summary>
    /// <param name="resamples">How often, ≥ 2.</param>
    /// <param name="level">Share of the resamples that an interval holds, between 0 and 1.</param>
    /// <param name="seed">The same seed gives the same intervals.</param>
    public ReportIntervals Bootstrap(int resamples = 1000, double level = 0.95, int seed = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 2);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(level);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(level, 1);
        Resampling.Row[] rows = [.. Rows.Select(r => new Resampling.Row(r.Label, r.Predicted,
            Calibration.BinOf(r.Confidence), r.Confidence, _logLosses[r.Row], _brier[r.Row]))];
        return Resampling.Intervals(rows, ClassNames.Count, resamples, level, seed);
    }

    private static void Check(int row, double[] probabilities, int label, int classes)
    {
        if (probabilities.Length != classes)
            throw new ArgumentException($"Row {row} has {probabilities.Length} probabilities; expected {classes}, one for "
                + "each class.", nameof(probabilities));
        if (label < 0 || label >= classes)
            throw new ArgumentException($"Row {row} has the label {label}; expected 0 to {classes - 1}.", nameof(label));
        if (!probabilities.All(p => p >= 0) || !(Math.Abs(probabilities.Sum() - 1) <= SumTolerance))
            throw new ArgumentException($"Row {row} has no probabilities: they are {probabilities.Min():g4} or more, with "
                + $"the sum {probabilities.Sum():g6}; expected 0 or more, with the sum 1. Scores of another kind become "
                + "probabilities by softmax; NaN is the score of an image that cannot be read.", nameof(probabilities));
    }

    private static JudgedRow Judge(int row, double[] probabilities, int label)
    {
        int best = 0;
        for (int c = 1; c < probabilities.Length; c++)
            if (probabilities[c] > probabilities[best])
                best = c;
        return new(row, label, best, probabilities[best], probabilities[label]);
    }

    private static int Rank(double[] probabilities, int label)
    {
        int before = 0;
        for (int c = 0; c < probabilities.Length; c++)
            if (probabilities[c] > probabilities[label] || (probabilities[c] == probabilities[label] && c < label))
                before++;
        return before;
    }

    private ClassFigures Measure(int number)
    {
        int support = _confusion[number].Sum();
        double loss = Rows.Where(r => r.Label == number).Sum(r => _logLosses[r.Row]);
        return new(ClassNames[number], support, _confusion.Sum(row => row[number]), _confusion[number][number],
            loss / support, RankAuc.OneVersusRest(_probabilities, _labels, number));
    }

    private static RiskCoveragePoint[] CoverRows(IReadOnlyList<JudgedRow> rows)
    {
        int wrong = 0;
        return [.. rows.OrderByDescending(r => r.Confidence).Select((r, i) => new RiskCoveragePoint(
            (i + 1.0) / rows.Count, (double)(wrong += r.IsCorrect ? 0 : 1) / (i + 1), r.Confidence))];
    }

    private double Weighted(Func<ClassFigures, double> figure) => Classes.Sum(c => c.Support * figure(c)) / Count;

    private static double Square(double value) => value * value;
}
