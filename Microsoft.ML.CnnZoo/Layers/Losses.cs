using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Layers;

/// <summary>Losses: scalars that training minimizes, each the mean over the batch.</summary>
internal static class Losses
{
    /// <summary>Softmax cross-entropy: the mean of −Σ target·ln softmax(logits).</summary>
    /// <param name="g">The graph.</param>
    /// <param name="logits">[N,K].</param>
    /// <param name="labels">[N], Int32, 0 ≤ label &lt; K.</param>
    /// <param name="name">Scope.</param>
    /// <param name="labelSmoothing">e in [0,1): the target is (1 − e)·one-hot + e/K over all K classes. Szegedy et al.
    /// 2015, arXiv:1512.00567, §7.</param>
    /// <returns>Scalar.</returns>
    public static NodeOutput SoftmaxCrossEntropy(this GraphBuilder g, NodeOutput logits, NodeOutput labels, string name,
        float labelSmoothing = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(labelSmoothing);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(labelSmoothing, 1);
        using (g.Scope(name))
        {
            if (labelSmoothing == 0)
                return g.BatchMean(g.AddNode("SparseSoftmaxCrossEntropyWithLogits", [logits, labels],
                    name: "SparseSoftmaxCrossEntropyWithLogits").Output());
            float off = labelSmoothing / logits.Channels;
            NodeOutput targets = g.OneHot(labels, logits.Channels, 1 - labelSmoothing + off, off);
            return g.BatchMean(g.AddNode("SoftmaxCrossEntropyWithLogits", [logits, targets],
                name: "SoftmaxCrossEntropyWithLogits").Output());
        }
    }

    /// <summary>
    /// The mean penalty of the right class. LeCun et al. 1998, equation 8; only for fixed codes; trained ones would
    /// collapse.
    /// </summary>
    /// <param name="g">The graph.</param>
    /// <param name="penalties">RBF outputs [N,K].</param>
    /// <param name="labels">[N], Int32.</param>
    /// <param name="name">Scope.</param>
    /// <returns>Scalar.</returns>
    public static NodeOutput RbfMse(this GraphBuilder g, NodeOutput penalties, NodeOutput labels, string name)
    {
        using (g.Scope(name))
        {
            NodeOutput chosen = g.AddNode("Mul", [penalties, g.OneHot(labels, penalties.Channels, 1, 0)],
                name: "Mul").Output();
            return g.BatchMean(g.AddNode("Sum", [chosen, g.Constant(TensorLiteral.Vector(1), "classes")],
                name: "Sum").Output());
        }
    }

    /// <summary>
    /// The discriminative (MAP) loss: the mean of y_label + ln(e^−j + Σᵢ e^−yᵢ). LeCun et al. 1998, equation 9.
    /// </summary>
    /// <remarks>
    /// Computed as the softmax cross-entropy of −y with one more class, never the label, of penalty j, so that it
    /// cannot overflow.
    /// </remarks>
    /// <param name="g">The graph.</param>
    /// <param name="penalties">RBF outputs [N,K].</param>
    /// <param name="labels">[N], Int32.</param>
    /// <param name="name">Scope.</param>
    /// <param name="rubbishPenalty">j &gt; 0: penalties of wrong classes that are already above it are not pushed
    /// further.</param>
    /// <returns>Scalar.</returns>
    public static NodeOutput RbfMap(this GraphBuilder g, NodeOutput penalties, NodeOutput labels, string name,
        float rubbishPenalty = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rubbishPenalty);
        using (g.Scope(name))
        {
            NodeOutput negative = g.AddNode("Neg", [penalties], name: "Neg").Output();
            NodeOutput paddings = g.Constant(TensorLiteral.Of<int>(new TensorShape(2, 2), [0, 0, 0, 1]), "paddings");
            NodeOutput logits = g.AddNode("PadV2",
                [negative, paddings, g.Constant(TensorLiteral.Scalar(-rubbishPenalty), "rubbish")],
                name: "PadV2").Output();
            return g.BatchMean(g.AddNode("SparseSoftmaxCrossEntropyWithLogits", [logits, labels],
                name: "SparseSoftmaxCrossEntropyWithLogits").Output());
        }
    }

    private static NodeOutput BatchMean(this GraphBuilder g, NodeOutput perImage) =>
        g.AddNode("Mean", [perImage, g.Constant(TensorLiteral.Vector(0), "batch")], name: "Mean").Output();

    private static NodeOutput OneHot(this GraphBuilder g, NodeOutput labels, int classes, float on, float off) =>
        g.AddNode("OneHot", [labels, g.Constant(TensorLiteral.Scalar(classes), "depth"),
            g.Constant(TensorLiteral.Scalar(on), "on"), g.Constant(TensorLiteral.Scalar(off), "off")],
            name: "OneHot").Output();
}
