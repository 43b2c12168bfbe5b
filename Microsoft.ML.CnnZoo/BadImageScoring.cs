namespace Microsoft.ML.CnnZoo;

/// <summary>What a trained network does about an image that is missing or cannot be decoded, when it scores.</summary>
public enum BadImageScoring
{
    /// <summary>
    /// The row's scores are NaN, its PredictedLabel is missing, and a warning with the row and the reason is logged.
    /// </summary>
    ScoreAsMissing,
    /// <summary>
    /// Asking for the row's scores throws <see cref="InvalidDataException"/> with the row and the reason.
    /// </summary>
    Throw,
}
