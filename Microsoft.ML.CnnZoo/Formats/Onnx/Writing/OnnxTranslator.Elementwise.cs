using System.Collections.Immutable;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using static Microsoft.ML.CnnZoo.Formats.Onnx.OnnxAttributes;
using AttributeProto = Microsoft.ML.CnnZoo.Formats.Onnx.Protos.AttributeProto;

namespace Microsoft.ML.CnnZoo.Formats.Onnx;

/// <content>Elementwise operators, dense layers, sums along axes.</content>
internal sealed partial class OnnxTranslator
{
    private const int SoftmaxOfOneAxis = 13, SumAxesAsInput = 13;

    private static Dictionary<string, Action<OnnxTranslator, NodeDef>> ElementwiseRules => new()
    {
        ["Relu"] = Unary("Relu"), ["Tanh"] = Unary("Tanh"), ["Sigmoid"] = Unary("Sigmoid"), ["Exp"] = Unary("Exp"),
        ["Log"] = Unary("Log"), ["Sqrt"] = Unary("Sqrt"), ["Neg"] = Unary("Neg"), ["Abs"] = Unary("Abs"),
        ["Erf"] = Unary("Erf"), ["Elu"] = Unary("Elu"), ["Selu"] = Unary("Selu"), ["Softplus"] = Unary("Softplus"),
        ["Softsign"] = Unary("Softsign"), ["Floor"] = Unary("Floor"), ["Sign"] = Unary("Sign"),
        ["Identity"] = (t, n) => t.Set(n, t.Value(n.Inputs[0])),
        ["StopGradient"] = (t, n) => t.Set(n, t.Value(n.Inputs[0])),
        ["LeakyRelu"] = (t, n) => t.Pointwise(n, "LeakyRelu",
            Float("alpha", WindowAttributes.Of(n, "alpha").Float)),
        ["Relu6"] = (t, n) => t.Relu6(n),
        ["Rsqrt"] = (t, n) => t.Rsqrt(n),
        ["Square"] = (t, n) => t.Square(n, t.Value(n.Inputs[0])),
        ["AddV2"] = Binary("Add"), ["Add"] = Binary("Add"), ["BiasAdd"] = Binary("Add"), ["Sub"] = Binary("Sub"),
        ["Mul"] = Binary("Mul"), ["RealDiv"] = Binary("Div"), ["Maximum"] = Binary("Max"), ["Minimum"] = Binary("Min"),
        ["Pow"] = Binary("Pow"), ["AddN"] = Binary("Sum"),
        ["SquaredDifference"] = (t, n) => t.Square(n, t.Combined(n, "Sub", $"{n.Name}/difference")),
        ["MatMul"] = (t, n) => t.Dense(n),
        ["Softmax"] = (t, n) => t.Softmax(n, "Softmax"), ["LogSoftmax"] = (t, n) => t.Softmax(n, "LogSoftmax"),
        ["Mean"] = (t, n) => t.Reduce(n, "ReduceMean", "GlobalAveragePool"),
        ["Max"] = (t, n) => t.Reduce(n, "ReduceMax", "GlobalMaxPool"),
        ["Min"] = (t, n) => t.Reduce(n, "ReduceMin"),
        ["Sum"] = (t, n) => t.Reduce(n, "ReduceSum"),
    };

    private static Action<OnnxTranslator, NodeDef> Unary(string op) => (t, n) => t.Pointwise(n, op);

    private static Action<OnnxTranslator, NodeDef> Binary(string op) => (t, n) => t.Set(n, t.Combined(n, op, n.Name));

    private void Pointwise(NodeDef node, string op, params ReadOnlySpan<AttributeProto> attributes)
    {
        OnnxValue x = Value(node.Inputs[0]);
        Set(node, Add(op, node.Name, x.Shape, x.Order, [x.Name], attributes) with { Flattened = x.Flattened });
    }

    private void Relu6(NodeDef node)
    {
        OnnxValue x = Value(node.Inputs[0]);
        string low = _target.AddScalar($"{node.Name}/min", 0), high = _target.AddScalar($"{node.Name}/max", 6);
        Set(node, Add("Clip", node.Name, x.Shape, x.Order, [x.Name, low, high]) with { Flattened = x.Flattened });
    }

    private void Rsqrt(NodeDef node)
    {
        OnnxValue x = Value(node.Inputs[0]);
        OnnxValue root = Add("Sqrt", $"{node.Name}/root", x.Shape, x.Order, [x.Name]);
        Set(node, Add("Reciprocal", node.Name, x.Shape, x.Order, [root.Name]) with { Flattened = x.Flattened });
    }

    private void Square(NodeDef node, OnnxValue x) => Set(node,
        Add("Mul", node.Name, x.Shape, x.Order, [x.Name, x.Name]) with { Flattened = x.Flattened });

    /// <summary>Adds an operator whose operands are broadcast, in the order of the operand that leads.</summary>
    private OnnxValue Combined(NodeDef node, string op, string name)
    {
        TensorShape y = node.Outputs[0].Shape;
        OnnxValue lead = Lead(node, y);
        OnnxValue sum = Add(op, name, y, lead.Order, [.. node.Inputs.Select(i => Operand(i, lead))]);
        return sum with { Flattened = lead.Flattened };
    }

    /// <summary>The computed operand whose order the others follow, brought to the result's rank.</summary>
    private OnnxValue Lead(NodeDef node, TensorShape y)
    {
        OnnxValue[] computed = [.. node.Inputs.Where(i => ConstantOf(i) is null).Select(Value)];
        if (computed.Length == 0)
            computed = [Value(node.Inputs[0])];
        OnnxValue lead = computed.FirstOrDefault(v => v.Shape.Equals(y)) ?? computed.MaxBy(v => v.Shape.Rank)!;
        if (computed.Any(v => !Equals(v.Flattened, lead.Flattened)) || !lead.Shape.Equals(y))
            lead = Plain(lead);
        return WithRank(lead, y.Rank);
    }

    private OnnxValue WithRank(OnnxValue value, int rank) => value.Shape.Rank >= rank ? value
        : Reshape(value, new TensorShape([.. Enumerable.Repeat(1, rank - value.Shape.Rank), .. value.Shape.Dimensions]),
            $"{value.Name}/expanded");

    private string Operand(NodeOutput input, OnnxValue lead)
    {
        if (ConstantOf(input) is not null)
            return Constant(input, $"{string.Join(',', lead.Order)} {lead.Flattened}", () => Arranged(input, lead));
        OnnxValue value = Value(input);
        if (!Equals(value.Flattened, lead.Flattened))
            value = Plain(value);
        return InOrder(WithRank(value, lead.Shape.Rank), lead.Order).Name;
    }

    /// <summary>A constant operand in another's order, without dimensions of 1 in front.</summary>
    private static (int[] Dimensions, float[] Values) Arranged(NodeOutput input, OnnxValue lead)
    {
        ReadOnlySpan<float> values = Floats(input);
        if (values.Length == 1)
            return ([], values.ToArray());
        int missing = lead.Shape.Rank - input.Shape.Rank;
        var shape = new TensorShape([.. Enumerable.Repeat(1, missing), .. input.Shape.Dimensions]);
        if (lead.Flattened is { } image && shape[^1] > 1)
            return ([.. input.Shape.Dimensions], AxisOrder.Arrange(values,
                new TensorShape([shape[0], .. image.Dimensions]), AxisOrder.ChannelsFirst));
        int[] dimensions = AxisOrder.Arrange(shape, lead.Order);
        return ([.. dimensions.SkipWhile(d => d == 1)], AxisOrder.Arrange(values, shape, lead.Order));
    }

    /// <summary>
    /// A product with its bias: ONNX's Gemm, a constant kernel as [units,in], the only form that OpenCV 4.6 computes. A
    /// flattened image finds the kernel's values in its own order.
    /// </summary>
    private void Dense(NodeDef node)
    {
        bool transposesLeft = WindowAttributes.Of(node, "transpose_a").Bool,
            transposesRight = WindowAttributes.Of(node, "transpose_b").Bool;
        NodeOutput right = node.Inputs[1];
        OnnxValue x = Value(node.Inputs[0]);
        if (transposesLeft || ConstantOf(right) is null)
            x = Plain(x);
        x = InOrder(x, AxisOrder.Ours(2));
        string kernel = ConstantOf(right) is null ? InOurOrder(Value(right)).Name
            : Constant(right, $"dense {transposesRight} {x.Flattened}", () => Kernel(right, x.Flattened, transposesRight));
        (NodeDef end, string[] bias) = Bias(node);
        Set(end, Add("Gemm", end.Name, end.Outputs[0].Shape, AxisOrder.Ours(2), [x.Name, kernel, .. bias],
            Int("transA", transposesLeft ? 1 : 0), Int("transB", transposesRight || ConstantOf(right) is not null ? 1 : 0)));
    }

    /// <summary>A dense kernel as [units,in]; it is [in,units] unless transposed.</summary>
    private static (int[] Dimensions, float[] Values) Kernel(NodeOutput kernel, TensorShape? image, bool transposed)
    {
        ReadOnlySpan<float> values = Floats(kernel);
        (int units, int features) = transposed ? (kernel.Shape[0], kernel.Shape[1]) : (kernel.Shape[1], kernel.Shape[0]);
        int[] rows = image is null ? [features] : image.Dimensions.ToArray();
        ImmutableArray<int> order = (image is null, transposed) switch
        {
            (true, true) => [0, 1],
            (true, false) => [1, 0],
            (false, true) => [0, 3, 1, 2],
            (false, false) => [3, 2, 0, 1],
        };
        var shape = new TensorShape(transposed ? [units, .. rows] : [.. rows, units]);
        return ([units, features], AxisOrder.Arrange(values, shape, order));
    }

    /// <summary>The constant bias that alone reads a product or convolution, and the node that the two end in.</summary>
    private (NodeDef End, string[] Bias) Bias(NodeDef node)
    {
        if (_readers.Sole(node.Output()) is not { Op: "BiasAdd" } sum || ConstantOf(sum.Inputs[1]) is null)
            return (node, []);
        NodeOutput bias = sum.Inputs[1];
        return (sum, [Constant(bias, "bias", () => ([bias.Shape[0]], [.. Floats(bias)]))]);
    }

    private void Softmax(NodeDef node, string op)
    {
        OnnxValue x = Plain(Value(node.Inputs[0]));
        int axis = x.Shape.Rank - 1;
        if (_target.Opset < SoftmaxOfOneAxis) // there it flattens all dimensions from the axis on
            x = InOrder(x, AxisOrder.Ours(x.Shape.Rank));
        Set(node, Add(op, node.Name, x.Shape, x.Order, [x.Name], Int("axis", x.Axis(axis))));
    }

    private void Reduce(NodeDef node, string op, string? ofImages = null)
    {
        OnnxValue x = Plain(Value(node.Inputs[0]));
        TensorShape y = node.Outputs[0].Shape;
        bool[] reduced = Reduction.Reduced(node);
        if (ofImages is not null && reduced is [false, true, true, false])
        {
            OnnxValue image = InOrder(x, AxisOrder.ChannelsFirst);
            bool flat = y.Rank == 2;
            OnnxValue pooled = Add(ofImages, flat ? $"{node.Name}/pixel" : node.Name, x.Shape.With(1, 1).With(2, 1),
                AxisOrder.ChannelsFirst, [image.Name]);
            Set(node, flat ? Reshape(pooled, y, node.Name) : pooled);
            return;
        }
        bool keep = WindowAttributes.Of(node, "keep_dims").Bool;
        int[] axes = [.. Enumerable.Range(0, reduced.Length).Where(i => reduced[i]).Select(x.Axis).Order()];
        // The remaining dimensions are counted anew.
        int[] kept = [.. x.Order.Where(i => keep || !reduced[i])];
        int[] order = [.. kept.Select(i => kept.Count(k => k < i))];
        bool asInput = op == "ReduceSum" && _target.Opset >= SumAxesAsInput;
        string[] inputs = asInput
            ? [x.Name, _target.AddInitializer($"{node.Name}/axes", axes.Select(a => (long)a))] : [x.Name];
        AttributeProto keeps = Int("keepdims", keep ? 1 : 0);
        Set(node, Add(op, node.Name, y, [.. order], inputs, asInput ? [keeps] : [Ints("axes", axes), keeps]));
    }
}
