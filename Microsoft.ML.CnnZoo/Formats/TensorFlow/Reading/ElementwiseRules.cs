using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Reading;

/// <summary>
/// Arithmetic and activations. What is constant per channel becomes a bias, a factor or a batch norm.
/// </summary>
internal static class ElementwiseRules
{
    private static readonly string[] Unary =
    [
        "Relu", "Relu6", "Elu", "Selu", "Sigmoid", "Tanh", "Softplus", "Softsign", "Exp", "Log", "Sqrt", "Rsqrt",
        "Square", "Neg", "Abs", "Erf", "Softmax", "LogSoftmax", "Floor", "Ceil", "Round", "Sign", "Reciprocal",
    ];

    public static Dictionary<string, LoweringRule> Rules { get; } = Build();

    /// <summary>x + b, a bias per channel where b is one.</summary>
    public static Value Sum(NodeContext c, Value a, Value b)
    {
        if (a is ConstantValue && b is not ConstantValue)
            (a, b) = (b, a);
        return (a, b) switch
        {
            (ConstantValue x, ConstantValue y) => ConstantMath.Binary("AddV2", x, y),
            (RandomValue x, ConstantValue { Scalar: double shift }) => new RandomValue(x.Low + shift, x.High + shift),
            (_, ConstantValue shift) => AddConstant(c, c.Tensor(a), shift),
            _ => c.Emit("AddV2", [c.Tensor(a), c.Tensor(b)]),
        };
    }

    /// <summary>A constant as one number per channel of a tensor, or null where it is not.</summary>
    public static ConstantValue? PerChannel(ConstantValue constant, NodeOutput x)
    {
        TensorShape shape = constant.Shape;
        return shape.Rank >= 1 && shape.Rank <= x.Shape.Rank && x.Shape.Rank >= 2 && shape[^1] == constant.Count
            && shape[^1] == x.Channels ? constant.Reshape(new TensorShape(x.Channels)) : null;
    }

    /// <summary>An activation by its op's name, as fused ops name it.</summary>
    public static Value Activate(NodeContext c, string op, NodeOutput x) => op switch
    {
        "LeakyRelu" => c.Emit(op, [x], new KeyValuePair<string, AttributeValue>("alpha",
            AttributeValue.Of(c.Float("alpha", c.Float("leakyrelu_alpha", 0.2f))))),
        "Relu" when x.Node.Op is "Relu" or "Relu6" => new TensorValue(x),
        _ => c.Emit(op, [x]),
    };

    private static Dictionary<string, LoweringRule> Build()
    {
        var rules = new Dictionary<string, LoweringRule>(StringComparer.Ordinal)
        {
            ["Add"] = c => [Sum(c, c.Input(0), c.Input(1))], ["AddV2"] = c => [Sum(c, c.Input(0), c.Input(1))],
            ["AddN"] = c => [AddN(c)], ["Sub"] = c => [Subtract(c)],
            ["BiasAdd"] = c => [BiasAdd(c)], ["BiasAddV1"] = c => [BiasAdd(c)],
            ["Mul"] = c => [Multiply(c, c.Input(0), c.Input(1))], ["RealDiv"] = c => [Divide(c)],
            ["Div"] = c => [Divide(c)], ["Maximum"] = c => [Greater(c, c.Input(0), c.Input(1))],
            ["Minimum"] = c => [Lesser(c, c.Input(0), c.Input(1))],
            ["ClipByValue"] = c => [Lesser(c, Greater(c, c.Input(0), c.Input(1)), c.Input(2))],
            ["Pow"] = c => [Power(c)], ["SquaredDifference"] = c => [Binary(c)],
            ["FloorDiv"] = c => [Binary(c)], ["FloorMod"] = c => [Binary(c)], ["Mod"] = c => [Binary(c)],
            ["LeakyRelu"] = c => [Activate(c, c.Op, c.Tensor(0))],
            ["Inv"] = c => [Invert(c)],
        };
        foreach (string op in Unary)
            rules.Add(op, c => [c.Op == "Reciprocal" ? Invert(c) : Apply(c)]);
        return rules;
    }

    private static Value Apply(NodeContext c) => c.Input(0) switch
    {
        ConstantValue constant when ConstantMath.IsUnary(c.Op) => ConstantMath.Unary(c.Op, constant),
        RandomValue random when c.Op == "Floor" && Math.Floor(random.Low) + 1 >= random.High =>
            ConstantValue.Of(TensorShape.Scalar, [(float)Math.Floor(random.Low)], c.Node.Name),
        _ => Activate(c, c.Op, c.Tensor(0)),
    };

    private static Value Binary(NodeContext c) => c.IsConstant && ConstantMath.IsBinary(c.Op)
        ? ConstantMath.Binary(c.Op, c.Constant(0), c.Constant(1)) : c.Emit(c.Op, [c.Tensor(0), c.Tensor(1)]);

    private static Value AddN(NodeContext c)
    {
        if (c.Inputs.Length == 1)
            return c.Inputs[0];
        if (c.IsConstant)
            return c.Inputs.Aggregate((a, b) => ConstantMath.Binary("AddV2", (ConstantValue)a, (ConstantValue)b));
        return c.Emit("AddN", [.. c.Inputs.Select(c.Tensor)], new KeyValuePair<string, AttributeValue>("N",
            AttributeValue.Of((long)c.Inputs.Length)));
    }

    private static Value BiasAdd(NodeContext c)
    {
        c.RequireChannelsLast();
        return Sum(c, c.Input(0), c.Input(1));
    }

    private static Value AddConstant(NodeContext c, NodeOutput x, ConstantValue shift)
    {
        if (shift.Scalar == 0 && shift.Shape.Rank <= x.Shape.Rank)
            return new TensorValue(x);
        if (BatchNormPattern.OfSum(c.Lowering, x, shift) is BatchNormPattern pattern)
            return pattern.Emit(c);
        return PerChannel(shift, x) is ConstantValue bias ? c.Emit("BiasAdd", [x, c.Lowering.Constant(bias)])
            : c.Emit("AddV2", [x, c.Lowering.Constant(shift)]);
    }

    private static Value Subtract(NodeContext c)
    {
        if (c.IsConstant)
            return ConstantMath.Binary(c.Op, c.Constant(0), c.Constant(1));
        if (c.Input(1) is not ConstantValue { IsFloat: true } shift)
            return c.Emit(c.Op, [c.Tensor(0), c.Tensor(1)]);
        if (c.Input(0) is RandomValue)
            return Sum(c, c.Input(0), ConstantMath.Unary("Neg", shift));
        NodeOutput x = c.Tensor(0);
        ConstantValue negative = ConstantMath.Unary("Neg", shift);
        negative.Name = c.Node.Name;
        Value difference = Sum(c, new TensorValue(x), negative);
        if (difference is TensorValue { Tensor: { Node.Op: "BiasAdd" } result } && result.Node.Inputs[0] == x)
            c.Lowering.BatchNorms.TryAdd(result, BatchNormPattern.Centered(x, shift));
        return difference;
    }

    private static Value Multiply(NodeContext c, Value a, Value b)
    {
        if (a is ConstantValue && b is not ConstantValue)
            (a, b) = (b, a);
        if (a is ConstantValue p && b is ConstantValue q)
            return ConstantMath.Binary("Mul", p, q);
        if (a is RandomValue random && b is ConstantValue { Scalar: double scale and >= 0 })
            return new RandomValue(random.Low * scale, random.High * scale);
        return b is ConstantValue factor ? Scale(c, c.Tensor(a), factor) : c.Emit("Mul", [c.Tensor(a), c.Tensor(b)]);
    }

    private static Value Scale(NodeContext c, NodeOutput x, ConstantValue factor)
    {
        if (!factor.IsFloat && factor.Scalar is double whole) // a mask of dropout that is all true
            factor = ConstantValue.Of(factor.Shape, [(float)whole], factor.Name);
        if (factor.Scalar == 1 && factor.Shape.Rank <= x.Shape.Rank)
            return new TensorValue(x);
        if (BatchNormPattern.OfProduct(c.Lowering, x, factor) is BatchNormPattern pattern)
            return pattern.Emit(c);
        Value product = c.Emit("Mul", [x, c.Lowering.Constant(PerChannel(factor, x) ?? factor)]);
        c.Lowering.Scaled.Add(((TensorValue)product).Tensor, (x, factor));
        return product;
    }

    private static Value Divide(NodeContext c)
    {
        if (c.IsConstant)
            return ConstantMath.Binary("RealDiv", c.Constant(0), c.Constant(1));
        if (c.Input(1) is not ConstantValue { IsFloat: true } divisor)
            return c.Emit("RealDiv", [c.Tensor(0), c.Tensor(1)]);
        ConstantValue factor = divisor.Scalar == 1 ? divisor : ConstantMath.Unary("Reciprocal", divisor);
        if (factor != divisor)
            factor.Name = c.Node.Name;
        return Multiply(c, c.Input(0), factor);
    }

    private static Value Invert(NodeContext c) => c.Input(0) is ConstantValue constant
        ? ConstantMath.Unary("Reciprocal", constant)
        : c.Emit("RealDiv", [c.Literal("one", TensorLiteral.Scalar(1f)), c.Tensor(0)]);

    private static Value Greater(NodeContext c, Value a, Value b)
    {
        if (a is ConstantValue && b is not ConstantValue)
            (a, b) = (b, a);
        return (a, b) switch
        {
            (TensorValue x, TensorValue y) when Slope(c, x, y) is float alpha => Leaky(c, x, alpha),
            (TensorValue x, TensorValue y) when Slope(c, y, x) is float alpha => Leaky(c, y, alpha),
            (ConstantValue x, ConstantValue y) => ConstantMath.Binary("Maximum", x, y),
            (_, ConstantValue { Scalar: 0 }) => Activate(c, "Relu", c.Tensor(a)),
            _ => c.Emit("Maximum", [c.Tensor(a), c.Tensor(b)]),
        };
    }

    /// <summary>The slope of the second value, if it is the first one times a factor below 1.</summary>
    private static float? Slope(NodeContext c, TensorValue x, TensorValue y) =>
        c.Lowering.Scaled.TryGetValue(y.Tensor, out (NodeOutput X, ConstantValue Factor) product)
        && product.X == x.Tensor && product.Factor.Scalar is > 0 and < 1 and double slope ? (float)slope : null;

    private static Value Leaky(NodeContext c, TensorValue x, float alpha) => c.Emit("LeakyRelu", [x.Tensor],
        new KeyValuePair<string, AttributeValue>("alpha", AttributeValue.Of(alpha)));

    private static Value Lesser(NodeContext c, Value a, Value b)
    {
        if (a is ConstantValue && b is not ConstantValue)
            (a, b) = (b, a);
        if (a is ConstantValue x && b is ConstantValue y)
            return ConstantMath.Binary("Minimum", x, y);
        NodeOutput tensor = c.Tensor(a);
        return b is ConstantValue { Scalar: 6 } && tensor.Node.Op == "Relu"
            ? c.Emit("Relu6", [tensor.Node.Inputs[0]]) : c.Emit("Minimum", [tensor, c.Tensor(b)]);
    }

    private static Value Power(NodeContext c)
    {
        if (c.IsConstant)
            return ConstantMath.Binary(c.Op, c.Constant(0), c.Constant(1));
        return (c.Input(1) as ConstantValue)?.Scalar switch
        {
            1 => c.Input(0),
            2 => c.Emit("Square", [c.Tensor(0)]),
            0.5 => c.Emit("Sqrt", [c.Tensor(0)]),
            -0.5 => c.Emit("Rsqrt", [c.Tensor(0)]),
            _ => c.Emit(c.Op, [c.Tensor(0), c.Tensor(1)]),
        };
    }
}
