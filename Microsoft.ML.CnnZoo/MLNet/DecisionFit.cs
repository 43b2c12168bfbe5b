using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>The decision rule that a trained network gets by the trainer's options.</summary>
/// <param name="options">The options.</param>
/// <param name="classes">Names of the classes.</param>
/// <param name="trainingLabels">Classes of the images that were trained on.</param>
/// <param name="weights">Weights of the classes in the loss.</param>
internal sealed class DecisionFit(CnnClassificationTrainer.Options options, string[] classes,
    IReadOnlyList<int> trainingLabels, LossWeights? weights)
{
    /// <summary>Share of each class in the training loss; none where a class has no images.</summary>
    public double[] TrainingShares { get; } = Shares(classes.Length, trainingLabels, weights);

    /// <summary>Checks before training what depends on the images.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option does not fit them.</exception>
    public static void Check(CnnClassificationTrainer.Options options, string[] classes, int validationImages)
    {
        const string Images = "where there are no validation images: set Options.ValidationSetFraction or give a "
            + "validation set";
        bool hasImages = validationImages > 0;
        OptionRange.Require(hasImages || !options.Calibrate, "Options.Calibrate", options.Calibrate, $"false {Images}");
        OptionRange.Require(hasImages || options.AbstainPrecision is null, "Options.AbstainPrecision",
            options.AbstainPrecision, $"null {Images}");
        OptionRange.Require(options.ExpectedClassShares is not { } shares || shares.Keys.ToHashSet().SetEquals(classes),
            "Options.ExpectedClassShares", $"of {string.Join(", ", options.ExpectedClassShares?.Keys ?? [])}",
            $"one share for each class: {string.Join(", ", classes)}");
    }

    /// <summary>Fits the rule.</summary>
    /// <param name="score">Gives probabilities and classes of the images that were validated with.</param>
    /// <param name="info">Is told what was fitted.</param>
    /// <param name="warn">Is told what could not be.</param>
    public DecisionRule Fit(Func<(float[][] Scores, int[] Labels)> score, Action<string> info, Action<string> warn)
    {
        DecisionRule rule = DecisionRule.None;
        (float[][] scores, int[] labels) = options.Calibrate || options.AbstainPrecision is not null ? score() : ([], []);
        if (options.Calibrate)
        {
            rule = DecisionRule.FitTemperature(scores, labels);
            info($"Calibrated on {scores.Length} validation images: temperature {rule.Temperature:g4}.");
        }
        if (options.ExpectedClassShares is { } expected && TrainingShares.Length > 0)
            rule = rule.ForClassShares(TrainingShares, [.. classes.Select(c => (double)expected[c])]);
        else if (options.ExpectedClassShares is not null)
            warn("Probabilities are not corrected for ExpectedClassShares: a class has no training images.");
        if (options.AbstainPrecision is not { } precision)
            return rule;
        try
        {
            rule = rule.WithAbstention(precision, scores, labels);
            info($"Answers with a confidence below {rule.AbstainBelow:g4} are left out, for a precision of {precision:g3}.");
        }
        catch (InvalidOperationException e)
        {
            warn($"{e.Message} There are answers to all images.");
        }
        return rule;
    }

    private static double[] Shares(int classes, IReadOnlyList<int> labels, LossWeights? weights)
    {
        var shares = new double[classes];
        foreach (int label in labels)
            shares[label] += weights?.Values[label] ?? 1;
        double sum = shares.Sum();
        return shares.All(s => s > 0) ? Array.ConvertAll(shares, s => s / sum) : [];
    }
}
