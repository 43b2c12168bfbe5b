using System.Text.Json;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Tests.Golden;

/// <summary>
/// Writes a golden operator as a graph of ours: placeholders for its inputs, <c>y</c> (or the scalar loss) as result.
/// </summary>
internal sealed class GoldenOpGraph
{
    private readonly GoldenOpCase _case;

    public GoldenOpGraph(GoldenOpCase golden)
    {
        _case = golden;
        Result = Build();
    }

    public GraphBuilder Builder { get; } = new();

    public Dictionary<string, Tensor> Feeds { get; } = [];

    /// <summary>Placeholders by the inputs' names.</summary>
    public Dictionary<string, NodeOutput> Inputs { get; } = [];

    /// <summary>The operator's output.</summary>
    public NodeOutput Result { get; }

    /// <summary>Further outputs by name, and what they must be.</summary>
    public List<(string Name, NodeOutput Output, double[] Expected)> Extras { get; } = [];

    public NodeOutput Op(string op, NodeOutput[] inputs, params KeyValuePair<string, AttributeValue>[] attributes) =>
        Builder.AddNode(op, inputs, attributes).Output();

    private NodeOutput Build() => _case.Op switch
    {
        "conv2d" => Biased(Convolve(Input("w"))),
        "sparse_conv2d" => Biased(Convolve(Op("Mul", [Input("w"), Mask()]))),
        "max_pool" => Op("MaxPool", [Input("x")], [.. Window(Overhang())]),
        "avg_pool" => AveragePool(),
        "global_avg_pool" => Op("Mean", [Input("x"), Ints(1, 2)]),
        "trainable_subsample" =>
            Op("AddV2", [Op("Mul",
            [Op("Mul", [Op("AvgPool", [Input("x")], [.. new Pool2DAttributes(2, 2, 2, 2, Padding.Valid)
            .ToAttributes()]), Scalar(4)]), Input("coef")]), Input("b")]),
        "lrn" => Op("LRN", [Input("x")], new("depth_radius", AttributeValue.Of((long)(Number("n") / 2))),
            new("bias", AttributeValue.Of((float)Number("k"))),
            new("alpha", AttributeValue.Of((float)Number("alpha_paper_and_tf"))),
                new("beta", AttributeValue.Of((float)Number("beta")))),
        "batch_norm_train" => BatchNormalize(training: true),
        "batch_norm_inference" => BatchNormalize(training: false),
        "relu" => Op("Relu", [Input("x")]),
        "relu6" => Op("Relu6", [Input("x")]),
        "tanh" => Op("Tanh", [Input("x")]),
        "sigmoid" => Op("Sigmoid", [Input("x")]),
        "linear" => Linear(Input("x")),
        "flatten_linear" => Linear(Op("Reshape", [Op("Transpose", [Input("x"), Ints(0, 3, 1, 2)]),
            Ints(Input("x").Shape[0], (int)(Input("x").Shape.ElementCount / Input("x").Shape[0]))])),
        "dropout" => Op("Mul",
            [Input("x"), Constant([.. GoldenOpCase.Numbers(_case.Attributes.GetProperty("keep_mask_row"))
            .Select(v => (float)(v / (1 - Number("rate"))))])]),
        "concat" => Op("ConcatV2", [.. _case.Json.GetProperty("inputs").EnumerateObject().Select(p => Input(p.Name)),
            Builder.Constant(TensorLiteral.Scalar(3))],
            new KeyValuePair<string,
                AttributeValue>("N", AttributeValue.Of((long)_case.Json.GetProperty("inputs").EnumerateObject()
                .Count()))),
        "softmax_cross_entropy" =>
            Op("Mean", [Builder.AddNode("SparseSoftmaxCrossEntropyWithLogits", [Input("x"), Ints(_case.Ints("labels"))])
            .Output(), Ints(0)]),
        "rbf" => RadialBasis(),
        _ => throw new NotSupportedException($"The golden operator '{_case.Op}' of {_case.Id} has no graph here."),
    };

    private NodeOutput Input(string name)
    {
        if (!Inputs.TryGetValue(name, out NodeOutput input))
        {
            Tensor value = _case.Input(name);
            Feeds.Add(name, value);
            Inputs.Add(name, input = Builder.Placeholder(name, DataType.Float, value.Shape));
        }
        return input;
    }

    private NodeOutput Ints(params ReadOnlySpan<int> values) => Builder.Constant(TensorLiteral.Vector(values));

    private NodeOutput Scalar(float value) => Builder.Constant(TensorLiteral.Scalar(value));

    private NodeOutput Constant(float[] values) => Builder.Constant(TensorLiteral.Vector<float>(values));

    private double Number(string attribute) => _case.Attributes.GetProperty(attribute).GetDouble();

    private NodeOutput Biased(NodeOutput y) => _case.HasInput("b") ? Op("BiasAdd", [y, Input("b")]) : y;

    private NodeOutput Convolve(NodeOutput w)
    {
        bool plain = !_case.Attributes.TryGetProperty("stride", out _);
        int[] stride = plain ? [1] : _case.Ints("stride"), pad = plain ? [0, 0, 0, 0]
            : _case.Ints("pad_top_bottom_left_right"), dilation = plain ? [1] : _case.Ints("dilation");
        Padding padding = Array.TrueForAll(pad, p => p == 0) ? Padding.Valid
            : Padding.Explicit(pad[0], pad[1], pad[2], pad[3]);
        return Op("Conv2D", [Input("x"), w],
            [.. new Conv2DAttributes(stride[0], stride[^1], padding, dilation[0], dilation[^1]).ToAttributes()]);
    }

    /// <summary>1 where the connection table joins input map and output map.</summary>
    private NodeOutput Mask()
    {
        TensorShape w = Input("w").Shape;
        JsonElement[] table = [.. _case.Attributes.GetProperty("table").EnumerateArray()];
        var mask = new float[w.ElementCount];
        for (int i = 0; i < mask.Length; i++)
            mask[i] = table[i % w[3]].EnumerateArray().Any(e => e.GetInt32() == i / w[3] % w[2]) ? 1 : 0;
        return Builder.Constant(TensorLiteral.Of<float>(w, mask));
    }

    /// <summary>
    /// Explicit padding that gives the recorded output size: what a ceil-mode window hangs over goes after.
    /// </summary>
    private Padding Overhang()
    {
        int[] output = [.. _case.Json.GetProperty("outputs").GetProperty("y").GetProperty("shape").EnumerateArray()
            .Select(e => e.GetInt32())];
        int pad = _case.Ints("padding")[0], kernel = _case.Ints("kernel")[0], stride = _case.Ints("stride")[0];
        int After(int size, int outputs) => Math.Max(0, ((outputs - 1) * stride) + kernel - size - pad);
        (int bottom, int right) = (After(Input("x").Height, output[2]), After(Input("x").Width, output[3]));
        return pad + bottom + right == 0 ? Padding.Valid : Padding.Explicit(pad, bottom, pad, right);
    }

    private IEnumerable<KeyValuePair<string, AttributeValue>> Window(Padding padding) =>
        new Pool2DAttributes(_case.Ints("kernel")[0], _case.Ints("kernel")[^1], _case.Ints("stride")[0],
            _case.Ints("stride")[^1], padding).ToAttributes();

    /// <summary>
    /// The mean of the padded image over the mean of a padded image of ones (with ones in the padding, where that
    /// counts).
    /// </summary>
    private NodeOutput AveragePool()
    {
        Padding padding = Overhang();
        NodeOutput x = Input("x");
        if (padding.Kind == PaddingKind.Valid)
            return Op("AvgPool", [x], [.. Window(Padding.Valid)]);
        bool counts = _case.Flag("count_include_pad");
        if (!counts && _case.Ints("stride")[0] == 1 && padding.Top * 2 + 1 == _case.Ints("kernel")[0])
            return Op("AvgPool", [x], [.. Window(Padding.Same)]);
        NodeOutput paddings = Builder.Constant(TensorLiteral.Of<int>(new(4, 2),
            [0, 0, padding.Top, padding.Bottom, padding.Left, padding.Right, 0, 0]));
        int pad = _case.Ints("padding")[0];
        var ones = new Tensor(new TensorSpec(DataType.Float,
            new(1, x.Height + padding.Top + padding.Bottom, x.Width + padding.Left + padding.Right, 1)));
        for (int i = 0; i < ones.Values<float>().Length; i++)
        {
            (int h, int w) = (i / ones.Shape[2] - pad, i % ones.Shape[2] - pad);
            int margin = counts ? pad : 0;
            ones.Values<float>()[i] = h >= -margin && h < x.Height + margin && w >= -margin && w < x.Width + margin ? 1
                : 0;
        }
        NodeOutput mask = Builder.Constant(new TensorLiteral(DataType.Float, ones.Shape, ones.Bytes));
        return Op("RealDiv", [Op("AvgPool", [Op("Pad", [x, paddings])], [.. Window(Padding.Valid)]),
            Op("AvgPool", [mask], [.. Window(Padding.Valid)])]);
    }

    private NodeOutput BatchNormalize(bool training)
    {
        NodeDef node = Builder.AddNode("FusedBatchNormV3", [Input("x"), Input("gamma"), Input("beta"), Input("rm"),
            Input("rv")],
        [
            new("is_training", AttributeValue.Of(training)), new("epsilon", AttributeValue.Of((float)Number("eps"))),
            new("exponential_avg_factor", AttributeValue.Of(training ? (float)Number("torch_momentum") : 1f)),
        ]);
        if (training)
            Extras.AddRange([
                ("running mean", node.Output(1), _case.Extra("updated_running_mean")),
                    ("running variance", node.Output(2), _case.Extra("updated_running_var_unbiased")),
                ("batch mean", node.Output(3), _case.Extra("batch_mean")),
                    ("batch variance", node.Output(4), _case.Extra("batch_var_biased")),
            ]);
        return node.Output();
    }

    private NodeOutput Linear(NodeOutput x) =>
        Biased(Op("MatMul", [x, Input("w")], new KeyValuePair<string,
        AttributeValue>("transpose_b", AttributeValue.Of(true))));

    /// <summary>Mean of the squared distances to the labels' codes.</summary>
    private NodeOutput RadialBasis()
    {
        NodeOutput x = Input("x");
        Tensor code = _case.Input("code");
        foreach (ref float v in code.Values<float>())
            v = v >= 0 ? 1 : -1;
        NodeOutput codes = Builder.Constant(new TensorLiteral(DataType.Float, code.Shape, code.Bytes));
        NodeOutput y = Op("Sum",
            [Op("SquaredDifference", [Op("ExpandDims", [x, Builder.Constant(TensorLiteral.Scalar(1))]), codes]),
            Ints(2)]);
        Extras.Add(("y", y, _case.Output("y").Data));
        int[] labels = _case.Ints("labels");
        NodeOutput chosen = Op("OneHot", [Ints(labels), Builder.Constant(TensorLiteral.Scalar(code.Shape[0])),
            Scalar(1f / labels.Length), Scalar(0)]);
        return Op("Sum", [Op("Mul", [y, chosen]), Ints(0, 1)]);
    }
}
