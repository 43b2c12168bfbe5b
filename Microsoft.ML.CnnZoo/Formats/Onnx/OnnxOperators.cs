using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.Onnx;

/// <summary>What ONNX's operators are in our graph. Each takes a node and returns the values of its outputs.</summary>
internal sealed partial class OnnxOperators
{
    private readonly TensorArranger _arranger;
    private readonly ElementwiseImport _elementwise;
    private readonly int _fileBatch;
    private readonly Dictionary<string, Func<OnnxNode, ImportedValue>> _single;
    private readonly Dictionary<string, Func<OnnxNode, IReadOnlyList<ImportedValue>>> _several;

    /// <summary>Operators that add to a graph.</summary>
    /// <param name="arranger">The graph.</param>
    /// <param name="fileBatch">The file's batch where it is fixed; 1 else.</param>
    public OnnxOperators(TensorArranger arranger, int fileBatch)
    {
        _arranger = arranger;
        _elementwise = new ElementwiseImport(arranger);
        _fileBatch = fileBatch;
        _single = new(StringComparer.Ordinal)
        {
            ["Conv"] = Convolution, ["MaxPool"] = MaxPool, ["AveragePool"] = AveragePool,
            ["GlobalAveragePool"] = n => Reduce("Mean", n.Tensor(0), SpatialAxes(n.Tensor(0)), keep: true),
            ["GlobalMaxPool"] = n => Reduce("Max", n.Tensor(0), SpatialAxes(n.Tensor(0)), keep: true),
            ["BatchNormalization"] = BatchNormalization, ["LRN"] = LocalResponseNormalization,
            ["InstanceNormalization"] = InstanceNormalization, ["LayerNormalization"] = LayerNormalization,
            ["Pad"] = Pad, ["Gemm"] = Gemm, ["MatMul"] = MatMul,
            ["ReduceMean"] = n => Reduce("Mean", n), ["ReduceMax"] = n => Reduce("Max", n),
            ["ReduceSum"] = n => Reduce("Sum", n), ["ReduceMin"] = n => Reduce("Min", n),
            ["Softmax"] = n => Softmax(n, "Softmax"), ["LogSoftmax"] = n => Softmax(n, "LogSoftmax"),
            ["Relu"] = n => Unary(n, "Relu"), ["Sigmoid"] = n => Unary(n, "Sigmoid"), ["Tanh"] = n => Unary(n, "Tanh"),
            ["Softplus"] = n => Unary(n, "Softplus"), ["Softsign"] = n => Unary(n, "Softsign"),
            ["Neg"] = n => Unary(n, "Neg"), ["Abs"] = n => Unary(n, "Abs"), ["Exp"] = n => Unary(n, "Exp"),
            ["Log"] = n => Unary(n, "Log"), ["Sqrt"] = n => Unary(n, "Sqrt"), ["Erf"] = n => Unary(n, "Erf"),
            ["Reciprocal"] = n => Combine("RealDiv", Ones, n.Input(0)),
            ["LeakyRelu"] = n => Unary(n, "LeakyRelu",
                new KeyValuePair<string, AttributeValue>("alpha", AttributeValue.Of(n.Float("alpha", 0.01f)))),
            ["Elu"] = Elu, ["Selu"] = Selu, ["PRelu"] = PRelu, ["Clip"] = Clip, ["HardSigmoid"] = HardSigmoid,
            ["HardSwish"] = n => Combine("Mul", n.Input(0), HardSigmoid(n.Tensor(0), 1f / 6, 0.5f)),
            ["Swish"] = n => Combine("Mul", n.Input(0),
                Apply("Sigmoid", Combine("Mul", n.Input(0), Number(n.Float("alpha", 1))))),
            ["Mish"] = n => Combine("Mul", n.Input(0), Apply("Tanh", Apply("Softplus", n.Tensor(0)))),
            ["Gelu"] = Gelu,
            ["Add"] = n => Binary(n, "AddV2"), ["Sub"] = n => Binary(n, "Sub"), ["Mul"] = n => Binary(n, "Mul"),
            ["Div"] = n => Binary(n, "RealDiv"), ["Pow"] = Power,
            ["Sum"] = n => Fold(n, "AddV2"), ["Max"] = n => Fold(n, "Maximum"), ["Min"] = n => Fold(n, "Minimum"),
            ["Mean"] = n => Combine("Mul", Fold(n, "AddV2"), Number(1f / n.InputCount)),
            ["Concat"] = Concat, ["Flatten"] = Flatten, ["Reshape"] = Reshape, ["Squeeze"] = Squeeze,
            ["Unsqueeze"] = Unsqueeze, ["Transpose"] = Transpose, ["Slice"] = Slice, ["Gather"] = Gather,
            ["Identity"] = n => n.Input(0), ["Cast"] = Cast, ["Expand"] = Expand,
            ["SpaceToDepth"] = SpaceToDepth, ["DepthToSpace"] = DepthToSpace, ["Resize"] = Resize, ["Upsample"] = Resize,
            ["Shape"] = n => KnownArray.Vector(ShapePart(n)), ["Size"] = n => KnownArray.Of([], [n.Input(0).Shape
                .Aggregate(1L, (s, d) => s * d)]),
        };
        _several = new(StringComparer.Ordinal) { ["Split"] = Split, ["Dropout"] = Dropout };
    }

    private static KnownArray Ones { get; } = Number(1);

    /// <summary>Whether an operator is known, of tensors or of constants.</summary>
    public bool Knows(string op) => _single.ContainsKey(op) || _several.ContainsKey(op) || OnnxConstants.Knows(op);

    /// <summary>Evaluates a node.</summary>
    /// <exception cref="InvalidDataException">Its form is not supported; the message continues "Op 'name': …".</exception>
    public IReadOnlyList<ImportedValue> Evaluate(OnnxNode node)
    {
        if (OnnxConstants.TryEvaluate(node) is { } known)
            return known;
        if (_several.TryGetValue(node.Op, out Func<OnnxNode, IReadOnlyList<ImportedValue>>? several))
            return several(node);
        return _single.TryGetValue(node.Op, out Func<OnnxNode, ImportedValue>? single) ? [single(node)]
            : throw new InvalidDataException("it is supported for constants only");
    }

    private static KnownArray Number(float value) => KnownArray.Of([], [value]);

    private ImportedTensor Apply(string op, ImportedTensor x,
        params IEnumerable<KeyValuePair<string, AttributeValue>> attributes) =>
        ElementwiseImport.Keep(x, _arranger.Add(op, [x.Tensor], attributes));

    private ImportedValue Unary(OnnxNode n, string op, params IEnumerable<KeyValuePair<string, AttributeValue>> attributes) =>
        Apply(op, n.Tensor(0), attributes);

    private ImportedTensor Combine(string op, ImportedValue a, ImportedValue b, string? name = null) =>
        a.Known is { } p && b.Known is { } q ? throw new InvalidDataException("two constants are combined")
        : _elementwise.Combine(op, a, b, name);

    private ImportedValue Binary(OnnxNode n, string op)
    {
        string? name = n.Input(0).Known is not null ? n.NameOf(0) : n.Input(1).Known is not null ? n.NameOf(1) : null;
        return Combine(op, Legacy(n, 0), Legacy(n, 1), name);
    }

    /// <summary>Before operator set 7 broadcasting began at an axis.</summary>
    private static ImportedValue Legacy(OnnxNode n, int index)
    {
        ImportedValue value = n.Input(index);
        if (index == 0 || n.Opset >= 7 || value.Known is not { } known || !n.HasAttribute("axis"))
            return value;
        int trailing = n.Input(0).Shape.Length - OnnxNode.Axis(n.Int("axis", 0), n.Input(0).Shape.Length) - known.Shape.Length;
        return known.Reshape([.. known.Shape, .. Enumerable.Repeat(1, Math.Max(0, trailing))]);
    }

    private ImportedValue Fold(OnnxNode n, string op)
    {
        ImportedValue[] all = [.. n.Inputs];
        ImportedValue result = all[0];
        foreach (ImportedValue next in all.Skip(1))
            result = result.Known is { } a && next.Known is { } b ? OnnxConstants.Combine(op, a, b)
                : Combine(op, result, next);
        return result;
    }

    private ImportedValue Power(OnnxNode n)
    {
        if (n.Input(1).Known is { IsUniform: true } exponent && n.Input(0).Tensor is { } x)
            switch (exponent.Number(0))
            {
                case 1: return x;
                case 2: return Apply("Square", x);
                case 0.5: return Apply("Sqrt", x);
                case -0.5: return Apply("Rsqrt", x);
            }
        return Combine("Pow", n.Input(0), n.Input(1));
    }

    private ImportedValue Elu(OnnxNode n)
    {
        float alpha = n.Float("alpha", 1);
        if (alpha == 1)
            return Unary(n, "Elu");
        // max(x, 0) + alpha · elu(min(x, 0))
        ImportedTensor negative = Apply("Elu", Combine("Minimum", n.Tensor(0), Number(0)));
        return Combine("AddV2", Apply("Relu", n.Tensor(0)), Combine("Mul", negative, Number(alpha)));
    }

    private ImportedValue Selu(OnnxNode n)
    {
        const float Alpha = 1.6732632f, Gamma = 1.0507009f;
        float alpha = n.Float("alpha", Alpha), gamma = n.Float("gamma", Gamma);
        return MathF.Abs(alpha - Alpha) < 1e-4f && MathF.Abs(gamma - Gamma) < 1e-4f ? Unary(n, "Selu")
            : throw new InvalidDataException($"alpha {alpha} and gamma {gamma} are not the paper's");
    }

    private ImportedValue PRelu(OnnxNode n)
    {
        ImportedTensor x = n.Tensor(0);
        KnownArray slope = n.Known(1);
        if (slope.IsUniform)
            return Apply("LeakyRelu", x, new KeyValuePair<string, AttributeValue>("alpha",
                AttributeValue.Of((float)slope.Number(0))));
        // A slope [C] is for dimension 1, before broadcasting from the right was the rule.
        if (slope.Shape.Length == 1 && x.Rank > 2 && slope.Length == x.Shape[1] && slope.Length != x.Shape[^1])
            slope = slope.Reshape([slope.Length, .. Enumerable.Repeat(1, x.Rank - 2)]);
        ImportedTensor negative = Combine("Mul", Combine("Minimum", x, Number(0)), slope, n.NameOf(1));
        return Combine("AddV2", Apply("Relu", x), negative);
    }

    private ImportedValue Clip(OnnxNode n)
    {
        if (n.Input(0).Known is { } known)
            return known.Map(v => Math.Clamp(v, n.Has(1) ? n.Known(1).Number(0) : n.Float("min", float.MinValue),
                n.Has(2) ? n.Known(2).Number(0) : n.Float("max", float.MaxValue)));
        double? low = n.Has(1) ? n.Known(1).Number(0) : n.HasAttribute("min") ? n.Float("min", 0) : null;
        double? high = n.Has(2) ? n.Known(2).Number(0) : n.HasAttribute("max") ? n.Float("max", 0) : null;
        ImportedTensor x = n.Tensor(0);
        switch ((low, high))
        {
            case (0, 6): return Apply("Relu6", x);
            case (0, null or >= float.MaxValue): return Apply("Relu", x);
        }
        if (low is > float.MinValue)
            x = Combine("Maximum", x, Number((float)low));
        return high is < float.MaxValue ? Combine("Minimum", x, Number((float)high)) : x;
    }

    private ImportedValue HardSigmoid(OnnxNode n) =>
        HardSigmoid(n.Tensor(0), n.Float("alpha", 0.2f), n.Float("beta", 0.5f));

    private ImportedTensor HardSigmoid(ImportedTensor x, float alpha, float beta)
    {
        // With alpha 1/6 and beta 1/2 it is relu6(x + 3) / 6.
        if (MathF.Abs((alpha * 6) - 1) < 1e-5f && beta == 0.5f)
            return Combine("Mul", Apply("Relu6", Combine("AddV2", x, Number(3))), Number(1f / 6));
        ImportedTensor linear = Combine("AddV2", Combine("Mul", x, Number(alpha)), Number(beta));
        return Combine("Minimum", Apply("Relu", linear), Number(1));
    }

    private ImportedValue Gelu(OnnxNode n)
    {
        ImportedTensor x = n.Tensor(0), inner;
        if (n.Text("approximate", "none") == "tanh")
        {
            ImportedTensor cubic = Combine("Mul", Combine("Mul", Apply("Square", x), x), Number(0.044715f));
            inner = Apply("Tanh", Combine("Mul", Combine("AddV2", x, cubic), Number(0.7978846f)));
        }
        else
        {
            inner = Apply("Erf", Combine("Mul", x, Number(0.70710678f)));
        }
        return Combine("Mul", Combine("Mul", x, Combine("AddV2", inner, Ones)), Number(0.5f));
    }

    private ImportedValue BatchNormalization(OnnxNode n)
    {
        if (n.Int("training_mode", 0) != 0)
            throw new InvalidDataException("it is in training mode: export the network for inference (PyTorch: model.eval())");
        ImportedTensor x = n.Tensor(0);
        KnownArray[] parameters = [n.Known(1), n.Known(2), n.Known(3), n.Known(4)];
        float epsilon = n.Float("epsilon", 1e-5f);
        if (x.Rank == 4)
        {
            NodeOutput[] inputs = [_arranger.Image(x), .. parameters.Select((p, i) => _arranger.Constant(p, n.NameOf(i + 1)))];
            return ImportedTensor.OfImage(_arranger.Add("FusedBatchNormV3", inputs,
                new("epsilon", AttributeValue.Of(epsilon)), new("is_training", AttributeValue.Of(false))));
        }
        KnownArray factor = KnownArray.Combine(parameters[0], parameters[3], (g, v) => g / Math.Sqrt(v + epsilon));
        KnownArray shift = KnownArray.Combine(parameters[1],
            KnownArray.Combine(parameters[2], factor, (m, f) => m * f), (b, m) => b - m);
        int[] shape = [parameters[0].Length, .. Enumerable.Repeat(1, Math.Max(0, x.Rank - 2))];
        return Combine("AddV2", Combine("Mul", x, factor.Reshape(shape), n.NameOf(1)), shift.Reshape(shape), n.NameOf(2));
    }

    private ImportedValue LocalResponseNormalization(OnnxNode n)
    {
        long size = n.Int("size", 0);
        if (size < 1 || size % 2 == 0)
            throw new InvalidDataException($"its window of {size} channels is not odd");
        return ImportedTensor.OfImage(_arranger.Add("LRN", [_arranger.Image(n.Tensor(0))],
            new("depth_radius", AttributeValue.Of(size / 2)), new("bias", AttributeValue.Of(n.Float("bias", 1))),
            new("alpha", AttributeValue.Of(n.Float("alpha", 1e-4f) / size)),
            new("beta", AttributeValue.Of(n.Float("beta", 0.75f)))));
    }

    private ImportedValue InstanceNormalization(OnnxNode n)
    {
        ImportedTensor x = n.Tensor(0);
        int[] shape = [n.Known(1).Length, .. Enumerable.Repeat(1, x.Rank - 2)];
        return Normalize(x, SpatialAxes(x), n.Float("epsilon", 1e-5f), n.Known(1).Reshape(shape), n.Known(2).Reshape(shape));
    }

    private ImportedValue LayerNormalization(OnnxNode n)
    {
        ImportedTensor x = n.Tensor(0);
        int axis = OnnxNode.Axis(n.Int("axis", -1), x.Rank);
        return Normalize(x, [.. Enumerable.Range(axis, x.Rank - axis)], n.Float("epsilon", 1e-5f), n.Known(1),
            n.Has(2) ? n.Known(2) : Number(0));
    }

    /// <summary>(x − mean) / √(variance + epsilon) · scale + shift, over axes.</summary>
    private ImportedTensor Normalize(ImportedTensor x, int[] axes, float epsilon, KnownArray scale, KnownArray shift)
    {
        ImportedTensor centered = Combine("Sub", x, Reduce("Mean", x, axes, keep: true));
        ImportedTensor variance = Reduce("Mean", Apply("Square", centered), axes, keep: true);
        ImportedTensor factor = Apply("Rsqrt", Combine("AddV2", variance, Number(epsilon)));
        return Combine("AddV2", Combine("Mul", Combine("Mul", centered, factor), scale), shift);
    }

    private ImportedValue Cast(OnnxNode n)
    {
        const long Float = 1, Half = 10, Double = 11, BFloat16 = 16;
        return n.Int("to", 0) is Float or Half or Double or BFloat16 ? n.Tensor(0)
            : throw new InvalidDataException("tensors that depend on the image are floating, and stay it");
    }

    private IReadOnlyList<ImportedValue> Dropout(OnnxNode n)
    {
        ImportedTensor x = n.Tensor(0);
        float rate = n.Has(1) && n.Input(1).Known is { } given ? (float)given.Number(0) : n.Float("ratio", 0.5f);
        return rate is > 0 and < 1 ? [Apply("Identity", x, new KeyValuePair<string, AttributeValue>(
            FrozenNetwork.DropoutRate, AttributeValue.Of(rate)))] : [x];
    }

    private static IEnumerable<long> ShapePart(OnnxNode n)
    {
        int[] shape = n.Input(0).Shape;
        int start = Clamp(n.Int("start", 0)), end = Clamp(n.Int("end", shape.Length));
        return shape.Skip(start).Take(Math.Max(0, end - start)).Select(d => (long)d);

        int Clamp(long index) => (int)Math.Clamp(index < 0 ? index + shape.Length : index, 0, shape.Length);
    }
}
