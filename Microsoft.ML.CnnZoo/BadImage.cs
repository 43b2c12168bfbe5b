namespace Microsoft.ML.CnnZoo;

/// <summary>An image that cannot be used.</summary>
/// <param name="Rows">What the rows are: "training", "validation" or "scoring".</param>
/// <param name="Row">Number of the row, from 0.</param>
/// <param name="Reason">What is wrong.</param>
internal sealed record BadImage(string Rows, long Row, string Reason)
{
    public const string TrainingRows = "training", ValidationRows = "validation", ScoringRows = "scoring";
}
