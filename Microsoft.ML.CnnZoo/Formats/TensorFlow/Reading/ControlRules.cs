using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Reading;

/// <summary>Ops that pass a value on or choose one: identities, casts, conditions, comparisons.</summary>
internal static class ControlRules
{
    private static readonly string[] Identities =
    [
        "Identity", "StopGradient", "CheckNumerics", "CheckNumericsV2", "PreventGradient", "Snapshot", "IdentityN",
        "EnsureShape", "Print", "RefIdentity", "DisableCopyOnRead",
    ];

    private static readonly string[] Comparisons =
        ["Less", "LessEqual", "Greater", "GreaterEqual", "Equal", "NotEqual"];

    public static Dictionary<string, LoweringRule> Rules { get; } = Build();

    private static Dictionary<string, LoweringRule> Build()
    {
        var rules = new Dictionary<string, LoweringRule>(StringComparer.Ordinal)
        {
            ["Switch"] = Switch, ["RefSwitch"] = Switch, ["Merge"] = Merge, ["RefMerge"] = Merge,
            ["Cast"] = c => [Cast(c)],
            ["Select"] = c => [Select(c)], ["SelectV2"] = c => [Select(c)],
            ["LogicalAnd"] = c => [ConstantMath.Binary(c.Op, c.Constant(0), c.Constant(1))],
            ["LogicalOr"] = c => [ConstantMath.Binary(c.Op, c.Constant(0), c.Constant(1))],
            ["LogicalNot"] = c => [ConstantMath.Unary(c.Op, c.Constant(0))],
            ["NoOp"] = _ => [Value.Opaque], ["Assert"] = _ => [Value.Opaque],
        };
        foreach (string op in Identities)
            rules.Add(op, c => c.Op == "IdentityN" ? c.Inputs : [c.Input(0)]);
        foreach (string op in Comparisons)
            rules.Add(op, c => [Compare(c)]);
        return rules;
    }

    private static Value[] Switch(NodeContext c) => c.Constant(1).Scalar is double condition
        ? condition != 0 ? [Value.Dead, c.Input(0)] : [c.Input(0), Value.Dead]
        : throw new GraphException("its condition is not a single constant");

    private static Value[] Merge(NodeContext c)
    {
        Value[] alive = [.. c.Inputs.Where(i => i != Value.Dead)];
        return alive.Length <= 1 ? [alive.FirstOrDefault() ?? Value.Dead]
            : throw new GraphException($"{alive.Length} of its inputs are computed; expected one, by a constant " +
                "condition");
    }

    private static Value Cast(NodeContext c)
    {
        bool toFloat = ((DataType)c.Type("DstT")).IsFloating();
        switch (c.Input(0))
        {
            case ConstantValue { IsFloat: true } when toFloat:
            case ImageValue or RandomValue:
                return c.Input(0);
            case ConstantValue { IsFloat: true } floats:
                return ConstantValue.Of(floats.Shape, Array.ConvertAll(floats.Floats.ToArray(), v => (long)v),
                    floats.Name);
            case ConstantValue integers when toFloat:
                return ConstantValue.Of(integers.Shape, Array.ConvertAll(integers.Integers.ToArray(),
                    v => v > ConstantValue.Unknown ? (float)v
                        : throw new GraphException("the batch size becomes a floating-point number")), integers.Name);
            case ConstantValue integers:
                return integers;
            case TensorValue tensor when toFloat && tensor.Tensor.Type == DataType.Float:
                return tensor;
            default:
                throw new GraphException($"what depends on the image must stay floating-point, not {c.Type("DstT")}");
        }
    }

    private static Value Select(NodeContext c)
    {
        if (c.Input(0) is not ConstantValue condition)
            return c.Emit("SelectV2", [c.Tensor(0), c.Tensor(1), c.Tensor(2)]);
        long[] values = condition.Integers.ToArray();
        if (values.Length > 0 && Array.TrueForAll(values, v => v == values[0]))
            return c.Input(values[0] != 0 ? 1 : 2);
        throw new GraphException("its condition holds both true and false");
    }

    private static Value Compare(NodeContext c)
    {
        if (c.IsConstant)
            return ConstantMath.Binary(c.Op, c.Constant(0), c.Constant(1));
        if (c.Input(0) is RandomValue random && c.Input(1) is ConstantValue { Scalar: double limit })
        {
            bool? result = c.Op switch
            {
                "GreaterEqual" or "Greater" => random.Low >= limit && (c.Op == "GreaterEqual" || random.Low > limit)
                    ? true : random.High <= limit ? false : null,
                "Less" or "LessEqual" => random.High <= limit ? true : random.Low >= limit ? false : null,
                _ => null,
            };
            if (result is bool known)
                return ConstantValue.Of(TensorShape.Scalar, [known ? 1L : 0L], c.Node.Name);
        }
        return c.Emit(c.Op, [c.Tensor(0), c.Tensor(1)]);
    }
}
