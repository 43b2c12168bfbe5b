namespace Microsoft.ML.CnnZoo;

/// <summary>
/// What becomes of a network's probabilities before they are given out: a temperature makes them as sure as they are
/// right, factors correct them for other class frequencies, and a threshold says when to give no answer. Part of a
/// model; by default nothing is changed.
/// </summary>
/// <remarks>
/// p becomes p^(1/T)·f / Σ p^(1/T)·f, with the temperature T and the class's factor f; that is softmax(logits / T + ln f).
/// A temperature alone never changes which class is the most probable.
/// </remarks>
public sealed record DecisionRule
{
    /// <summary>Probabilities as the network gives them, and always an answer.</summary>
    public static DecisionRule None { get; } = new();

    /// <summary>
    /// Temperature, > 0: above 1 makes probabilities more alike. Default: 1, nothing. Guo et al. 2017, arXiv:1706.04599.
    /// </summary>
    public double Temperature { get; init; } = 1;

    /// <summary>
    /// How many times as frequent each class is where the model is used as it was in training, ≥ 0, in the order of the
    /// class names. Default: none, all 1. Saerens et al. 2002.
    /// </summary>
    public IReadOnlyList<double> ClassFactors { get; init; } = [];

    /// <summary>
    /// Probability of the most probable class below which there is no answer, 0…1: then PredictedLabel is missing, as for
    /// an image that cannot be read; Score is there all the same. Default: 0, always an answer.
    /// </summary>
    public double AbstainBelow { get; init; }

    /// <summary>Whether probabilities are changed.</summary>
    internal bool ChangesScores => Temperature != 1 || ClassFactors.Any(f => f != 1);

    /// <summary>The temperature at which some validation rows have the least log-loss, 0.05…20; 1 where no row is
    /// wrong.</summary>
    /// <param name="probabilities">A row's probabilities, as the network gives them.</param>
    /// <param name="labels">The rows' true classes, numbers from 0.</param>
    /// <exception cref="ArgumentException">The rows are none of probabilities with labels.</exception>
    public static DecisionRule FitTemperature(IReadOnlyList<float[]> probabilities, IReadOnlyList<int> labels) =>
        new() { Temperature = ClassificationReport.Compute(probabilities, labels).Temperature };

    /// <summary>This rule, corrected for other class frequencies than those of training.</summary>
    /// <param name="training">Share (or number) of each class in training, > 0.</param>
    /// <param name="expected">Share (or number) of each class where the model is used, ≥ 0.</param>
    /// <exception cref="ArgumentException">The lists differ in length, or a share is out of its range.</exception>
    public DecisionRule ForClassShares(IReadOnlyList<double> training, IReadOnlyList<double> expected)
    {
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(expected);
        double trained = training.Sum(), all = expected.Sum();
        if (training.Count != expected.Count || !training.All(s => s > 0) || !expected.All(s => s >= 0)
            || !double.IsFinite(trained) || !(all > 0 && double.IsFinite(all)))
            throw new ArgumentException($"The shares are {string.Join(", ", training)} in training and "
                + $"{string.Join(", ", expected)} later; expected one above 0 for each class in training, and as many of "
                + "0 or more later, not all 0.", nameof(expected));
        return this with { ClassFactors = [.. expected.Zip(training, (e, t) => e / all / (t / trained))], AbstainBelow = 0 };
    }

    /// <summary>
    /// This rule with the lowest threshold at which the answers to some validation rows are as often right as wished;
    /// with class factors, rows count by their class's.
    /// </summary>
    /// <param name="precision">Share of right ones among the answers, 0…1.</param>
    /// <param name="probabilities">A row's probabilities, as the network gives them.</param>
    /// <param name="labels">The rows' true classes, numbers from 0.</param>
    /// <exception cref="InvalidOperationException">No threshold gives this precision.</exception>
    public DecisionRule WithAbstention(double precision, IReadOnlyList<float[]> probabilities, IReadOnlyList<int> labels)
    {
        ArgumentNullException.ThrowIfNull(probabilities);
        ArgumentOutOfRangeException.ThrowIfNegative(precision);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(precision, 1);
        float[][] changed = [.. probabilities.Select(row =>
        {
            float[] copy = [.. row];
            Apply(copy);
            return copy;
        })];
        JudgedRow[] rows = [.. ClassificationReport.Compute(changed, labels).Rows.OrderByDescending(r => r.Confidence)];
        double right = 0, all = 0;
        int answered = 0;
        for (int i = 0; i < rows.Length; i++)
        {
            double weight = ClassFactors.Count == 0 ? 1 : ClassFactors[rows[i].Label];
            all += weight;
            right += rows[i].IsCorrect ? weight : 0;
            bool isLastOfEquals = i + 1 == rows.Length || rows[i + 1].Confidence < rows[i].Confidence;
            if (isLastOfEquals && right >= precision * all)
                answered = i + 1;
        }
        if (answered == 0)
            throw new InvalidOperationException($"No threshold gives a precision of {precision}: of {rows.Length} rows "
                + "those with the greatest confidence are not right often enough.");
        return this with { AbstainBelow = answered == rows.Length ? 0 : rows[answered - 1].Confidence };
    }

    /// <summary>Changes a row's probabilities.</summary>
    internal void Apply(Span<float> probabilities)
    {
        if (!ChangesScores)
            return;
        const int Few = 128;
        Span<double> values = probabilities.Length <= Few ? stackalloc double[Few] : new double[probabilities.Length];
        double sum = 0;
        for (int c = 0; c < probabilities.Length; c++)
        {
            values[c] = Math.Pow(probabilities[c], 1 / Temperature) * (ClassFactors.Count == 0 ? 1 : ClassFactors[c]);
            sum += values[c];
        }
        if (sum == 0)
            return; // only classes that do not occur are probable
        for (int c = 0; c < probabilities.Length; c++)
            probabilities[c] = (float)(values[c] / sum);
    }

    /// <summary>What the logits are multiplied by and what is added to them, for exported networks.</summary>
    internal (float[] Scale, float[] Offset) OnLogits =>
        ([(float)(1 / Temperature)], [.. ClassFactors.DefaultIfEmpty(1).Select(f => (float)Math.Max(Math.Log(f), -1e9))]);

    /// <summary>Checks the ranges.</summary>
    /// <param name="classes">Number of classes.</param>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    internal void Check(int classes)
    {
        if (!(Temperature > 0 && double.IsFinite(Temperature)))
            throw new ArgumentException($"DecisionRule.Temperature is {Temperature}; expected a number above 0.");
        if (!(AbstainBelow is >= 0 and <= 1))
            throw new ArgumentException($"DecisionRule.AbstainBelow is {AbstainBelow}; expected 0 to 1.");
        if (ClassFactors.Count > 0 && (ClassFactors.Count != classes || !ClassFactors.All(f => f >= 0 && double.IsFinite(f))
            || !ClassFactors.Any(f => f > 0)))
            throw new ArgumentException($"DecisionRule.ClassFactors are {string.Join(", ", ClassFactors)}; expected none, or a "
                + $"number of 0 or more for each of the {classes} classes, not all 0.");
    }
}
