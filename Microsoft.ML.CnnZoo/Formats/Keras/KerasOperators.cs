using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Formats.Keras;

/// <summary>What Keras's layers are in our graph.</summary>
/// <param name="arranger">The graph.</param>
/// <param name="weights">The layers' weights.</param>
/// <param name="activations">Activation functions.</param>
internal sealed partial class KerasOperators(TensorArranger arranger, KerasWeights weights, KerasActivations activations)
{
    private static readonly Dictionary<string, Func<KerasOperators, KerasLayerCall, NodeOutput>> Operators =
        new(StringComparer.Ordinal)
        {
            ["Conv2D"] = (o, c) => o.Convolution(c), ["DepthwiseConv2D"] = (o, c) => o.DepthwiseConvolution(c),
            ["SeparableConv2D"] = (o, c) => o.SeparableConvolution(c), ["Dense"] = (o, c) => o.Dense(c),
            ["BatchNormalization"] = (o, c) => o.BatchNormalization(c),
            ["BatchNormalizationV1"] = (o, c) => o.BatchNormalization(c),
            ["BatchNormalizationV2"] = (o, c) => o.BatchNormalization(c),
            ["SyncBatchNormalization"] = (o, c) => o.BatchNormalization(c),
            ["LayerNormalization"] = (o, c) => o.LayerNormalization(c), ["PReLU"] = (o, c) => o.PRelu(c),
            ["Activation"] = (o, c) => o.Activation(c), ["ReLU"] = (o, c) => o.Activation(c),
            ["LeakyReLU"] = (o, c) => o.Activation(c), ["ELU"] = (o, c) => o.Activation(c),
            ["ThresholdedReLU"] = (o, c) => o.Activation(c), ["Softmax"] = (o, c) => o.Softmax(c),
            ["MaxPooling2D"] = (o, c) => o.Pool(c, "MaxPool"), ["AveragePooling2D"] = (o, c) => o.Pool(c, "AvgPool"),
            ["GlobalAveragePooling2D"] = (o, c) => o.GlobalPool(c, "Mean"),
            ["GlobalMaxPooling2D"] = (o, c) => o.GlobalPool(c, "Max"),
            ["ZeroPadding2D"] = (o, c) => o.ZeroPadding(c), ["Cropping2D"] = (o, c) => o.Cropping(c),
            ["UpSampling2D"] = (o, c) => o.UpSampling(c), ["Resizing"] = (o, c) => Resizing(c),
            ["CenterCrop"] = (o, c) => o.CenterCrop(c),
            ["Add"] = (o, c) => o.Merge(c, "AddV2"), ["Subtract"] = (o, c) => o.Merge(c, "Sub"),
            ["Multiply"] = (o, c) => o.Merge(c, "Mul"), ["Divide"] = (o, c) => o.Merge(c, "RealDiv"),
            ["TrueDivide"] = (o, c) => o.Merge(c, "RealDiv"),
            ["Maximum"] = (o, c) => o.Merge(c, "Maximum"), ["Minimum"] = (o, c) => o.Merge(c, "Minimum"),
            ["Average"] = (o, c) => o.Average(c), ["Concatenate"] = (o, c) => o.Concatenate(c),
            ["Flatten"] = (o, c) => o.Flatten(c), ["Reshape"] = (o, c) => o.Reshape(c),
            ["Permute"] = (o, c) => o.Permute(c), ["Dropout"] = (o, c) => o.Dropout(c),
            ["Rescaling"] = (o, c) => o.Rescaling(c), ["Normalization"] = (o, c) => o.Normalization(c),
        };

    // What passes its input on when it scores, besides layers named Random….
    private static readonly HashSet<string> Identities = ["SpatialDropout2D", "GaussianNoise", "GaussianDropout",
        "AlphaDropout", "ActivityRegularization", "InputLayer", "Identity"];

    // Operations in place of layers: functions of TensorFlow in Keras 2, classes in Keras 3.
    private static readonly Dictionary<string, string> Operations = new(StringComparer.Ordinal)
    {
        ["math.add"] = "AddV2", ["__operators__.add"] = "AddV2", ["math.subtract"] = "Sub", ["math.multiply"] = "Mul",
        ["math.truediv"] = "RealDiv", ["math.divide"] = "RealDiv", ["math.maximum"] = "Maximum",
        ["math.minimum"] = "Minimum", ["nn.relu"] = "Relu", ["nn.relu6"] = "Relu6", ["math.sigmoid"] = "Sigmoid",
        ["nn.sigmoid"] = "Sigmoid", ["math.tanh"] = "Tanh", ["nn.tanh"] = "Tanh", ["nn.softmax"] = "Softmax",
        ["math.exp"] = "Exp", ["nn.elu"] = "Elu", ["nn.selu"] = "Selu",
    };

    private static readonly Dictionary<string, string> Functions = new(StringComparer.Ordinal)
    {
        ["Relu"] = "relu", ["Relu6"] = "relu6", ["Sigmoid"] = "sigmoid", ["Tanh"] = "tanh", ["Silu"] = "silu",
        ["HardSigmoid"] = "hard_sigmoid", ["HardSilu"] = "hard_silu", ["Softplus"] = "softplus",
        ["Softsign"] = "softsign", ["Selu"] = "selu",
    };

    private readonly Dictionary<(KerasLayer, string), NodeOutput> _constants = [];

    /// <summary>What of a layer is not supported, or null.</summary>
    public static string? Problem(KerasLayer layer)
    {
        if (layer.Config.Text("data_format") == "channels_first")
            return $"{layer} with data_format channels_first";
        if (layer.ClassName is "TFOpLambda" or "TensorFlowOpLayer" or "SlicingOpLambda")
            return Operations.ContainsKey(FunctionOf(layer)) ? null
                : $"the operation {FunctionOf(layer)} '{layer.Name}'";
        if (!Operators.ContainsKey(layer.ClassName) && !Functions.ContainsKey(layer.ClassName) && !IsIdentity(layer))
            return $"the layer {layer}";
        return KerasActivations.Problem(layer.Config) is { } problem ? $"{problem} of {layer}" : null;
    }

    /// <summary>The weights of a layer, in the order in which it makes them.</summary>
    public static IReadOnlyList<KerasWeight> WeightsOf(KerasLayer layer)
    {
        KerasConfig config = layer.Config;
        return layer.ClassName switch
        {
            "Conv2D" or "DepthwiseConv2D" or "Dense" => [new("kernel"), .. If("use_bias", "bias")],
            "SeparableConv2D" => [new("depthwise_kernel"), new("pointwise_kernel"), .. If("use_bias", "bias")],
            "BatchNormalization" or "BatchNormalizationV1" or "BatchNormalizationV2" or "SyncBatchNormalization" =>
                [.. If("scale", "gamma"), .. If("center", "beta"), new("moving_mean", false),
                    new("moving_variance", false)],
            "LayerNormalization" => [.. If("scale", "gamma"), .. If("center", "beta")],
            "PReLU" => [new("alpha")],
            "Normalization" when config.Find("mean") is null => [new("mean", false), new("variance", false)],
            _ => [],
        };

        KerasWeight[] If(string flag, string kind) => config.Flag(flag, true) ? [new(kind)] : [];
    }

    /// <summary>Adds a layer's nodes.</summary>
    /// <exception cref="InvalidDataException">Its form is not supported; the message continues "Class 'name': …".
    /// </exception>
    public NodeOutput Evaluate(KerasLayerCall call)
    {
        KerasLayer layer = call.Layer;
        if (IsIdentity(layer))
            return call.X;
        if (Functions.TryGetValue(layer.ClassName, out string? function))
            return activations.Activate(call.X, function);
        if (Operators.TryGetValue(layer.ClassName, out Func<KerasOperators, KerasLayerCall, NodeOutput>? found))
            return found(this, call);
        string op = Operations[FunctionOf(layer)];
        return call.Inputs.Count > 1 ? Merge(call, op) : arranger.Add(op, [call.X]);
    }

    private static bool IsIdentity(KerasLayer layer) => Identities.Contains(layer.ClassName)
        || (layer.ClassName.StartsWith("Random", StringComparison.Ordinal) && layer.ClassName != "RandomCrop");

    private static string FunctionOf(KerasLayer layer) => layer.Config.Text("function") ?? layer.ClassName;

    /// <summary>A weight as a constant, shared by the layer's calls.</summary>
    private NodeOutput Weight(KerasLayerCall c, string kind, params int[] shape)
    {
        if (!_constants.TryGetValue((c.Layer, kind), out NodeOutput constant))
            _constants[(c.Layer, kind)] = constant = arranger.Constant(weights.Read(c.Layer, kind, shape),
                $"{arranger.Scope}/{kind}");
        return constant;
    }

    private NodeOutput Finish(KerasLayerCall c, NodeOutput y)
    {
        if (c.Config.Flag("use_bias", true))
            y = arranger.Add("BiasAdd", [y, Weight(c, "bias", y.Channels)]);
        return activations.Activate(y, c.Config);
    }

    private NodeOutput Convolution(KerasLayerCall c)
    {
        NodeOutput x = c.Image;
        (int rows, int columns) = c.Config.Pair("kernel_size");
        int filters = c.Config.Size("filters"), groups = c.Config.Integers("groups") is [var g] ? g : 1;
        if (groups < 1 || x.Channels % groups != 0 || filters % groups != 0)
            throw new InvalidDataException($"{groups} groups, {x.Channels} channels and {filters} filters do not fit");
        int[] shape = [rows, columns, x.Channels / groups, filters];
        if (groups == 1 || groups != x.Channels)
            return Finish(c, Convolve("Conv2D", c, x, Weight(c, "kernel", shape)));
        NodeOutput kernel = arranger.Constant(weights.Read(c.Layer, "kernel", shape)
            .Reshape(rows, columns, groups, filters / groups), $"{arranger.Scope}/kernel");
        return Finish(c, Convolve("DepthwiseConv2dNative", c, x, kernel));
    }

    private NodeOutput DepthwiseConvolution(KerasLayerCall c) => Finish(c, Depthwise(c, "kernel"));

    private NodeOutput SeparableConvolution(KerasLayerCall c)
    {
        NodeOutput y = Depthwise(c, "depthwise_kernel");
        NodeOutput kernel = Weight(c, "pointwise_kernel", 1, 1, y.Channels, c.Config.Size("filters"));
        return Finish(c, arranger.Add("Conv2D", [y, kernel], new Conv2DAttributes(1, 1, Padding.Valid).ToAttributes()));
    }

    private NodeOutput Depthwise(KerasLayerCall c, string kind)
    {
        (int rows, int columns) = c.Config.Pair("kernel_size");
        int multiplier = c.Config.Integers("depth_multiplier") is [> 0 and var m] ? m : 1;
        NodeOutput kernel = Weight(c, kind, rows, columns, c.Image.Channels, multiplier);
        return Convolve("DepthwiseConv2dNative", c, c.Image, kernel);
    }

    private NodeOutput Convolve(string op, KerasLayerCall c, NodeOutput x, NodeOutput kernel)
    {
        (int Rows, int Columns) strides = c.Config.Pair("strides", (1, 1)),
            taps = c.Config.Pair("dilation_rate", (1, 1));
        return arranger.Add(op, [x, kernel], new Conv2DAttributes(strides.Rows, strides.Columns, c.Padding, taps.Rows,
            taps.Columns).ToAttributes());
    }

    private NodeOutput Dense(KerasLayerCall c)
    {
        NodeOutput x = c.X;
        int[] shape = x.Shape.Dimensions.ToArray();
        if (shape.Length < 2)
            throw new InvalidDataException($"its input has the shape {x.Shape}; expected [N,…,features]");
        int units = c.Config.Size("units");
        NodeOutput kernel = Weight(c, "kernel", shape[^1], units);
        NodeOutput y = arranger.Add("MatMul", [shape.Length == 2 ? x : View(x, -1, shape[^1]), kernel]);
        return Finish(c, shape.Length == 2 ? y : View(y, [-1, .. shape[1..^1], units]));
    }

    private NodeOutput View(NodeOutput x, params int[] shape) =>
        x.Shape.Dimensions.SequenceEqual(shape) ? x : arranger.Add("Reshape", [x, arranger.Integers(shape)]);

    private NodeOutput BatchNormalization(KerasLayerCall c)
    {
        c.RequireLastAxis("axis");
        NodeOutput x = c.X;
        int channels = x.Channels;
        bool scales = c.Config.Flag("scale", true), centers = c.Config.Flag("center", true);
        float epsilon = c.Config.Number("epsilon") ?? 1e-3f;
        if (x.Shape.Rank == 4)
            return arranger.Add("FusedBatchNormV3",
                [x, scales ? Weight(c, "gamma", channels) : Repeat(1, channels),
                    centers ? Weight(c, "beta", channels) : Repeat(0, channels),
                    Weight(c, "moving_mean", channels), Weight(c, "moving_variance", channels)],
                new("epsilon", AttributeValue.Of(epsilon)), new("is_training", AttributeValue.Of(false)));
        KnownArray factor = weights.Read(c.Layer, "moving_variance", [channels]).Map(v => 1 / Math.Sqrt(v + epsilon));
        if (scales)
            factor = KnownArray.Combine(factor, weights.Read(c.Layer, "gamma", [channels]), (f, g) => f * g);
        KnownArray mean = weights.Read(c.Layer, "moving_mean", [channels]);
        KnownArray shift = KnownArray.Combine(mean, factor, (m, f) => -m * f);
        if (centers)
            shift = KnownArray.Combine(shift, weights.Read(c.Layer, "beta", [channels]), (s, b) => s + b);
        return activations.Combine("AddV2", activations.Combine("Mul", x, factor), shift);
    }

    private NodeOutput Repeat(float value, int count) =>
        arranger.Constant(KnownArray.Of([count], Enumerable.Repeat(value, count).ToArray()));

    private NodeOutput LayerNormalization(KerasLayerCall c)
    {
        c.RequireLastAxis("axis");
        if (c.Config.Flag("rms_scaling", false))
            throw new InvalidDataException("rms_scaling is not supported");
        NodeOutput x = c.X, axis = arranger.Integers(x.Shape.Rank - 1);
        var keep = new KeyValuePair<string, AttributeValue>("keep_dims", AttributeValue.Of(true));
        NodeOutput centered = arranger.Add("Sub", [x, arranger.Add("Mean", [x, axis], keep)]);
        NodeOutput variance = arranger.Add("Mean", [arranger.Add("Square", [centered]), axis], keep);
        NodeOutput y = arranger.Add("Mul", [centered, arranger.Add("Rsqrt",
            [activations.Combine("AddV2", variance, c.Config.Number("epsilon") ?? 1e-3f)])]);
        if (c.Config.Flag("scale", true))
            y = arranger.Add("Mul", [y, Weight(c, "gamma", x.Channels)]);
        return c.Config.Flag("center", true) ? arranger.Add("BiasAdd", [y, Weight(c, "beta", x.Channels)]) : y;
    }

    /// <summary>max(x, 0) + alpha · min(x, 0).</summary>
    private NodeOutput PRelu(KerasLayerCall c)
    {
        NodeOutput x = c.X;
        int[] shape = x.Shape.Dimensions.ToArray()[1..];
        foreach (int axis in c.Config.Integers("shared_axes") ?? [])
            if (axis >= 1 && axis <= shape.Length)
                shape[axis - 1] = 1;
        if (!_constants.TryGetValue((c.Layer, "alpha"), out NodeOutput alpha))
            _constants[(c.Layer, "alpha")] = alpha = arranger.Constant(weights.Read(c.Layer, "alpha", shape)
                .Reshape([.. shape.SkipWhile(d => d == 1)]), $"{arranger.Scope}/alpha");
        NodeOutput negative = arranger.Add("Mul", [activations.Combine("Minimum", x, 0), alpha]);
        return arranger.Add("AddV2", [arranger.Add("Relu", [x]), negative]);
    }

    private NodeOutput Activation(KerasLayerCall c) => activations.ActivateByLayer(c.X, c.Layer.ClassName, c.Config);

    private NodeOutput Softmax(KerasLayerCall c)
    {
        c.RequireLastAxis("axis");
        return Activation(c);
    }

    private NodeOutput Pool(KerasLayerCall c, string op)
    {
        (int Rows, int Columns) window = c.Config.Pair("pool_size", (2, 2)), strides = c.Config.Pair("strides", window);
        return arranger.Add(op, [c.Image], new Pool2DAttributes(window.Rows, window.Columns, strides.Rows,
            strides.Columns, c.Padding).ToAttributes());
    }

    private NodeOutput GlobalPool(KerasLayerCall c, string op) => arranger.Add(op, [c.Image, arranger.Integers(1, 2)],
        new KeyValuePair<string, AttributeValue>("keep_dims", AttributeValue.Of(c.Config.Flag("keepdims", false))));

    private static NodeOutput Resizing(KerasLayerCall c)
    {
        (int rows, int columns) = (c.Config.Size("height"), c.Config.Size("width"));
        return rows == c.Image.Height && columns == c.Image.Width ? c.Image
            : throw new InvalidDataException($"it resizes {c.Image.Height}x{c.Image.Width} pixels to {rows}x{columns} "
                + "in the network, which is not supported: resize before it");
    }

    private NodeOutput Merge(KerasLayerCall c, string op)
    {
        if (c.Inputs.Count < 2)
            throw new InvalidDataException("it is called with one input; expected two or more");
        KerasInput result = c.Inputs[0];
        foreach (KerasInput next in c.Inputs.Skip(1))
            result = new(Merge(op, result, next), null);
        return result.Tensor!.Value;
    }

    private NodeOutput Merge(string op, KerasInput a, KerasInput b)
    {
        if (a.Tensor is { } x && b.Tensor is { } y)
            return x.Shape.Rank == y.Shape.Rank ? arranger.Add(op, [x, y])
                : throw new InvalidDataException($"its inputs {x.Shape} and {y.Shape} differ in rank");
        return a.Tensor is { } first ? activations.Combine(op, first, b.Numbers!)
            : b.Tensor is { } second ? activations.Combine(op, second, a.Numbers!, numbersFirst: true)
            : throw new InvalidDataException("it is called with numbers alone");
    }

    private NodeOutput Average(KerasLayerCall c) =>
        activations.Combine("Mul", Merge(c, "AddV2"), 1f / c.Inputs.Count);

    private NodeOutput Concatenate(KerasLayerCall c)
    {
        NodeOutput[] parts = [.. c.Inputs.Select(i => i.Tensor
            ?? throw new InvalidDataException("numbers are concatenated"))];
        if (parts.Length == 0)
            throw new InvalidDataException("it is called with no inputs");
        int axis = c.Axis("axis", -1);
        if (axis == 0)
            throw new InvalidDataException("it joins batches");
        return parts.Length == 1 ? parts[0]
            : arranger.Add("ConcatV2", [.. parts, arranger.Constant(TensorLiteral.Scalar(axis))],
                new KeyValuePair<string, AttributeValue>("N", AttributeValue.Of((long)parts.Length)));
    }

    private NodeOutput Flatten(KerasLayerCall c) => View(c.X, -1, SizeOf(c.X));

    /// <summary>Elements of one image's tensor.</summary>
    private static int SizeOf(NodeOutput x) =>
        x.Shape.Dimensions.ToArray().Skip(1).Aggregate(1, (s, d) => checked(s * d));

    private NodeOutput Reshape(KerasLayerCall c)
    {
        int[] shape = c.Config.Integers("target_shape") ?? throw new InvalidDataException("it has no target_shape");
        int size = SizeOf(c.X), known = shape.Where(d => d != -1).Aggregate(1, (s, d) => checked(s * d));
        if (shape.Count(d => d == -1) == 1 && known > 0 && size % known == 0)
            shape = Array.ConvertAll(shape, d => d == -1 ? size / known : d);
        return shape.All(d => d > 0) && shape.Aggregate(1, (s, d) => checked(s * d)) == size ? View(c.X, [-1, .. shape])
            : throw new InvalidDataException($"{c.X.Shape} cannot be viewed as [N,{string.Join(',', shape)}]");
    }

    private NodeOutput Permute(KerasLayerCall c)
    {
        int[] order = [0, .. c.Config.Integers("dims") ?? []];
        return order.Order().SequenceEqual(Enumerable.Range(0, c.X.Shape.Rank))
            ? arranger.Add("Transpose", [c.X, arranger.Integers(order)])
            : throw new InvalidDataException($"its dims [{string.Join(',', order[1..])}] are no order of {c.X.Shape}");
    }

    private NodeOutput Dropout(KerasLayerCall c) => c.Config.Number("rate") is > 0 and < 1 and var rate
        ? arranger.Add("Identity", [c.X], new KeyValuePair<string, AttributeValue>(FrozenNetwork.DropoutRate,
            AttributeValue.Of(rate)))
        : c.X;

    private NodeOutput Rescaling(KerasLayerCall c)
    {
        NodeOutput scaled = activations.Combine("Mul", c.X, Numbers(c.Config.Numbers("scale"), 1));
        return activations.Combine("AddV2", scaled, Numbers(c.Config.Numbers("offset"), 0));
    }

    /// <summary>(x − mean) / max(√variance, 1e-7), or the inverse.</summary>
    private NodeOutput Normalization(KerasLayerCall c)
    {
        bool isGiven = c.Config.Find("mean") is not null;
        KnownArray mean = isGiven ? Numbers(c.Config.Numbers("mean"), 0) : Flat(weights.Read(c.Layer, "mean"));
        KnownArray variance = isGiven ? Numbers(c.Config.Numbers("variance"), 1)
            : Flat(weights.Read(c.Layer, "variance"));
        if (mean.Length != variance.Length || (mean.Length != 1 && mean.Length != c.X.Channels))
            throw new InvalidDataException($"it has {mean.Length} means and {variance.Length} variances; expected one "
                + $"or one for each of {c.X.Channels} channels");
        KnownArray deviation = variance.Map(v => Math.Max(Math.Sqrt(v), 1e-7));
        return c.Config.Flag("invert", false)
            ? activations.Combine("AddV2", activations.Combine("Mul", c.X, deviation), mean)
            : activations.Combine("RealDiv", activations.Combine("Sub", c.X, mean), deviation);
    }

    private static KnownArray Numbers(float[]? values, float otherwise) => Flat(KnownArray.Of([values?.Length ?? 1],
        values ?? [otherwise]));

    private static KnownArray Flat(KnownArray values) => values.Reshape(values.Length == 1 ? [] : [values.Length]);
}
