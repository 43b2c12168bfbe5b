using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Tests.Conformance.RandomGeometries;

internal sealed partial class RandomCases
{
    private (TensorShape X, Pool2DAttributes Attributes) PoolGeometry(bool hasExplicit)
    {
        TensorShape x = Image(3000);
        if (Chance(0.1))
            return (x, new(x[1], x[2], 1, 1, Padding.Valid)); // global
        (int kh, int kw) = Chance(0.7) ? Pick((2, 2), (3, 3), (3, 3), (5, 5)) : (_random.Next(1, 8), _random.Next(1,
            8));
        (int sh, int sw) = Chance(0.5) ? (2, 2) : Chance(0.3) ? (kh, kw) : (_random.Next(1, 5), _random.Next(1, 5));
        Padding padding = _random.Next(hasExplicit ? 3 : 2) switch
        {
            0 => Padding.Same,
            1 => Padding.Valid,
            _ => Padding.Explicit(_random.Next(kh), _random.Next(kh), _random.Next(kw), _random.Next(kw)),
        };
        return (x, new(kh, kw, sh, sw, padding));
    }

    private ConformanceCase Pool()
    {
        string op = Pick("MaxPool", "AvgPool");
        (TensorShape x, Pool2DAttributes attributes) = PoolGeometry(op == "MaxPool");
        return new(op, op, [Floats(x)], [.. attributes.ToAttributes()]);
    }

    private ConformanceCase PoolGradient()
    {
        bool isMax = Chance(0.5);
        (TensorShape x, Pool2DAttributes attributes) = PoolGeometry(isMax);
        KernelCaseInput dy = Floats(attributes.Geometry(x).OutputShape);
        KeyValuePair<string, AttributeValue>[] list = [.. attributes.ToAttributes()];
        if (!isMax)
            return new("AvgPoolGrad", "AvgPoolGrad", [Ints(x.Dimensions), dy], list);
        KernelCaseInput image = Chance(0.5) ? Floats(x) : Tied(x);
        return new("MaxPoolGrad", "MaxPoolGrad", [image, Naive("MaxPool", image, list), dy], list);
    }

    /// <summary>A handful of distinct values, so that ties happen.</summary>
    private KernelCaseInput Tied(TensorShape shape)
    {
        KernelCaseInput tied = Floats(shape, 0, 3);
        foreach (ref float v in tied.Value.Values<float>())
            v = MathF.Floor(v);
        return tied;
    }

    /// <summary>An op's naive result, as the input of its gradient.</summary>
    private static KernelCaseInput Naive(string op, KernelCaseInput x, KeyValuePair<string,
        AttributeValue>[] attributes)
    {
        var builder = new GraphBuilder();
        NodeDef node = builder.AddNode(op, [builder.Placeholder("x", DataType.Float, x.Value.Shape)], attributes);
        return new(NaiveOps.Evaluate(node, [NaiveTensor.From(x.Value)])[0].ToFloat());
    }

    private ConformanceCase LocalResponse()
    {
        TensorShape shape = Image(500);
        KeyValuePair<string, AttributeValue>[] attributes =
        [
            Attribute("depth_radius", AttributeValue.Of((long)_random.Next(1, 8))),
            Attribute("alpha", AttributeValue.Of(Pick(1f, 0.01f, 1e-4f))),
            Attribute("beta", AttributeValue.Of(Pick(0.75f, 0.75f, 0.5f, 1f, 0.6f))),
            Attribute("bias", AttributeValue.Of(Pick(1f, 2f))),
        ];
        KernelCaseInput x = Floats(shape, -5, 5);
        return Chance(0.5) ? new("LRN", "LRN", [x], attributes)
            : new("LRNGrad", "LRNGrad", [Floats(shape), x, Naive("LRN", x, attributes)], attributes);
    }

    private ConformanceCase BatchNorm()
    {
        TensorShape shape = Image(3000);
        shape = shape.With(0, Math.Max(1, shape[0]));
        var channel = new TensorShape(shape[3]);
        bool training = Chance(0.6), fused = Chance(0.5), side = fused && Chance(0.5), relu = fused && Chance(0.7);
        float center = Pick(0f, 0f, 3f, 30f);
        List<KeyValuePair<string, AttributeValue>> attributes =
            [Attribute("is_training", AttributeValue.Of(training)), Attribute("epsilon", AttributeValue.Of(1e-3f))];
        if (fused)
            attributes.AddRange([Attribute("activation_mode", AttributeValue.Of(relu ? "Relu" : "Identity")),
                Attribute("num_side_inputs", AttributeValue.Of(side ? 1L : 0L))]);
        KernelCaseInput x = Floats(shape, center - 1, center + 1), scale = Floats(channel), offset = Floats(channel),
            mean = Floats(channel, center - 1, center + 1), variance = Floats(channel, 0.5f, 2);
        if (Chance(0.5))
        {
            attributes.Add(Attribute("exponential_avg_factor", AttributeValue.Of(Pick(1f, 0.1f))));
            string op = fused ? "_FusedBatchNormEx" : "FusedBatchNormV3";
            return new(op, op, [x, scale, offset, mean, variance, .. side ? [Floats(shape)]
                : Array.Empty<KernelCaseInput>()],
                [.. attributes]);
        }
        KernelCaseInput dy = Floats(shape), unused = new(Tensor.Of<float>(TensorShape.Scalar, 0));
        if (!fused)
            return new("FusedBatchNormGradV3", "FusedBatchNormGradV3", [dy, x, scale, mean, variance, unused],
                [.. attributes]);
        return new("_FusedBatchNormGradEx", "_FusedBatchNormGradEx", [dy, x, scale, mean, variance, unused, offset,
            side ? Floats(shape) : Normalized(x, scale, offset, mean, variance)], [.. attributes]);
    }

    /// <summary>
    /// Inference's result, whose sign kernels may compute from x instead: x is moved away from where it changes.
    /// </summary>
    private static KernelCaseInput Normalized(KernelCaseInput x, KernelCaseInput scale, KernelCaseInput offset,
        KernelCaseInput mean, KernelCaseInput variance)
    {
        var y = new Tensor(x.Value.Spec);
        int channels = x.Value.Shape[3];
        for (int i = 0; i < y.Shape.ElementCount; i++)
        {
            int c = i % channels;
            double factor = scale.Value.Values<float>()[c] / Math.Sqrt(variance.Value.Values<float>()[c] + 1e-3f);
            ref float value = ref x.Value.Values<float>()[i];
            // On bfloat16's grid, so that the sign is the same in both types.
            value = BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(value) & 0xFFFF0000);
            double Result(float v) => ((v - mean.Value.Values<float>()[c]) * factor) + offset.Value.Values<float>()[c];
            if (Math.Abs(Result(value)) < 1e-4)
                value = mean.Value.Values<float>()[c] > 0 ? -8 : 8;
            y.Values<float>()[i] = (float)Result(value);
        }
        return new(y);
    }

    private ConformanceCase Softmax()
    {
        int rows = Chance(0.02) ? 0 : _random.Next(1, 12), classes = Chance(0.1) ? _random.Next(100, 1100)
            : _random.Next(1, 70);
        float range = Pick(1f, 9f, 40f);
        KernelCaseInput x = Floats(new(rows, classes), -range, range);
        switch (_random.Next(4))
        {
            case 0:
                return new("SparseSoftmaxCrossEntropyWithLogits", "SparseSoftmaxCrossEntropyWithLogits",
                    [x, Integers(new(rows), classes)], []);
            case 1:
                KernelCaseInput labels = Floats(new(rows, classes), 0, 2f / classes);
                return new("SoftmaxCrossEntropyWithLogits", "SoftmaxCrossEntropyWithLogits", [x, labels], []);
            default:
                string op = Pick("Softmax", "LogSoftmax");
                return new(op, op, [x], []);
        }
    }

    private ConformanceCase Activation()
    {
        TensorShape shape = Chance(0.6) ? AnyShape(2000) : Image(2000);
        float range = Pick(1f, 9f, 120f);
        string op = Pick("LeakyRelu", "LeakyReluGrad", "Elu", "EluGrad", "Selu", "SeluGrad", "Softplus", "SoftplusGrad",
            "Softsign", "SoftsignGrad", "Erf", "Abs", "Sign", "Floor");
        KeyValuePair<string, AttributeValue>[] attributes = op.StartsWith("Leaky", StringComparison.Ordinal)
            ? [Attribute("alpha", AttributeValue.Of(Pick(0.1f, 0.01f, 1.5f, -0.3f)))] : [];
        return op.EndsWith("Grad", StringComparison.Ordinal)
            ? new(op, op, [Floats(shape), Floats(shape, Pick(-1f, -range), range)], attributes)
            : new(op, op, [Floats(shape, -range, range)], attributes);
    }

    private ConformanceCase Elementwise()
    {
        TensorShape shape = Chance(0.6) ? AnyShape(2000) : Image(2000);
        switch (_random.Next(8))
        {
            case 0 or 1:
                string unary = Pick("Neg", "Square", "Exp", "Relu", "Relu6", "Tanh", "Sigmoid", "Sqrt", "Rsqrt", "Log");
                return new(unary, unary, [unary is "Sqrt" or "Rsqrt" or "Log" ? Floats(shape, 0.01f, 9)
                    : Floats(shape, -Pick(1f, 9f, 120f), Pick(1f, 9f, 120f))], []);
            case 2:
                string gradient = Pick("ReluGrad", "Relu6Grad", "TanhGrad", "SigmoidGrad");
                return new(gradient, gradient, [Floats(shape, -1, 8), Floats(shape, -1, 8)], []);
            case 3:
                int count = _random.Next(1, 6);
                return new("AddN", "AddN", [.. Enumerable.Range(0, count).Select(_ => Floats(shape))],
                    [Attribute("N", AttributeValue.Of((long)count))]);
            case 4:
                TensorShape biased = Image(2000);
                return new("BiasAdd", "BiasAdd", [Floats(biased), Floats(new(biased[3]))], []);
            case 5 when Chance(0.5):
                KernelCaseInput condition = new(new CaseValues(_random.Next()).Booleans(Part(shape)));
                return new("SelectV2", "SelectV2", [condition, Floats(Part(shape)), Floats(Part(shape))], []);
            case 5:
                (DataType from, DataType to) = Pick((DataType.Float, DataType.Int32), (DataType.Int32, DataType.Float),
                    (DataType.Float, DataType.Bool));
                return new("Cast", "Cast", [from == DataType.Float ? Floats(shape, -50, 50) : Integers(shape, 1000)],
                    [Attribute("DstT", AttributeValue.Of(to))]);
            default:
                string binary = Pick("AddV2", "Sub", "Mul", "RealDiv", "SquaredDifference", "Maximum", "Minimum",
                    "GreaterEqual", "Pow");
                KernelCaseInput a = binary == "Pow" ? Floats(Part(shape), Pick(-3f, 0, 0.1f), 4) : Floats(Part(shape)),
                    b = binary == "RealDiv" ? Floats(Part(shape), 0.5f, 2) : binary == "Pow" && Chance(0.5)
                    ? new(Tensor.Of<float>(TensorShape.Scalar, Pick(2f, 3f, 0.5f, -1f, 0f))) : Floats(Part(shape));
                return new(binary, binary, [a, b], []);
        }
    }

    /// <summary>The shape, or one that broadcasts to it: leading dimensions dropped, some of 1.</summary>
    private TensorShape Part(TensorShape shape)
    {
        if (Chance(0.5))
            return shape;
        int[] dims = shape.Dimensions[_random.Next(shape.Rank + 1)..].ToArray();
        for (int d = 0; d < dims.Length; d++)
            dims[d] = Chance(0.3) ? 1 : dims[d];
        return new(dims);
    }

    private ConformanceCase Reduction()
    {
        TensorShape shape = Chance(0.3) ? Image(3000).With(0, 2) : AnyShape(Chance(0.05) ? 60_000 : 3000, leastRank: 1);
        switch (_random.Next(6))
        {
            case 0:
                return new("L2Loss", "L2Loss", [Floats(shape)], []);
            case 1 when shape.Rank > 1:
                return new("BiasAddGrad", "BiasAddGrad", [Floats(shape)], []);
            case 2:
                return new("ArgMax", "ArgMax", [Chance(0.5) ? Tied(shape) : Floats(shape),
                    Int(_random.Next(shape.Rank))],
                    [Attribute("output_type", AttributeValue.Of(Pick(DataType.Int32, DataType.Int64)))]);
            default:
                int[] axes = [.. Enumerable.Range(0, shape.Rank).Where(_ => Chance(0.5))
                    .Select(d => Chance(0.3) ? d - shape.Rank : d)];
                string op = Pick("Sum", "Mean", "Max", "Min");
                return new(op, op, [Floats(shape), Ints(axes)],
                    [Attribute("keep_dims", AttributeValue.Of(Chance(0.5)))]);
        }
    }
}
