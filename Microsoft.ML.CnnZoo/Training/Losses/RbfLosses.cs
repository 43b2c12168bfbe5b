using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// Mean of y[label], the penalty of the right class's RBF unit: LeCun et al. 1998, equation 8. The outputs are
/// distances; the smallest wins.
/// </summary>
/// <remarks>Only for codes that are fixed: trained ones would collapse.</remarks>
public sealed record RbfMeanSquaredErrorLoss : ClassificationLoss
{
    internal override OutputKind Outputs => OutputKind.RbfPenalty;

    /// <inheritdoc/>
    protected override TensorExpression PerImage(LossInputs inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        return (inputs.Outputs * inputs.Targets).SumOverLast();
    }
}

/// <summary>
/// Mean of y[label] + ln(e^-j + Σᵢ e^-y[i]): LeCun et al. 1998, equation 9 (maximum a posteriori). Pulls the right
/// class down and pushes the others up; j keeps classes that are far away already from being pushed further.
/// </summary>
/// <remarks>
/// Computed as the softmax cross-entropy of -y with one more class, never the label, of penalty j, so that it cannot
/// overflow.
/// </remarks>
/// <param name="RubbishPenalty">j, > 0; default 1.</param>
public sealed record RbfMaximumAPosterioriLoss(float RubbishPenalty = 1) : ClassificationLoss
{
    internal override void Check() =>
        OptionRange.RequirePositive(RubbishPenalty, "RbfMaximumAPosterioriLoss.RubbishPenalty");
    internal override OutputKind Outputs => OutputKind.RbfPenalty;

    /// <inheritdoc/>
    protected override TensorExpression PerImage(LossInputs inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        GraphBuilder g = inputs.Graph;
        NodeOutput paddings = g.Constant(TensorLiteral.Of<int>(new TensorShape(2, 2), [0, 0, 0, 1]));
        NodeOutput logits = g.AddNode("PadV2",
            [(-inputs.Outputs).In(g), paddings, g.Constant(TensorLiteral.Scalar(-RubbishPenalty))]).Output();
        return inputs.WithLabels("SparseSoftmaxCrossEntropyWithLogits", inputs.Of(logits));
    }
}
