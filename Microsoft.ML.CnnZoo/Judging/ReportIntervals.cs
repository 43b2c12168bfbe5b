namespace Microsoft.ML.CnnZoo;

/// <summary>A range in which a figure lies, had other rows of the same kind been drawn.</summary>
/// <param name="Low">Its lower end.</param>
/// <param name="High">Its upper end.</param>
public readonly record struct ConfidenceInterval(double Low, double High);

/// <summary>Bootstrap intervals of the figures of a <see cref="ClassificationReport"/>.</summary>
/// <param name="Level">Share of the resamples that an interval holds, such as 0.95.</param>
/// <param name="Resamples">How often the rows were drawn anew, with replacement.</param>
/// <param name="Accuracy">Of <see cref="ClassificationReport.Accuracy"/>.</param>
/// <param name="MacroAccuracy">Of <see cref="ClassificationReport.MacroAccuracy"/>.</param>
/// <param name="MacroF1">Of <see cref="ClassificationReport.MacroF1"/>.</param>
/// <param name="LogLoss">Of <see cref="ClassificationReport.LogLoss"/>.</param>
/// <param name="BrierScore">Of <see cref="ClassificationReport.BrierScore"/>.</param>
/// <param name="ExpectedCalibrationError">
/// Of <see cref="ClassificationReport.ExpectedCalibrationError"/>; resampling adds noise to it, so the interval lies
/// somewhat high.
/// </param>
public sealed record ReportIntervals(double Level, int Resamples, ConfidenceInterval Accuracy,
    ConfidenceInterval MacroAccuracy, ConfidenceInterval MacroF1, ConfidenceInterval LogLoss,
    ConfidenceInterval BrierScore, ConfidenceInterval ExpectedCalibrationError);
