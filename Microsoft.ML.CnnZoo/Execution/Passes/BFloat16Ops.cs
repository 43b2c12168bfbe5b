using System.Collections.Frozen;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Execution.Passes;

/// <summary>What each op does in a bfloat16 plan; ops not named here stay float32.</summary>
internal static class BFloat16Ops
{
    // Of fused batch norms: the tensor that is added, its gradient, and the forward step's result.
    private const int SideInput = 5, SideOutput = 5, ResultInput = 7;

    /// <summary>The work of a network: in bfloat16 always.</summary>
    private static readonly FrozenSet<string> Computing = FrozenSet.Create(StringComparer.Ordinal,
        "Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter", "DepthwiseConv2dNative", "DepthwiseConv2dNativeBackpropInput", "DepthwiseConv2dNativeBackpropFilter",
        "_FusedConv2D", "_FusedDepthwiseConv2dNative", "MatMul", "_FusedMatMul", "MaxPool", "MaxPoolGrad", "AvgPool", "AvgPoolGrad", "LRN", "LRNGrad", "FusedBatchNormV3", "FusedBatchNormGradV3",
        "_FusedBatchNormEx", "_FusedBatchNormGradEx");

    /// <summary>In bfloat16 where an operand is.</summary>
    private static readonly FrozenSet<string> Following = FrozenSet.Create(StringComparer.Ordinal,
        "AddN", "AddV2", "Sub", "Mul", "Neg", "Maximum", "Minimum", "SelectV2", "Relu", "ReluGrad", "Relu6", "Relu6Grad", "Tanh", "TanhGrad", "Sigmoid", "SigmoidGrad",
        "BiasAdd", "BiasAddGrad", "Sum", "Mean", "ConcatV2", "Slice", "StridedSlice", "StridedSliceGrad", "Pad", "PadV2", "BroadcastTo", "Tile", "Transpose",
        "Reshape", "Squeeze", "ExpandDims", "Identity", "StopGradient");

    /// <summary>Sums of many terms, which can be given in float32 as they are computed.</summary>
    private static readonly FrozenSet<string> Summing = FrozenSet.Create(StringComparer.Ordinal,
        "Conv2DBackpropFilter", "DepthwiseConv2dNativeBackpropFilter", "MatMul", "_FusedMatMul", "BiasAddGrad", "Sum", "Mean");

    public static bool Computes(NodeDef node) => Computing.Contains(node.Op) && node.Outputs[0].Type == DataType.Float;

    public static bool Follows(NodeDef node) => Following.Contains(node.Op) && node.Outputs[0].Type == DataType.Float;

    /// <summary>Whether an output of such a node is an activation or its gradient; the others are statistics and gradients of parameters.</summary>
    public static bool Gives(NodeDef node, int port) => port == 0 || (port == SideOutput && node.Op == "_FusedBatchNormGradEx");

    public static bool MayKeepFloat(NodeDef node) => Summing.Contains(node.Op);

    /// <summary>Whether a node that computes in bfloat16 reads an input so: all floats, but batch normalization's scale, offset and statistics.</summary>
    public static bool Takes(NodeDef node, int input) => node.Inputs[input].Type == DataType.Float && node.Op switch
    {
        "FusedBatchNormV3" or "_FusedBatchNormEx" => input is 0 or SideInput,
        "FusedBatchNormGradV3" or "_FusedBatchNormGradEx" => input is 0 or 1 or ResultInput,
        _ => Computing.Contains(node.Op) || Following.Contains(node.Op),
    };

    /// <summary>Whether a node, if it computes in bfloat16, reads a tensor so.</summary>
    public static bool Takes(NodeDef node, NodeOutput tensor)
    {
        for (int i = 0; i < node.Inputs.Count; i++)
            if (node.Inputs[i] == tensor && Takes(node, i))
                return true;
        return false;
    }
}
