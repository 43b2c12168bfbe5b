using Microsoft.ML.CnnZoo.MLNet;
using Microsoft.ML.Data;

namespace Microsoft.ML.CnnZoo;

public sealed partial class CnnClassificationTransformer
{
    /// <summary>
    /// What becomes of the network's probabilities before they are given out; part of the saved model. It may be set while
    /// other threads score: a row is scored by the old rule or by the new one.
    /// </summary>
    /// <exception cref="ArgumentException">A value is out of its range, or not of as many classes.</exception>
    public DecisionRule Decision
    {
        get => Model.Decision;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            value.Check(Model.Classes);
            Model.Decision = value;
        }
    }

    /// <summary>
    /// Fits <see cref="Decision"/> to images that were not trained on: the temperature that makes probabilities as sure as
    /// they are right and, on request, the confidence below which there is no answer. Class factors stay.
    /// </summary>
    /// <param name="validation">Labeled images, with the column <see cref="FeatureColumnName"/>; some hundreds or more.</param>
    /// <param name="labelColumnName">The label: a key with the classes that the network was trained on.</param>
    /// <param name="abstainPrecision">How often answers shall be right, 0…1; null: there is always an answer.</param>
    /// <remarks>While it runs, other threads are given probabilities as the network has them.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of the wrong type, or its keys stand for other
    /// classes.</exception>
    /// <exception cref="InvalidOperationException">No rows can be scored, or no threshold gives this precision.</exception>
    public void Calibrate(IDataView validation, string labelColumnName = DefaultColumnNames.Label,
        double? abstainPrecision = null)
    {
        ArgumentNullException.ThrowIfNull(validation);
        DecisionRule before = Decision;
        Decision = DecisionRule.None;
        try
        {
            (List<float[]> scores, List<int> labels) = ScoredLabels.Read(this, validation, labelColumnName);
            DecisionRule fitted = before with
            {
                Temperature = DecisionRule.FitTemperature(scores, labels).Temperature, AbstainBelow = 0,
            };
            before = abstainPrecision is { } precision ? fitted.WithAbstention(precision, scores, labels) : fitted;
        }
        finally
        {
            Decision = before;
        }
    }
}
