namespace Microsoft.ML.CnnZoo;

/// <summary>How well one class is told from the others.</summary>
/// <param name="Name">The class.</param>
/// <param name="Support">Rows that are of this class.</param>
/// <param name="Predicted">Rows that were taken for it.</param>
/// <param name="Correct">Rows of the class that were taken for it.</param>
/// <param name="LogLoss">Mean −ln p of the class over its rows; NaN where it has none.</param>
/// <param name="Auc">
/// Area under the ROC curve of the class against all others, 0…1; NaN where there are no rows of it, or no others.
/// </param>
public sealed record ClassFigures(string Name, int Support, int Predicted, int Correct, double LogLoss, double Auc)
{
    /// <summary>Share of the rows taken for the class that are of it; 0 where there are none.</summary>
    public double Precision => Predicted == 0 ? 0 : (double)Correct / Predicted;

    /// <summary>Share of the class's rows that were taken for it; 0 where there are none.</summary>
    public double Recall => Support == 0 ? 0 : (double)Correct / Support;

    /// <summary>Harmonic mean of precision and recall; 0 where both are 0.</summary>
    public double F1 => Support + Predicted == 0 ? 0 : 2.0 * Correct / (Support + Predicted);
}
