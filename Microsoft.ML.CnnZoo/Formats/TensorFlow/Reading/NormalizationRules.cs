using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Reading;

/// <summary>Batch norms as single ops, and local response normalization.</summary>
internal static class NormalizationRules
{
    public static Dictionary<string, LoweringRule> Rules { get; } = new(StringComparer.Ordinal)
    {
        ["FusedBatchNorm"] = Fused, ["FusedBatchNormV2"] = Fused, ["FusedBatchNormV3"] = Fused,
        ["_FusedBatchNormEx"] = FusedWithActivation,
        ["BatchNormWithGlobalNormalization"] = WithGlobalNormalization,
        ["LRN"] = ResponseNormalization,
    };

    /// <summary>A batch norm with given statistics.</summary>
    public static Value BatchNorm(NodeContext c, NodeOutput x, ConstantValue?[] statistics, float epsilon)
    {
        string[] roles = ["gamma", "beta", "mean", "variance"];
        NodeOutput[] inputs = [x, .. statistics.Select((s, i) => s is null
            ? c.Literal(roles[i], BatchNormPattern.Filled(x.Channels, 1))
            : c.Lowering.Constant(s.Reshape(new TensorShape(s.Count))))];
        return c.Emit("FusedBatchNormV3", inputs, new("epsilon", AttributeValue.Of(epsilon)),
            new("is_training", AttributeValue.Of(false)));
    }

    private static Value[] Fused(NodeContext c)
    {
        c.RequireChannelsLast();
        if (c.Flag("is_training", true))
            throw new GraphException("it normalizes by each batch's own statistics: the graph is in training mode");
        return [BatchNorm(c, c.Tensor(0), [c.Constant(1), c.Constant(2), c.Constant(3), c.Constant(4)],
            c.Float("epsilon", 0.0001f))];
    }

    private static Value[] FusedWithActivation(NodeContext c)
    {
        Value y = Fused(c)[0];
        if (c.Int("num_side_inputs", 0) > 0)
            y = ElementwiseRules.Sum(c, y, c.Input(5));
        string mode = c.Text("activation_mode", "Identity");
        return [mode == "Identity" ? y : ElementwiseRules.Activate(c, mode, c.Tensor(y))];
    }

    /// <summary>Inputs t, m, v, beta, gamma.</summary>
    private static Value[] WithGlobalNormalization(NodeContext c) =>
        [BatchNorm(c, c.Tensor(0), [c.Flag("scale_after_normalization") ? c.Constant(4) : null, c.Constant(3),
            c.Constant(1), c.Constant(2)], c.Float("variance_epsilon", 0))];

    private static Value[] ResponseNormalization(NodeContext c) =>
    [
        c.Emit("LRN", [c.Tensor(0)], new("depth_radius", AttributeValue.Of(c.Int("depth_radius", 5))),
            new("bias", AttributeValue.Of(c.Float("bias", 1))), new("alpha", AttributeValue.Of(c.Float("alpha", 1))),
            new("beta", AttributeValue.Of(c.Float("beta", 0.5f)))),
    ];
}
