namespace Microsoft.ML.CnnZoo;

/// <summary>The rows of some confidence, for a reliability diagram.</summary>
/// <param name="From">Least confidence in the bin.</param>
/// <param name="To">Confidence at which the next bin begins; the last bin holds 1 as well.</param>
/// <param name="Count">Rows in it.</param>
/// <param name="Confidence">Mean probability of the predicted class; NaN where there are no rows.</param>
/// <param name="Accuracy">Share of right ones; NaN where there are no rows.</param>
public sealed record ReliabilityBin(double From, double To, int Count, double Confidence, double Accuracy)
{
    /// <summary>|accuracy − confidence|; 0 where there are no rows.</summary>
    public double Gap => Count == 0 ? 0 : Math.Abs(Accuracy - Confidence);
}
