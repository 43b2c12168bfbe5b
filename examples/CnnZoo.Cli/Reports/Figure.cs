using System.Globalization;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli.Reports;

/// <summary>A figure of a report.</summary>
/// <param name="Key">Its name in JSON.</param>
/// <param name="Name">Its name for people.</param>
/// <param name="Hint">What it is.</param>
/// <param name="IsShare">Whether it is shown in percent.</param>
/// <param name="Read">Its value.</param>
/// <param name="Interval">Its bootstrap interval, where there is one.</param>
internal sealed record Figure(string Key, string Name, string Hint, bool IsShare, Func<ClassificationReport, double> Read,
    Func<ReportIntervals, ConfidenceInterval>? Interval = null)
{
    private static readonly int[] TopKs = [2, 3, 5];

    /// <summary>All figures of a report with some number of classes.</summary>
    public static IReadOnlyList<Figure> All(int classes) =>
    [
        new("accuracy", "Accuracy", "share of images that are taken for what they are", true, r => r.Accuracy, i => i.Accuracy),
        new("macroAccuracy", "Balanced accuracy", "mean recall of the classes", true, r => r.MacroAccuracy, i => i.MacroAccuracy),
        .. TopKs.Where(k => k < classes).Select(k => new Figure($"top{k}Accuracy", $"Top-{k} accuracy",
            $"share of images whose class is among the {k} most probable", true, r => r.TopKAccuracy(k))),
        new("macroF1", "Macro F1", "mean F1 of the classes", true, r => r.MacroF1, i => i.MacroF1),
        new("weightedF1", "Weighted F1", "mean F1, classes weighted by their images", true, r => r.WeightedF1),
        new("macroPrecision", "Macro precision", "mean precision of the classes", true, r => r.MacroPrecision),
        new("weightedPrecision", "Weighted precision", "mean precision, classes weighted by their images", true,
            r => r.WeightedPrecision),
        new("macroAuc", "AUC", "area under the ROC curves, each class against all others", false, r => r.MacroAuc),
        new("kappa", "Cohen's kappa", "agreement beyond chance: 1 is perfect, 0 chance", false, r => r.Kappa),
        new("mcc", "Matthews correlation", "1 is perfect, 0 chance", false, r => r.MatthewsCorrelation),
        new("logLoss", "Log-loss", "mean −ln p of the true class; less is better", false, r => r.LogLoss, i => i.LogLoss),
        new("logLossReduction", "Log-loss reduction", "gain over giving the classes' shares: 1 is perfect", false,
            r => r.LogLossReduction),
        new("brierScore", "Brier score", "squared error of the probabilities, 0 to 2; less is better", false,
            r => r.BrierScore, i => i.BrierScore),
        new("expectedCalibrationError", "Calibration error", "mean distance between confidence and accuracy (ECE, 15 bins)", true,
            r => r.ExpectedCalibrationError, i => i.ExpectedCalibrationError),
        new("maximumCalibrationError", "Largest calibration error", "of the 15 bins (MCE)", true, r => r.MaximumCalibrationError),
        new("temperature", "Temperature", "that would make the log-loss least: above 1 the model is too sure", false,
            r => r.Temperature),
        new("logLossAtTemperature", "Log-loss at this temperature", "what calibrating would bring, at best", false,
            r => r.LogLossAtTemperature),
        new("areaUnderRiskCoverage", "Risk–coverage area", "mean error rate over all coverages; less is better", false,
            r => r.AreaUnderRiskCoverage),
    ];

    /// <summary>A value for people.</summary>
    public string Show(double value) => IsShare ? Percent(value) : Number(value);

    /// <summary>A share in percent.</summary>
    public static string Percent(double value) =>
        double.IsFinite(value) ? string.Create(CultureInfo.InvariantCulture, $"{100 * value:F1}\u00A0%") : "–";

    /// <summary>A number with three digits behind the point.</summary>
    public static string Number(double value) =>
        double.IsFinite(value) ? value.ToString("F3", CultureInfo.InvariantCulture) : "–";

    /// <summary>All digits of a number, for programs.</summary>
    public static string Exact(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
