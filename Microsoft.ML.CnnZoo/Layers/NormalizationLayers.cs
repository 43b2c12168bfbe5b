using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Layers;

/// <summary>Normalization.</summary>
internal static class NormalizationLayers
{
    /// <summary>Batch normalization per channel. Ioffe, Szegedy 2015, arXiv:1502.03167.</summary>
    /// <remarks>
    /// Variables <c>name/gamma</c>, <c>name/beta</c>, <c>name/moving_mean</c>, <c>name/moving_variance</c>, all [C].
    /// Training: the batch's statistics, and the running ones move by running·momentum + batch·(1 − momentum) with the
    /// unbiased batch variance (registered by <see cref="GraphBuilder.AddUpdate"/>). Inference: the running statistics.
    /// </remarks>
    /// <param name="g">The graph.</param>
    /// <param name="x">Image [N,H,W,C].</param>
    /// <param name="name">The layer's scope.</param>
    /// <param name="epsilon">Added to the variance: 1e-5 (ResNet, PyTorch) or 1e-3 (Inception, Keras).</param>
    /// <param name="momentum">Share of the old statistics kept per step, as in TensorFlow: 1 − PyTorch's
    /// momentum.</param>
    /// <param name="gammaInitializer">Gamma's initializer; ones by default.</param>
    /// <returns>[N,H,W,C].</returns>
    public static NodeOutput BatchNormalization(this GraphBuilder g, NodeOutput x, string name, float epsilon = 1e-5f,
        float momentum = 0.9f, Initializer? gammaInitializer = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(momentum);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(momentum, 1);
        using (g.Scope(name))
        {
            bool training = g.Mode == GraphMode.Training && !g.Frozen.Contains(g.FullName("moving_mean"));
            var shape = new TensorShape(x.Channels);
            NodeOutput gamma = g.Variable("gamma", DataType.Float, shape, VariableRole.Normalization,
                gammaInitializer ?? Initializer.Ones);
            NodeOutput beta = g.Variable("beta", DataType.Float, shape, VariableRole.Normalization, Initializer.Zeros);
            NodeOutput mean = g.Variable("moving_mean", DataType.Float, shape, VariableRole.Statistic,
                Initializer.Zeros);
            NodeOutput variance = g.Variable("moving_variance", DataType.Float, shape, VariableRole.Statistic,
                Initializer.Ones);
            NodeDef node = g.AddNode("FusedBatchNormV3", [x, gamma, beta, mean, variance],
            [
                new("epsilon", AttributeValue.Of(epsilon)), new("is_training", AttributeValue.Of(training)),
                new("exponential_avg_factor", AttributeValue.Of(training ? 1 - momentum : 1f)),
            ], "FusedBatchNormV3");
            if (training)
                g.AddStatisticsUpdates(node, mean, variance);
            return node.Output();
        }
    }

    /// <summary>Has every training step move the running statistics to those that a batch norm gives.</summary>
    /// <param name="g">The graph.</param>
    /// <param name="norm">A <c>FusedBatchNormV3</c> in training mode.</param>
    /// <param name="mean">The variable of the running mean, as read.</param>
    /// <param name="variance">The variable of the running variance, as read.</param>
    public static void AddStatisticsUpdates(this GraphBuilder g, NodeDef norm, NodeOutput mean, NodeOutput variance)
    {
        g.AddUpdate(g.AddNode("AssignVariableOp", [mean.Node.Inputs[0], norm.Output(1)], name: "update_mean"));
        g.AddUpdate(g.AddNode("AssignVariableOp", [variance.Node.Inputs[0], norm.Output(2)], name: "update_variance"));
    }

    /// <summary>
    /// Local response normalization across channels: x/(k + alpha·Σx²)^beta over n neighboring channels. Krizhevsky et
    /// al. 2012, §3.3.
    /// </summary>
    /// <param name="g">The graph.</param>
    /// <param name="x">Image [N,H,W,C].</param>
    /// <param name="size">n: channels in the window, odd; TensorFlow's <c>depth_radius</c> is (n − 1)/2.</param>
    /// <param name="k">TensorFlow's <c>bias</c>; 2 in AlexNet.</param>
    /// <param name="alpha">Not divided by n, as in the paper and TensorFlow; PyTorch and Caffe divide.</param>
    /// <param name="beta">0.75 in AlexNet.</param>
    /// <param name="name">The layer's scope.</param>
    /// <returns>[N,H,W,C].</returns>
    public static NodeOutput LocalResponseNormalization(this GraphBuilder g, NodeOutput x, int size, float k,
        float alpha, float beta, string name)
    {
        if (size < 1 || size % 2 == 0)
            throw new ArgumentOutOfRangeException(nameof(size), size, "The window must be an odd number of channels.");
        using (g.Scope(name))
            return g.AddNode("LRN", [x],
            [
                new("depth_radius", AttributeValue.Of((long)(size / 2))), new("bias", AttributeValue.Of(k)),
                new("alpha", AttributeValue.Of(alpha)), new("beta", AttributeValue.Of(beta)),
            ], "LRN").Output();
    }
}
