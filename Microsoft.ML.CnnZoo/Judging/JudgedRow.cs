namespace Microsoft.ML.CnnZoo;

/// <summary>What a classifier said of one row, beside the truth.</summary>
/// <param name="Row">Number of the row, from 0.</param>
/// <param name="Label">Its true class, from 0.</param>
/// <param name="Predicted">The most probable class, from 0; of equal ones the first.</param>
/// <param name="Confidence">Probability of the predicted class.</param>
/// <param name="LabelProbability">Probability of the true class.</param>
public sealed record JudgedRow(int Row, int Label, int Predicted, double Confidence, double LabelProbability)
{
    /// <summary>Whether the predicted class is the true one.</summary>
    public bool IsCorrect => Label == Predicted;
}
