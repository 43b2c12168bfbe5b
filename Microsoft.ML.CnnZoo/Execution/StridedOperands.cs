using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Execution;

/// <summary>
/// Which operands of which ops may be a range of channels of a larger tensor: rows (pixels) that lie apart. The kernels of every backend whose factories say
/// <see cref="IKernelFactory.HonorsPitches"/> keep to this table; every other operand is dense.
/// </summary>
internal static class StridedOperands
{
    private const int Image = 0, GradientImage = 1, Result = 1, NormResult = 7, SideOutput = 5;

    /// <summary>Whether an input may be such a range.</summary>
    /// <param name="node">The node that reads it.</param>
    /// <param name="input">Index of the input.</param>
    public static bool Reads(NodeDef node, int input) => node.Op switch
    {
        "ConcatV2" => input < node.Inputs.Count - 1,
        "FusedBatchNormV3" or "_FusedBatchNormEx" => input == Image,
        "Slice" => input == 0,
        "AddN" or "AddV2" => true,
        // Not dy: batch norms' and ReLU's gradients work in place on a dense one, which is faster than to read another's channels twice (GoogLeNet's: 66 ms to 79).
        "FusedBatchNormGradV3" => input == GradientImage,
        // What the ReLU let through follows from x where nothing is added before it: the result is not read.
        "_FusedBatchNormGradEx" => input == GradientImage || (input == NormResult && node.Outputs.Count <= SideOutput),
        "ReluGrad" or "Relu6Grad" or "MaxPoolGrad" => input == Result,
        _ => false,
    };

    /// <summary>Whether an output may be such a range.</summary>
    /// <param name="node">The node that computes it.</param>
    /// <param name="output">Index of the output.</param>
    public static bool Writes(NodeDef node, int output) => output == 0 && node.Op switch
    {
        "Slice" or "Conv2D" or "MaxPool" or "AvgPool" or "FusedBatchNormV3" or "_FusedBatchNormEx" => true,
        // The side tensor of a sum has the result's memory where it can: it is dense.
        "_FusedConv2D" => !node.Attributes["fused_ops"].Strings.Contains("Add"),
        "ConcatV2" => IsOfChannels(node),
        _ => false,
    };

    /// <summary>Whether a node joins images along their channels.</summary>
    internal static bool IsOfChannels(NodeDef node) => node.Op == "ConcatV2" && node.Outputs[0].Shape.Rank == 4 && node.ConstantInput(node.Inputs.Count - 1)[0] is 3 or -1;

    /// <summary>The first channel that a node takes out of images with all their pixels, or null if it does something else.</summary>
    internal static int? FirstChannel(NodeDef node) => node.Op == "Slice" && node.Outputs[0].Shape is { Rank: 4 } shape && shape.Equals(node.Inputs[0].Shape.With(3, shape[3]))
        ? (int)node.ConstantInput(1)[3] : null;
}
