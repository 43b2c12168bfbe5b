using System.Globalization;
using Microsoft.ML.CnnZoo;
using static CnnZoo.Cli.Reports.Figure;

namespace CnnZoo.Cli.Reports;

/// <summary>What the figures of a report say, in sentences.</summary>
internal static class Findings
{
    private const double Calibrated = 0.02;

    /// <summary>The sentences, the most important first.</summary>
    public static IReadOnlyList<string> Of(ClassificationReport report, ReportIntervals intervals, DecisionFacts? decision) =>
        [.. new[]
        {
            Accuracy(report, intervals), Weakest(report), Confused(report), Confidence(report), Answers(decision),
        }.OfType<string>()];

    private static string Accuracy(ClassificationReport report, ReportIntervals intervals) => string.Create(
        CultureInfo.InvariantCulture, $"Right on {Percent(report.Accuracy)} of {report.Count:N0} images; with other images of the "
        + $"same kind it would be {Percent(intervals.Accuracy.Low)} to {Percent(intervals.Accuracy.High)} (95 % interval).");

    private static string? Weakest(ClassificationReport report) =>
        report.Classes.Where(c => c.Support > 0).MinBy(c => c.F1) is not { F1: < 1 } weakest ? null
            : $"The weakest class is {weakest.Name}: {Percent(weakest.Recall)} of its images are found, and "
                + $"{Percent(weakest.Precision)} of what is taken for it is right.";

    private static string? Confused(ClassificationReport report) => report.MostConfused(1) is not [var pair] ? null
        : $"Most often, {report.ClassNames[pair.Label]} is taken for {report.ClassNames[pair.Predicted]}: {pair.Count:N0} of "
            + $"{report.Classes[pair.Label].Support:N0} images.";

    private static string Confidence(ClassificationReport report)
    {
        double confidence = report.Rows.Average(r => r.Confidence);
        if (report.ExpectedCalibrationError < Calibrated)
            return $"Its confidence can be taken at its word: it is off by {Percent(report.ExpectedCalibrationError)} on average.";
        string what = confidence > report.Accuracy ? "too sure" : "not sure enough";
        string remedy = report.LogLossAtTemperature < 0.98 * report.LogLoss ? "; cnnzoo calibrate mends that" : "";
        return $"It is {what}: confident to {Percent(confidence)} on average, right in {Percent(report.Accuracy)}{remedy}.";
    }

    private static string? Answers(DecisionFacts? decision) => decision is not { AbstainBelow: > 0 } ? null
        : $"Below a confidence of {Percent(decision.AbstainBelow)} it gives no answer: it answers {Percent(decision.Coverage)} of the "
            + $"images, and {Percent(decision.AnsweredAccuracy)} of the answers are right.";
}
