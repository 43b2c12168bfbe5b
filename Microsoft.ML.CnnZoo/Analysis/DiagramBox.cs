using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Analysis;

/// <summary>A box of a network's diagram: a node, and the nodes after it that work on its result in place.</summary>
internal sealed class DiagramBox(int id, NodeDef first)
{
    private readonly List<NodeDef> _nodes = [first];

    /// <summary>Position in the diagram.</summary>
    public int Id { get; } = id;

    /// <summary>
    /// The scopes of the first node, outermost first; its own name where it has none.
    /// </summary>
    public string[] Path { get; } = ScopeOf(first).Split('/');

    /// <summary>Fill color by the kind of layer.</summary>
    public string Color => _nodes[0].Op switch
    {
        "Conv2D" or "_FusedConv2D" or "DepthwiseConv2dNative" => "#cfe2f3",
        "MatMul" or "_FusedMatMul" => "#d9ead3",
        "MaxPool" or "AvgPool" or "Mean" => "#fce5cd",
        "LRN" or "FusedBatchNormV3" => "#e6dff0",
        "AddV2" or "ConcatV2" => "#fff2cc",
        _ => "#ffffff",
    };

    /// <summary>What happens, in order: <c>Conv 7x7/2, BN, ReLU</c>.</summary>
    public string Operations
    {
        get
        {
            List<string> words = [.. _nodes.Select(Describe).OfType<string>()];
            return words.Count > 0 ? string.Join(", ", words) : _nodes[0].Op == "Placeholder" ? "" : _nodes[0].Op;
        }
    }

    /// <summary>
    /// Size of the result for one image: <c>56x56x64</c>, and <c>5x5x16 = 400</c> where it is flattened.
    /// </summary>
    public string Size
    {
        get
        {
            NodeDef? flatten = _nodes.Find(n => n.Op == "Reshape");
            string map = flatten is { Inputs: [{ Shape.Rank: 4 } x, ..] } && flatten != _nodes[0]
                ? $"{SizeOf(x.Shape)} = " : "";
            return map + SizeOf(_nodes[^1].Outputs[0].Shape);
        }
    }

    /// <summary>
    /// Appends a node if it continues this box: it reads nothing else, and belongs to the same scope or only changes
    /// values.
    /// </summary>
    public bool TryAppend(NodeDef node)
    {
        bool changesValues = node.Op is "BiasAdd" or "FusedBatchNormV3" or "Relu" or "Relu6" or "Tanh" or "Sigmoid"
            or "LeakyRelu" or "Elu" or "Selu" or "Softplus" or "Softsign" or "Mul" or "Softmax" or "Reshape"
            or "Squeeze" or "Identity";
        if (_nodes[0].Op == "Placeholder" || !(changesValues || ScopeOf(node) == ScopeOf(_nodes[^1])))
            return false;
        _nodes.Add(node);
        return true;
    }

    private static string SizeOf(TensorShape shape)
    {
        int[] dimensions = shape.Dimensions.ToArray();
        return string.Join('x', dimensions is [TensorShape.Unknown, ..] ? dimensions[1..] : dimensions);
    }

    private static string ScopeOf(NodeDef node) =>
        node.Name.LastIndexOf('/') is int cut and > 0 ? node.Name[..cut] : node.Name;

    private static string? Describe(NodeDef node) => node.Op switch
    {
        "Conv2D" or "_FusedConv2D" => DescribeConvolution(node, "Conv"),
        "DepthwiseConv2dNative" => DescribeConvolution(node, "Depthwise"),
        "MaxPool" => DescribePool(node, "MaxPool"),
        "AvgPool" => DescribePool(node, "AvgPool"),
        "MatMul" or "_FusedMatMul" => "Dense",
        "Mean" => node.Outputs[0].Shape.Rank == 2 ? "global average" : "mean",
        "FusedBatchNormV3" => "BN",
        "Relu" => "ReLU",
        "Relu6" => "ReLU6",
        "Tanh" => "tanh",
        "Sigmoid" => "sigmoid",
        "Softmax" => "softmax",
        "AddV2" => "add",
        "ConcatV2" => "concat",
        "Reshape" => "flatten",
        "Pad" => "zero padding",
        "StridedSlice" => "subsample",
        "SquaredDifference" => "RBF",
        "Mul" when node.Inputs.Any(i => i.Node.Op == "Cast") => "dropout",
        "Mul" or "BiasAdd" or "Placeholder" or "Identity" or "Squeeze" or "ExpandDims" or "Sum" => null,
        _ => node.Op,
    };

    private static string DescribeConvolution(NodeDef node, string word)
    {
        Conv2DAttributes a = Conv2DAttributes.From(node);
        TensorShape kernel = node.Inputs[1].Shape;
        int groups = word == "Conv" ? node.Inputs[0].Channels / kernel[2] : 1;
        string dilation = a.DilationHeight > 1 ? $" dilation {a.DilationHeight}" : "";
        return $"{word} {kernel[0]}x{kernel[1]}{Step(a.StrideHeight)}{dilation}{(groups > 1 ? $" groups {groups}" : "")}";
    }

    private static string DescribePool(NodeDef node, string word)
    {
        Pool2DAttributes a = Pool2DAttributes.From(node);
        return $"{word} {a.WindowHeight}x{a.WindowWidth}{Step(a.StrideHeight)}";
    }

    private static string Step(int stride) => stride > 1 ? $"/{stride}" : "";
}
