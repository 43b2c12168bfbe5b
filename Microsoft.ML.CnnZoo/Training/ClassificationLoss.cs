using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Layers;
using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo;

/// <summary>The loss that training minimizes: a mean over the batch, written as graph ops.</summary>
public abstract record ClassificationLoss
{
    /// <summary>Mean of -ln softmax(logits)[label].</summary>
    public static ClassificationLoss SoftmaxCrossEntropy { get; } = new SoftmaxCrossEntropyLoss();

    /// <summary>Adds the loss.</summary>
    /// <param name="g">The training graph.</param>
    /// <param name="outputs">The network's outputs [batch, classes].</param>
    /// <param name="labels">Class numbers [batch], Int32.</param>
    /// <param name="name">Scope of its nodes.</param>
    /// <returns>A scalar.</returns>
    internal abstract NodeOutput Build(GraphBuilder g, NodeOutput outputs, NodeOutput labels, string name);

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal virtual void Check() { }

    /// <summary>The kind of outputs that it is made for.</summary>
    internal virtual OutputKind Outputs => OutputKind.Softmax;

    /// <summary>The loss that an architecture is trained with unless another is chosen.</summary>
    internal static ClassificationLoss For(CnnArchitecture architecture) =>
        architecture.Output == OutputKind.RbfPenalty ? new RbfMaximumAPosterioriLoss()
        : architecture.LabelSmoothing > 0 ? new SoftmaxCrossEntropyLoss(architecture.LabelSmoothing)
            : SoftmaxCrossEntropy;
}

/// <summary>
/// Cross-entropy of softmax against the labels. With smoothing e the target is (1-e)·onehot + e/K over all K classes:
/// Szegedy et al. 2015, arXiv:1512.00567, section 7.
/// </summary>
/// <param name="LabelSmoothing">e, in [0, 1); default 0.</param>
public sealed record SoftmaxCrossEntropyLoss(float LabelSmoothing = 0) : ClassificationLoss
{
    internal override void Check() =>
        OptionRange.RequireShare(LabelSmoothing, "SoftmaxCrossEntropyLoss.LabelSmoothing");
    internal override NodeOutput Build(GraphBuilder g, NodeOutput outputs, NodeOutput labels, string name) =>
        g.SoftmaxCrossEntropy(outputs, labels, name, LabelSmoothing);
}

/// <summary>
/// Mean of y[label], the penalty of the right class's RBF unit: LeCun et al. 1998, equation 8. The outputs are
/// distances; the smallest wins.
/// </summary>
public sealed record RbfMeanSquaredErrorLoss : ClassificationLoss
{
    internal override OutputKind Outputs => OutputKind.RbfPenalty;
    internal override NodeOutput Build(GraphBuilder g, NodeOutput outputs, NodeOutput labels, string name) =>
        g.RbfMse(outputs, labels, name);
}

/// <summary>
/// Mean of y[label] + ln(e^-j + Σᵢ e^-y[i]): LeCun et al. 1998, equation 9 (maximum a posteriori). Pulls the right
/// class down and pushes the others up; j keeps classes that are far away already from being pushed further.
/// </summary>
/// <param name="RubbishPenalty">j, > 0; default 1.</param>
public sealed record RbfMaximumAPosterioriLoss(float RubbishPenalty = 1) : ClassificationLoss
{
    internal override void Check() =>
        OptionRange.RequirePositive(RubbishPenalty, "RbfMaximumAPosterioriLoss.RubbishPenalty");
    internal override OutputKind Outputs => OutputKind.RbfPenalty;
    internal override NodeOutput Build(GraphBuilder g, NodeOutput outputs, NodeOutput labels, string name) =>
        g.RbfMap(outputs, labels, name, RubbishPenalty);
}
