using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// Cross-entropy of softmax against the labels. With smoothing e the target is (1-e)·onehot + e/K over all K classes:
/// Szegedy et al. 2015, arXiv:1512.00567, section 7.
/// </summary>
/// <remarks>With class weights, smoothed targets weigh as the class that they are for, as in PyTorch.</remarks>
/// <param name="LabelSmoothing">e, in [0, 1); default 0.</param>
public sealed record SoftmaxCrossEntropyLoss(float LabelSmoothing = 0) : ClassificationLoss
{
    internal override void Check() =>
        OptionRange.RequireShare(LabelSmoothing, "SoftmaxCrossEntropyLoss.LabelSmoothing");

    /// <inheritdoc/>
    protected override TensorExpression PerImage(LossInputs inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        if (LabelSmoothing == 0)
            return inputs.WithLabels("SparseSoftmaxCrossEntropyWithLogits", inputs.Outputs);
        GraphBuilder g = inputs.Graph;
        return inputs.Of(g.AddNode("SoftmaxCrossEntropyWithLogits", [inputs.Outputs.In(g), Smoothed(inputs).In(g)])
            .Output());
    }

    private protected override TensorExpression WeightedPerImage(LossInputs inputs, LossWeights weights) =>
        LabelSmoothing == 0 ? base.WeightedPerImage(inputs, weights)
            : -(Smoothed(inputs) * inputs.Row(weights) * inputs.Outputs.LogSoftmax()).SumOverLast();

    private TensorExpression Smoothed(LossInputs inputs)
    {
        float off = LabelSmoothing / inputs.Classes;
        return inputs.TargetsOf(1 - LabelSmoothing + off, off);
    }
}

/// <summary>
/// -α · (1 - p)^γ · ln p, where p is the probability of the right class: images that are classified well already count
/// little. Lin et al. 2017, arXiv:1708.02002, equation 5, with softmax in place of the sigmoid.
/// </summary>
/// <param name="Gamma">γ, ≥ 0: 0 is cross-entropy; default 2, the paper's.</param>
/// <param name="Alpha">α, > 0; default 1. The paper's 0.25 is for one class against the background: for classes of
/// different frequency set the option ClassWeights.</param>
public sealed record FocalLoss(float Gamma = 2, float Alpha = 1) : ClassificationLoss
{
    /// <summary>1 - p is at least this: the slope of its power has no bound at 0 where γ is below 1.</summary>
    private const float LeastDoubt = 1e-7f;

    internal override void Check()
    {
        OptionRange.RequireNotNegative(Gamma, "FocalLoss.Gamma");
        OptionRange.RequirePositive(Alpha, "FocalLoss.Alpha");
    }

    /// <inheritdoc/>
    protected override TensorExpression PerImage(LossInputs inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        TensorExpression crossEntropy = inputs.WithLabels("SparseSoftmaxCrossEntropyWithLogits", inputs.Outputs);
        TensorExpression doubt = TensorExpression.Max(1 - (-crossEntropy).Exp(), LeastDoubt);
        return Alpha * doubt.Pow(Gamma) * crossEntropy;
    }
}
