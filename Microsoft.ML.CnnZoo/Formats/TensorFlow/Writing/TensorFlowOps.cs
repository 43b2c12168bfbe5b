using System.Collections.Frozen;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Writing;

/// <summary>
/// The ops that exported graphs may hold, with the attributes that TensorFlow 2.3 knew: an older program refuses a node
/// that has another one, be it empty.
/// </summary>
internal static class TensorFlowOps
{
    private const string StridedSliceMasks = "begin_mask end_mask ellipsis_mask new_axis_mask shrink_axis_mask";

    private static readonly FrozenDictionary<string, string[]> Attributes = new Dictionary<string, string>
    {
        ["Placeholder"] = "dtype shape",
        ["Const"] = "dtype value",
        ["Conv2D"] = "T strides padding explicit_paddings dilations data_format use_cudnn_on_gpu",
        ["DepthwiseConv2dNative"] = "T strides padding dilations data_format",
        ["MaxPool"] = "T ksize strides padding data_format",
        ["AvgPool"] = "T ksize strides padding data_format",
        ["BiasAdd"] = "T data_format",
        ["FusedBatchNormV3"] = "T U epsilon data_format is_training",
        ["LRN"] = "T depth_radius bias alpha beta",
        ["MatMul"] = "T transpose_a transpose_b",
        ["LeakyRelu"] = "T alpha",
        ["AddN"] = "T N",
        ["ConcatV2"] = "T N Tidx",
        ["Slice"] = "T Index",
        ["StridedSlice"] = $"T Index {StridedSliceMasks}",
        ["Pad"] = "T Tpaddings",
        ["PadV2"] = "T Tpaddings",
        ["MirrorPad"] = "T Tpaddings mode",
        ["Reshape"] = "T Tshape",
        ["Squeeze"] = "T squeeze_dims",
        ["ExpandDims"] = "T Tdim",
        ["Transpose"] = "T Tperm",
        ["Tile"] = "T Tmultiples",
        ["BroadcastTo"] = "T Tidx",
        ["ReverseV2"] = "T Tidx",
        ["Shape"] = "T out_type",
        ["Cast"] = "SrcT DstT Truncate",
        ["ArgMax"] = "T Tidx output_type",
        ["Mean"] = "T Tidx keep_dims",
        ["Sum"] = "T Tidx keep_dims",
        ["Max"] = "T Tidx keep_dims",
        ["Min"] = "T Tidx keep_dims",
    }
    .Concat(new[]
    {
        "Abs", "AddV2", "Elu", "Erf", "Exp", "Floor", "GreaterEqual", "Identity", "Log", "LogSoftmax", "Maximum",
        "Minimum", "Mul", "Neg", "Pow", "RealDiv", "Relu", "Relu6", "Rsqrt", "Selu", "SelectV2", "Sigmoid", "Sign",
        "Softmax", "Softplus", "Softsign", "Sqrt", "Square", "SquaredDifference", "Sub", "Tanh",
    }.Select(op => KeyValuePair.Create(op, "T")))
    .ToFrozenDictionary(p => p.Key, p => p.Value.Split(' '), StringComparer.Ordinal);

    /// <summary>
    /// The attributes of a node that TensorFlow 2.3 knew. Null where it did not know the op, or where another attribute
    /// is not at its default.
    /// </summary>
    public static IEnumerable<string>? Known(NodeDef node) => Attributes.TryGetValue(node.Op, out string[]? known)
        && node.Attributes.All(a => known.Contains(a.Key) || IsDefault(node, a)) ? known : null;

    private static bool IsDefault(NodeDef node, KeyValuePair<string, AttributeValue> attribute)
    {
        AttributeSpec? spec = node.Definition.Attributes.FirstOrDefault(a => a.Name == attribute.Key);
        return spec is null || attribute.Value.Equals(spec.Default); // an annotation, or nothing said
    }
}
