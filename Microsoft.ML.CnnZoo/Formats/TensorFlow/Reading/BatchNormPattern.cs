using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Reading;

/// <summary>
/// A batch norm written as arithmetic: x·m + s with m = γ/√(variance + ε) and s = β − mean·m, or (x − mean)·m + β. How
/// the constants m and s were computed tells the four statistics.
/// </summary>
internal sealed record BatchNormPattern
{
    public required NodeOutput X { get; init; }
    public required ConstantValue Mean { get; init; }
    /// <summary>Null while only the mean has been subtracted.</summary>
    public ConstantValue? Variance { get; init; }
    public float Epsilon { get; init; }
    /// <summary>Null for ones.</summary>
    public ConstantValue? Gamma { get; init; }
    /// <summary>Null for zeros.</summary>
    public ConstantValue? Beta { get; init; }

    /// <summary>x − mean.</summary>
    public static BatchNormPattern Centered(NodeOutput x, ConstantValue mean) => new() { X = x, Mean = mean };

    /// <summary>What a batch norm becomes by adding a constant; null where it is none.</summary>
    public static BatchNormPattern? OfSum(GraphLowering lowering, NodeOutput tensor, ConstantValue shift)
    {
        if (lowering.BatchNorms.TryGetValue(tensor, out BatchNormPattern? known))
            return known is { Variance: not null, Beta: null }
                && ElementwiseRules.PerChannel(shift, tensor) is ConstantValue added
                ? known with { Beta = added } : null;
        if (!lowering.Scaled.TryGetValue(tensor, out (NodeOutput X, ConstantValue Factor) product)
            || product.X.Shape.Rank != 4 || ElementwiseRules.PerChannel(product.Factor, product.X) is null
            || ElementwiseRules.PerChannel(shift, product.X) is null || Scale.Of(product.Factor) is not Scale scale
            || Shift(shift.Source, product.Factor.Source) is not (ConstantValue mean, var beta))
            return null;
        return Fitting(new BatchNormPattern
        {
            X = product.X, Mean = mean, Variance = scale.Variance, Epsilon = scale.Epsilon, Gamma = scale.Gamma,
            Beta = beta,
        });
    }

    /// <summary>What a batch norm becomes by a constant factor; null where it is none.</summary>
    public static BatchNormPattern? OfProduct(GraphLowering lowering, NodeOutput tensor, ConstantValue factor)
    {
        if (!lowering.BatchNorms.TryGetValue(tensor, out BatchNormPattern? known) || known.Beta is not null
            || known.X.Shape.Rank != 4 || ElementwiseRules.PerChannel(factor, tensor) is not ConstantValue gamma)
            return null;
        if (known.Variance is null)
            return Scale.Of(factor) is Scale scale ? Fitting(known with
            {
                Variance = scale.Variance, Epsilon = scale.Epsilon, Gamma = scale.Gamma,
            }) : null;
        return known.Gamma is null ? known with { Gamma = gamma } : null;
    }

    /// <summary>The node.</summary>
    public Value Emit(NodeContext c)
    {
        int channels = X.Channels;
        NodeOutput Statistic(ConstantValue? value, string role, float otherwise) => value is null
            ? c.Literal(role, Filled(channels, otherwise)) : c.Lowering.Constant(PerChannel(value, channels));
        Value result = c.Emit("FusedBatchNormV3",
            [X, Statistic(Gamma, "gamma", 1), Statistic(Beta, "beta", 0), Statistic(Mean, "mean", 0),
                Statistic(Variance, "variance", 1)],
            new("epsilon", AttributeValue.Of(Epsilon)), new("is_training", AttributeValue.Of(false)));
        c.Lowering.BatchNorms.Add(((TensorValue)result).Tensor, this);
        return result;
    }

    /// <summary>The same number for each channel.</summary>
    public static TensorLiteral Filled(int channels, float value)
    {
        var values = new float[channels];
        Array.Fill(values, value);
        return TensorLiteral.Vector<float>(values);
    }

    private static ConstantValue PerChannel(ConstantValue value, int channels) => value.Count == channels
        ? value.Source.Reshape(new TensorShape(channels))
        : new ConstantValue(Filled(channels, value.Floats[0]), value.Name);

    private static BatchNormPattern? Fitting(BatchNormPattern pattern) =>
        new[] { pattern.Mean, pattern.Variance, pattern.Gamma, pattern.Beta }.All(v =>
            v is null || (v.IsFloat && (v.Count == pattern.X.Channels || v.Count == 1))) ? pattern : null;

    /// <summary>Mean and β of a shift β − mean·m.</summary>
    private static (ConstantValue Mean, ConstantValue? Beta)? Shift(ConstantValue shift, ConstantValue factor)
    {
        ConstantValue? first = shift.Op is null ? null : shift.Operands[0].Source,
            last = shift.Op is null ? null : shift.Operands[^1].Source;
        switch (shift.Op)
        {
            case "Sub" when Other(last!, factor) is ConstantValue mean:
                return (mean, first);
            case "Neg" when Other(first!, factor) is ConstantValue mean:
                return (mean, null);
            case "Mul" when Other(shift, factor) is { Op: "Neg" } negative:
                return (negative.Operands[0].Source, null);
            case "AddV2" when Other(last!, factor) is { Op: "Neg" } negative:
                return (negative.Operands[0].Source, first);
            case "AddV2" when Other(first!, factor) is { Op: "Neg" } negative:
                return (negative.Operands[0].Source, last);
            default:
                return null;
        }
    }

    /// <summary>The other operand of a product with the factor.</summary>
    private static ConstantValue? Other(ConstantValue product, ConstantValue factor) => product.Op != "Mul" ? null
        : product.Operands[1].Source == factor ? product.Operands[0].Source
        : product.Operands[0].Source == factor ? product.Operands[1].Source : null;

    /// <summary>γ/√(variance + ε).</summary>
    private sealed record Scale(ConstantValue Variance, float Epsilon, ConstantValue? Gamma)
    {
        public static Scale? Of(ConstantValue factor)
        {
            factor = factor.Source;
            if (factor.Op == "RealDiv" && Root(factor.Operands[1].Source) is Scale root)
                return root with { Gamma = factor.Operands[0].Scalar == 1 ? null : factor.Operands[0].Source };
            if (factor.Op != "Mul")
                return Inverse(factor);
            (ConstantValue a, ConstantValue b) = (factor.Operands[0].Source, factor.Operands[1].Source);
            return Inverse(a) is Scale first ? first with { Gamma = b }
                : Inverse(b) is Scale second ? second with { Gamma = a } : null;
        }

        private static Scale? Inverse(ConstantValue value) => value.Op switch
        {
            "Rsqrt" => Shifted(value.Operands[0].Source),
            "Reciprocal" => Root(value.Operands[0].Source),
            "Pow" when value.Operands[1].Scalar == -0.5 => Shifted(value.Operands[0].Source),
            "RealDiv" when value.Operands[0].Scalar == 1 => Root(value.Operands[1].Source),
            _ => null,
        };

        private static Scale? Root(ConstantValue value) => value.Op == "Sqrt" ? Shifted(value.Operands[0].Source)
            : value.Op == "Pow" && value.Operands[1].Scalar == 0.5 ? Shifted(value.Operands[0].Source) : null;

        private static Scale? Shifted(ConstantValue value)
        {
            if (value.Op != "AddV2")
                return null;
            (ConstantValue a, ConstantValue b) = (value.Operands[0].Source, value.Operands[1].Source);
            return b.Scalar is double epsilon ? new(a, (float)epsilon, null)
                : a.Scalar is double first ? new(b, (float)first, null) : null;
        }
    }
}
